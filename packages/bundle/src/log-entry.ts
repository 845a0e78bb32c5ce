import { bytesOf, fieldsOf, int64Of, listOf, malformed, stringOf } from "./fields.ts";

/** A transparency log entry, in the shape that the Sigstore libraries take. Nothing is verified. */
export interface LogEntry {
  readonly logIndex: string;
  readonly logId: { readonly keyId: Buffer };
  readonly kindVersion: { readonly kind: string; readonly version: string };
  /** Seconds since 1970, `"0"` where the log gives no time (Rekor v2). */
  readonly integratedTime: string;
  readonly inclusionPromise: { readonly signedEntryTimestamp: Buffer } | undefined;
  readonly inclusionProof:
    | {
        readonly logIndex: string;
        readonly rootHash: Buffer;
        readonly treeSize: string;
        readonly hashes: Buffer[];
        readonly checkpoint: { readonly envelope: string };
      }
    | undefined;
  readonly canonicalizedBody: Buffer;
}

export function readLogEntry(value: unknown): LogEntry {
  const entry = fieldsOf(value, "log entry", FIELDS);
  const kindVersion = fieldsOf(entry.kindVersion, "kindVersion", ["kind", "version"]);
  return {
    logIndex: int64Of(entry, "logIndex", "0"),
    logId: { keyId: bytesOf(fieldsOf(entry.logId, "logId", ["keyId"]), "keyId") },
    kindVersion: { kind: stringOf(kindVersion, "kind"), version: stringOf(kindVersion, "version") },
    integratedTime: int64Of(entry, "integratedTime", "0"),
    inclusionPromise: readPromise(entry.inclusionPromise),
    inclusionProof: readProof(entry.inclusionProof),
    canonicalizedBody: bytesOf(entry, "canonicalizedBody"),
  };
}

/** The entry as protobuf's JSON has it. */
export function logEntryJson(entry: LogEntry): Record<string, unknown> {
  const { inclusionPromise: promise, inclusionProof: proof } = entry;
  return {
    logIndex: entry.logIndex,
    logId: { keyId: entry.logId.keyId.toString("base64") },
    kindVersion: entry.kindVersion,
    integratedTime: entry.integratedTime,
    ...(promise && {
      inclusionPromise: { signedEntryTimestamp: promise.signedEntryTimestamp.toString("base64") },
    }),
    ...(proof && {
      inclusionProof: {
        logIndex: proof.logIndex,
        rootHash: proof.rootHash.toString("base64"),
        treeSize: proof.treeSize,
        hashes: proof.hashes.map((hash) => hash.toString("base64")),
        checkpoint: proof.checkpoint,
      },
    }),
    canonicalizedBody: entry.canonicalizedBody.toString("base64"),
  };
}

function readPromise(value: unknown): LogEntry["inclusionPromise"] {
  if (value === undefined || value === null) return undefined;
  const promise = fieldsOf(value, "inclusionPromise", ["signedEntryTimestamp"]);
  return { signedEntryTimestamp: bytesOf(promise, "signedEntryTimestamp") };
}

function readProof(value: unknown): LogEntry["inclusionProof"] {
  if (value === undefined || value === null) return undefined;
  const proof = fieldsOf(value, "inclusionProof", PROOF_FIELDS);
  const hashes = listOf(proof.hashes, "proof hashes", MOST_HASHES).map((hash) => {
    const bytes = bytesOf({ hash }, "hash");
    if (bytes.length !== 32) throw malformed("a proof hash is not 32 bytes");
    return bytes;
  });
  const checkpoint = fieldsOf(proof.checkpoint, "checkpoint", ["envelope"]);
  return {
    logIndex: int64Of(proof, "logIndex", "0"),
    rootHash: bytesOf(proof, "rootHash"),
    treeSize: int64Of(proof, "treeSize"),
    hashes,
    checkpoint: { envelope: stringOf(checkpoint, "envelope") },
  };
}

/** A tree of 2^63 leaves needs no more. */
const MOST_HASHES = 63;
const FIELDS = [
  "logIndex",
  "logId",
  "kindVersion",
  "integratedTime",
  "inclusionPromise",
  "inclusionProof",
  "canonicalizedBody",
];
const PROOF_FIELDS = ["logIndex", "rootHash", "treeSize", "hashes", "checkpoint"];
