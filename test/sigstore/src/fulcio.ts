import { createPublicKey, type KeyObject } from "node:crypto";
import { type Authority, fulcioShape, type Issued } from "./authority.ts";
import { readCsr } from "./csr.ts";
import { pem } from "./der.ts";
import {
  asBytes,
  asObject,
  asText,
  type Handler,
  json,
  notFound,
  objectOf,
  orRefuse,
  Refusal,
  type ServiceRequest,
} from "./http.ts";
import { challengeOf, identityOf } from "./identity.ts";
import type { Issuer } from "./issuer.ts";
import { generateKeys, keyDetailsOf, verifyWith } from "./keys.ts";

/** Fulcio's HTTP interface over an authority, for the tokens of one issuer. */
export function fulcioHandler(authority: Authority, issuer: Issuer): Handler {
  return (request, lie) => {
    const { method, url } = request;
    const pems = (chain: readonly Buffer[]): string[] =>
      chain.map((der) => pem("CERTIFICATE", der));
    if (method === "GET" && url.pathname === "/api/v2/trustBundle") {
      return json({ chains: [{ certificates: pems(authority.chain) }] });
    }
    if (method !== "POST" || url.pathname !== "/api/v2/signingCert") return notFound();
    const { der, chain } = issue(authority, issuer, request, lie === "wrong-key");
    return json({
      signedCertificateEmbeddedSct: { chain: { certificates: pems([der, ...chain]) } },
    });
  };
}

function issue(
  authority: Authority,
  issuer: Issuer,
  { headers, body }: ServiceRequest,
  foreignKey: boolean,
): Issued {
  const request = objectOf(body);
  const token = tokenOf(request, headers.authorization);
  const { claims, challenge } = orRefuse(
    "There was an error processing the identity token",
    () => {
      const accepted = issuer.accept(token);
      return { claims: accepted, challenge: challengeOf(accepted) };
    },
    401,
  );
  const key = provenKey(request, challenge);
  const certified = foreignKey ? generateKeys().publicKey : key;
  return authority.issue(certified, fulcioShape(identityOf(claims)));
}

/** In the body as sigstore-js has it, or in the header as sigstore-python does. */
function tokenOf(request: Record<string, unknown>, authorization: string | undefined): string {
  const [scheme, value = ""] = (authorization ?? "").split(" ");
  if (scheme?.toLowerCase() === "bearer") return value;
  return asText(asObject(request["credentials"])["oidcIdentityToken"]);
}

/** The key to certify, once its possession is proved: over the challenge, or by a CSR. */
function provenKey(request: Record<string, unknown>, challenge: string): KeyObject {
  const csr = request["certificateSigningRequest"];
  if (csr !== undefined) {
    return orRefuse("The certificate signing request could not be verified", () =>
      allowed(readCsr(asBytes(csr).toString("utf8"))),
    );
  }
  const { publicKey, proofOfPossession } = asObject(request["publicKeyRequest"]);
  const key = orRefuse("The public key supplied in the request could not be parsed", () =>
    allowed(createPublicKey(asText(asObject(publicKey)["content"]))),
  );
  // The proof's hash is the key's own: SHA-384 for P-384.
  if (!verifyWith(key, Buffer.from(challenge), asBytes(proofOfPossession))) {
    throw new Refusal(400, "The signature supplied in the request could not be verified");
  }
  return key;
}

/** Keys of Fulcio's default algorithms. */
function allowed(key: KeyObject): KeyObject {
  if (keyDetailsOf(key) === undefined) throw new TypeError("Cannot certify the key: not allowed");
  return key;
}
