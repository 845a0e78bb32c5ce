import { randomBytes } from "node:crypto";
import { messageOf, sha256 } from "@mlsign/core";
import { RFC3161Timestamp } from "@sigstore/core";
import { lied } from "./answer.ts";
import { request } from "./http.ts";
import type { Witness } from "./signer.ts";

/**
 * An RFC 3161 timestamp authority, asked in the standard's own form, which public authorities and
 * Sigstore's speak alike. The time is over the signature's bytes.
 *
 * @throws MlsignError `service-failed` or `service-lied`
 */
export function timestampWitness(url: string): Witness {
  const endpoint = new URL(url);
  // As in other Sigstore clients: a bare host means Sigstore's path, anything else is taken as it is.
  if (endpoint.pathname === "/") endpoint.pathname = "/api/v1/timestamp";
  return {
    testify: async ({ envelope }) => {
      const imprint = sha256(envelope.signature);
      const { body } = await request({
        service: SERVICE,
        url: endpoint.href,
        repeat: "safe",
        headers: {
          "content-type": "application/timestamp-query",
          accept: "application/timestamp-reply",
        },
        body: timestampQuery(imprint),
      });
      checkReply(body, imprint);
      return { timestamps: [body] };
    },
  };
}

/** TimeStampReq (RFC 3161 2.4.1): version 1, SHA-256, a nonce of 8 bytes, certReq. */
function timestampQuery(imprint: Buffer): Buffer {
  const nonce = randomBytes(8);
  nonce[0] = ((nonce[0] ?? 0) & 0x7f) | 0x40;
  return der(
    0x30,
    Buffer.from([0x02, 0x01, 0x01]),
    der(0x30, der(0x30, SHA256_OID, Buffer.from([0x05, 0x00])), der(0x04, imprint)),
    der(0x02, nonce),
    Buffer.from([0x01, 0x01, 0xff]),
  );
}

function checkReply(body: Buffer, imprint: Buffer): void {
  let reply: RFC3161Timestamp;
  let over: Buffer;
  try {
    reply = RFC3161Timestamp.parse(Buffer.from(body));
    if (reply.status > 1n) throw new Error(`status ${reply.status}`);
    over = reply.tstInfo.messageImprintHashedMessage;
  } catch (cause) {
    throw lied(SERVICE, `not a granted timestamp: ${messageOf(cause)}`, cause);
  }
  if (!over.equals(imprint)) throw lied(SERVICE, "the timestamp is of another signature");
}

function der(tag: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, content.length]), content]);
}

const SERVICE = "the timestamp authority";
const SHA256_OID = Buffer.from("0609608648016503040201", "hex");
