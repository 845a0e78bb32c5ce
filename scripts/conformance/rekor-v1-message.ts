import { readLogEntry } from "@mlsign/bundle";
import { hexOf, isRecord, MlsignError, messageOf, parseJson, sha256 } from "@mlsign/core";
import type { Signed, Witness } from "@mlsign/sign";

/** Rekor v1's `hashedrekord` of a message signature; packages/sign logs envelopes only. */
export function rekorV1MessageWitness(url: string): Witness {
  return {
    testify: async ({ signedBytes, signed }) => {
      const response = await fetch(`${url.replace(/\/$/, "")}/api/v1/log/entries`, {
        method: "POST",
        redirect: "manual",
        signal: AbortSignal.timeout(20_000),
        headers: { "content-type": "application/json", accept: "application/json" },
        body: JSON.stringify(recordOf(signedBytes, signed)),
      });
      const body = Buffer.from(await response.arrayBuffer());
      if (response.status !== 201) {
        throw new MlsignError(
          "service-failed",
          `Cannot log to Rekor: it answered ${response.status}`,
        );
      }
      try {
        return { tlogEntries: [readLogEntry(entryJson(parseJson(body)))] };
      } catch (cause) {
        const why = `Cannot use the answer of Rekor: ${messageOf(cause)}`;
        throw new MlsignError("service-lied", why, { cause });
      }
    },
  };
}

function recordOf(data: Buffer, { certificates, signature }: Signed): object {
  const lines = certificates[0]?.toString("base64").match(/.{1,64}/g) ?? [];
  const pem = `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
  return {
    apiVersion: "0.0.1",
    kind: "hashedrekord",
    spec: {
      data: { hash: { algorithm: "sha256", value: hexOf(sha256(data)) } },
      signature: {
        content: signature.toString("base64"),
        publicKey: { content: Buffer.from(pem).toString("base64") },
      },
    },
  };
}

/** Rekor's own JSON (hexadecimal, numbers) in the shape of a bundle's entry. */
function entryJson(answer: unknown): object {
  const entry = isRecord(answer) ? Object.values(answer)[0] : undefined;
  if (!isRecord(entry) || !isRecord(entry.verification)) throw new Error("it holds no entry");
  const { inclusionProof: proof, signedEntryTimestamp } = entry.verification;
  return {
    logIndex: entry.logIndex,
    logId: { keyId: base64(entry.logID) },
    kindVersion: { kind: "hashedrekord", version: "0.0.1" },
    integratedTime: entry.integratedTime,
    inclusionPromise: { signedEntryTimestamp },
    canonicalizedBody: entry.body,
    ...(isRecord(proof) && {
      inclusionProof: {
        logIndex: proof.logIndex,
        rootHash: base64(proof.rootHash),
        treeSize: proof.treeSize,
        hashes: Array.isArray(proof.hashes) ? proof.hashes.map(base64) : [],
        checkpoint: { envelope: proof.checkpoint },
      },
    }),
  };
}

function base64(hex: unknown): string {
  return Buffer.from(typeof hex === "string" ? hex : "", "hex").toString("base64");
}
