import { createHash } from "node:crypto";
import { keyDetails, type LogEntry, readLogEntry } from "@mlsign/bundle";
import { isRecord, messageOf, MlsignError } from "@mlsign/core";
import { answerOf, lied } from "./answer.ts";
import { request } from "./http.ts";
import type { Witness, WitnessRequest } from "./signer.ts";

/**
 * A Rekor v2 log (rekor-tiles): the envelope is logged as a hashedrekord over its
 * pre-authentication encoding. `@sigstore/sign` posts the dropped `dsse` request and assumes
 * P-256 certificates, hence this one. A lost answer is not asked for again: the log keeps no
 * way to find the entry, and would refuse a second one.
 *
 * @throws MlsignError `service-failed`, `service-lied` or `key-unsuitable`
 */
export function rekorV2Witness(url: string): Witness {
  return {
    testify: async (asked) => {
      const { body } = await request({
        service: SERVICE,
        url: `${url.replace(/\/$/, "")}/api/v2/log/entries`,
        repeat: "once",
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify({ hashedRekordRequestV002: recordOf(asked) }),
      });
      return { tlogEntries: [checked(readEntry(body), asked)] };
    },
  };
}

function recordOf(asked: WitnessRequest): Record<string, unknown> {
  const { publicKey, certificates, signature } = asked.signed;
  const details = keyDetails(publicKey);
  if (details === undefined) {
    throw new MlsignError("key-unsuitable", `Cannot log to ${SERVICE}: it takes no such key`, {
      hint: "use P-256, P-384, P-521, or RSA of 3072 or 4096 bits",
    });
  }
  const [leaf] = certificates;
  const verifier =
    leaf === undefined
      ? {
          publicKey: {
            rawBytes: publicKey.export({ type: "spki", format: "der" }).toString("base64"),
          },
        }
      : { x509Certificate: { rawBytes: leaf.toString("base64") } };
  return {
    digest: digestOf(asked).toString("base64"),
    signature: {
      content: signature.toString("base64"),
      verifier: { ...verifier, keyDetails: details },
    },
  };
}

function digestOf({ signed, signedBytes }: WitnessRequest): Buffer {
  return createHash(signed.algorithm.hash ?? "sha256")
    .update(signedBytes)
    .digest();
}

function readEntry(body: Buffer): LogEntry {
  const answer = answerOf(body, SERVICE);
  try {
    return readLogEntry(answer);
  } catch (cause) {
    throw lied(SERVICE, messageOf(cause), cause);
  }
}

/** The entry must be of this signature; whether the log is honest, a verifier says. */
function checked(entry: LogEntry, asked: WitnessRequest): LogEntry {
  const body = answerOf(entry.canonicalizedBody, SERVICE);
  const spec = isRecord(body.spec) ? body.spec.hashedRekordV002 : undefined;
  const record = isRecord(spec) ? spec : {};
  const [data, signature] = [record.data, record.signature];
  const same =
    isRecord(data) &&
    isRecord(signature) &&
    data.digest === digestOf(asked).toString("base64") &&
    signature.content === asked.signed.signature.toString("base64");
  if (!same) throw lied(SERVICE, "the entry is of another signature");
  return entry;
}

const SERVICE = "the transparency log (Rekor v2)";
