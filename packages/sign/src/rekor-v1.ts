import { type LogEntry, readLogEntry } from "@mlsign/bundle";
import { isRecord, messageOf } from "@mlsign/core";
import { answerOf, lied } from "./answer.ts";
import { request } from "./http.ts";
import type { Witness, WitnessRequest } from "./signer.ts";

/**
 * A Rekor v1 log: the envelope is logged as a `dsse` entry. A try that was answered too late is
 * found again by the log's answer that the entry exists, so it is logged once. `@sigstore/sign`'s
 * client follows redirects and reads an answer of any size, hence this one.
 *
 * @throws MlsignError `service-failed` or `service-lied`
 */
export function rekorV1Witness(url: string): Witness {
  const entries = `${url.replace(/\/$/, "")}/api/v1/log/entries`;
  return {
    testify: async (asked) => {
      const answer = await request({
        service: SERVICE,
        url: entries,
        repeat: "safe",
        accept: [CONFLICT],
        headers: JSON_BOTH,
        body: JSON.stringify(proposed(asked)),
      });
      const { body } =
        answer.status === CONFLICT
          ? await request({
              service: SERVICE,
              url: `${entries}/${uuidOf(answer.location)}`,
              method: "GET",
              repeat: "safe",
              headers: { accept: "application/json" },
            })
          : answer;
      const entry = readEntry(body);
      if (!entry.canonicalizedBody.includes(asked.envelope.signature.toString("base64"))) {
        throw lied(SERVICE, "the entry is of another signature");
      }
      return { tlogEntries: [entry] };
    },
  };
}

function proposed({ envelope, signed }: WitnessRequest): Record<string, unknown> {
  const { payload, payloadType, signature } = envelope;
  const dsse = {
    payload: payload.toString("base64"),
    payloadType,
    signatures: [{ sig: signature.toString("base64") }],
  };
  const verifier = Buffer.from(verifierOf(signed)).toString("base64");
  const proposedContent = { envelope: JSON.stringify(dsse), verifiers: [verifier] };
  return { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent } };
}

function verifierOf({ certificates, publicKey }: WitnessRequest["signed"]): string {
  const [leaf] = certificates;
  if (leaf === undefined) return publicKey.export({ type: "spki", format: "pem" }).toString();
  const lines = leaf.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

/** Only the name of the entry is taken from the log's answer: it does not choose whom we ask. */
function uuidOf(location: string | undefined): string {
  const uuid = /\/([0-9a-f]{64}|[0-9a-f]{80})$/.exec(location ?? "")?.[1];
  if (uuid === undefined) throw lied(SERVICE, "it does not say where the existing entry is");
  return uuid;
}

/** Rekor's own form (one entry by its UUID, digests in hexadecimal) as the bundle's. */
function readEntry(answer: Buffer): LogEntry {
  const [entry, ...rest] = Object.values(answerOf(answer, SERVICE));
  if (!isRecord(entry) || rest.length > 0) throw lied(SERVICE, "it is not one entry");
  const { verification } = entry;
  const { inclusionProof: proof, signedEntryTimestamp } = isRecord(verification)
    ? verification
    : {};
  try {
    return readLogEntry({
      logIndex: entry.logIndex,
      logId: { keyId: base64Of(entry.logID) },
      kindVersion: kindOf(entry.body),
      integratedTime: entry.integratedTime,
      ...(signedEntryTimestamp !== undefined && { inclusionPromise: { signedEntryTimestamp } }),
      ...(isRecord(proof) && { inclusionProof: proofOf(proof) }),
      canonicalizedBody: entry.body,
    });
  } catch (cause) {
    throw lied(SERVICE, messageOf(cause), cause);
  }
}

function proofOf(proof: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { hashes } = proof;
  return {
    logIndex: proof.logIndex,
    rootHash: base64Of(proof.rootHash),
    treeSize: proof.treeSize,
    hashes: Array.isArray(hashes) ? hashes.map(base64Of) : hashes,
    checkpoint: { envelope: proof.checkpoint },
  };
}

/** What kind of entry it is stands in its body alone. */
function kindOf(body: unknown): Record<string, unknown> {
  const bytes = Buffer.from(typeof body === "string" ? body : "", "base64");
  const { kind, apiVersion } = answerOf(bytes, SERVICE);
  return { kind, version: apiVersion };
}

function base64Of(hex: unknown): string | undefined {
  if (typeof hex !== "string" || !/^(?:[0-9a-f]{2})+$/.test(hex)) return undefined;
  return Buffer.from(hex, "hex").toString("base64");
}

const SERVICE = "the transparency log (Rekor)";
const CONFLICT = 409;
const JSON_BOTH = { "content-type": "application/json", accept: "application/json" };
