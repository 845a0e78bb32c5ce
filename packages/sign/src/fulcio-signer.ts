import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { suitableKey } from "@mlsign/bundle";
import { isRecord } from "@mlsign/core";
import { parseCertificate } from "@mlsign/x509";
import { answerOf, lied } from "./answer.ts";
import { request } from "./http.ts";
import type { IdentityToken } from "./identity-token.ts";
import type { Signer } from "./signer.ts";

export interface FulcioOptions {
  readonly url: string;
  token(): Promise<IdentityToken>;
}

/**
 * A keyless signer: an ephemeral P-256 key and a certificate from Fulcio, asked for once, when
 * first needed. `@sigstore/sign`'s own client echoes a malformed token, follows redirects with it
 * and does not look at the key in the certificate, hence this one.
 *
 * @throws MlsignError `service-failed`, `service-lied` or an identity error, on the first `sign`.
 */
export function fulcioSigner(options: FulcioOptions): Signer {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = suitableKey(publicKey, "model-signature", "sign");
  let certificate: Promise<Buffer> | undefined;
  return {
    sign: async (data) => {
      certificate ??= requestCertificate(options, privateKey, publicKey);
      const certificates = [await certificate];
      return { signature: algorithm.sign(data, privateKey), publicKey, algorithm, certificates };
    },
  };
}

async function requestCertificate(
  options: FulcioOptions,
  privateKey: KeyObject,
  publicKey: KeyObject,
): Promise<Buffer> {
  const token = await options.token();
  const { body } = await request({
    service: SERVICE,
    url: `${options.url.replace(/\/$/, "")}/api/v2/signingCert`,
    repeat: "safe",
    secrets: [token.text],
    headers: { "content-type": "application/json", accept: "application/json" },
    body: JSON.stringify({
      credentials: { oidcIdentityToken: token.text },
      publicKeyRequest: {
        publicKey: {
          algorithm: "ECDSA",
          content: publicKey.export({ type: "spki", format: "pem" }),
        },
        proofOfPossession: sign("sha256", Buffer.from(token.subject), privateKey).toString(
          "base64",
        ),
      },
    }),
  });
  const leaf = leafOf(answerOf(body, SERVICE));
  if (!leaf.publicKey.equals(publicKey)) throw lied(SERVICE, "the certificate is for another key");
  return leaf.der;
}

function leafOf(answer: Record<string, unknown>): ReturnType<typeof parseCertificate> {
  const signed = answer.signedCertificateEmbeddedSct ?? answer.signedCertificateDetachedSct;
  const chain = isRecord(signed) && isRecord(signed.chain) ? signed.chain.certificates : undefined;
  const pem: unknown = Array.isArray(chain) ? chain[0] : undefined;
  if (typeof pem !== "string") throw lied(SERVICE, "it holds no certificate");
  try {
    return parseCertificate(pem);
  } catch (cause) {
    throw lied(SERVICE, "its certificate is malformed", cause);
  }
}

const SERVICE = "the certificate authority (Fulcio)";
