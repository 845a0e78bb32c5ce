import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { messageOf, MlsignError } from "@mlsign/core";

export interface InteractiveOptions {
  readonly issuer: string;
  readonly clientId?: string;
  readonly timeoutMs?: number;
  /** Shows the address to a person, and opens it where a browser is near. */
  show(url: string): void;
  /**
   * Where it is given, the person pastes the code that the issuer shows; otherwise the browser
   * comes back to a port on 127.0.0.1.
   */
  readonly pasteCode?: () => Promise<string>;
}

/**
 * Logs a person in: authorization code flow with PKCE, state and nonce (RFC 8252, RFC 7636).
 *
 * @throws MlsignError `login-failed`
 */
export async function interactiveToken(options: InteractiveOptions): Promise<string> {
  try {
    return options.pasteCode === undefined
      ? await byLoopback(options)
      : await byPastedCode(options, options.pasteCode);
  } catch (cause) {
    if (cause instanceof MlsignError) throw cause;
    throw new MlsignError(
      "login-failed",
      `Cannot log in at ${options.issuer}: ${reasonOf(cause)}`,
      {
        hint: "give --identity-token, or set SIGSTORE_ID_TOKEN",
      },
    );
  }
}

async function byLoopback(options: InteractiveOptions): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const flow = await startFlow(options, `http://localhost:${port}/auth/callback`);
    const answer = nextCallback(server, flow, options.timeoutMs ?? TIMEOUT_MS);
    options.show(flow.url);
    return await flow.finish(await answer);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function byPastedCode(
  options: InteractiveOptions,
  pasteCode: () => Promise<string>,
): Promise<string> {
  const flow = await startFlow(options, OUT_OF_BAND);
  options.show(flow.url);
  const callback = new URL(OUT_OF_BAND);
  callback.search = new URLSearchParams({
    code: (await pasteCode()).trim(),
    state: flow.state,
  }).toString();
  return flow.finish(callback);
}

interface Flow {
  readonly url: string;
  readonly redirectUri: string;
  readonly state: string;
  finish(callback: URL): Promise<string>;
}

async function startFlow(options: InteractiveOptions, redirectUri: string): Promise<Flow> {
  const oidc = await import("openid-client");
  const issuer = new URL(options.issuer);
  // Plain http only to this machine, for tests and for tunnels that a person set up.
  const local = ["127.0.0.1", "localhost", "[::1]"].includes(issuer.hostname);
  const config = await oidc.discovery(
    issuer,
    options.clientId ?? "sigstore",
    undefined,
    oidc.None(),
    {
      ...(local && { execute: [oidc.allowInsecureRequests] }),
      timeout: 20,
    },
  );
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: "openid email",
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    state,
    nonce,
  });
  return {
    url: url.href,
    redirectUri,
    state,
    finish: async (callback) => {
      const tokens = await oidc.authorizationCodeGrant(config, callback, {
        pkceCodeVerifier: verifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      });
      if (tokens.id_token === undefined) throw new Error("the issuer gave no identity token");
      return tokens.id_token;
    },
  };
}

/** The browser's return. Whatever else asks, without the state of this login, changes nothing. */
function nextCallback(
  server: Server,
  { redirectUri, state }: Pick<Flow, "redirectUri" | "state">,
  timeoutMs: number,
): Promise<URL> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("nobody logged in in time")), timeoutMs);
    server.once("close", () => clearTimeout(timer));
    server.on("request", (request, response) => {
      const url = new URL(request.url ?? "/", redirectUri);
      const expected =
        url.pathname === new URL(redirectUri).pathname && url.searchParams.get("state") === state;
      response.writeHead(expected ? 200 : 404, {
        "content-type": "text/plain; charset=utf-8",
        connection: "close",
      });
      response.end(expected ? "You can close this window and return to mlsign.\n" : "Not found\n");
      if (expected) resolve(url);
    });
  });
}

function reasonOf(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : undefined;
  return inner === undefined ? messageOf(cause) : `${messageOf(cause)} (${inner.message})`;
}

const OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob";
const TIMEOUT_MS = 180_000;
