import { generateKeyPairSync, sign } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";

export interface Issuer {
  /** Of people: `identity` is an e-mail address. */
  readonly url: string;
  /** Of workflows: `identity` is a URI. */
  readonly ciUrl: string;
  /** An identity token; its issuer is `ciUrl` where the identity is a URI. */
  readonly token: (identity: string, claims?: Readonly<Record<string, unknown>>) => string;
  readonly stop: () => Promise<void>;
}

/** An OpenID Connect issuer that vouches for whatever it is asked to, on the loopback. */
export async function startIssuer(): Promise<Issuer> {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const jwk = { ...publicKey.export({ format: "jwk" }), kid: "1", alg: "RS256", use: "sig" };
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    const base = path.startsWith("/ci/") ? ciUrl : url;
    const document = path.endsWith("/.well-known/openid-configuration")
      ? {
          issuer: base,
          jwks_uri: `${url}/keys`,
          authorization_endpoint: `${base}/auth`,
          token_endpoint: `${base}/token`,
          response_types_supported: ["code"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: ["RS256"],
        }
      : path === "/keys"
        ? { keys: [jwk] }
        : undefined;
    response.writeHead(document ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? {}));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the issuer has no port");
  const url = `http://127.0.0.1:${address.port}`;
  const ciUrl = `${url}/ci`;

  function token(identity: string, claims: Readonly<Record<string, unknown>> = {}): string {
    const now = Math.floor(Date.now() / 1000);
    const who = identity.includes("://")
      ? { iss: ciUrl }
      : { iss: url, email: identity, email_verified: true };
    const header = { alg: "RS256", kid: "1", typ: "JWT" };
    const body = { aud: "sigstore", sub: identity, iat: now, nbf: now, exp: now + 600, ...who };
    const text = [header, { ...body, ...claims }].map(encode).join(".");
    return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
  }

  return {
    url,
    ciUrl,
    token,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
