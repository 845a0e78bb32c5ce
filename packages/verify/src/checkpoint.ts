import type { LogEntry } from "@mlsign/bundle";
import type { TransparencyLogInstance } from "@sigstore/protobuf-specs";

/**
 * Why a checkpoint, whose signature holds, is not that of the log which the entry names, or not
 * what the proof says beside it (C2SP tlog-checkpoint; sigstore.md 5.11). One key may sign for
 * several logs, so the origin line counts; `<host> - <tree>` is how Rekor v1 writes it.
 */
export function checkpointFault(
  { logId, inclusionProof: proof }: LogEntry,
  logs: readonly TransparencyLogInstance[],
): string | undefined {
  if (proof === undefined) return undefined;
  const [origin = "", size, root, ...lines] = proof.checkpoint.envelope.split("\n");
  const names = logs
    .filter((log) => logId.keyId.equals(log.logId?.keyId ?? Buffer.alloc(0)))
    .flatMap(({ baseUrl }) => namesOf(baseUrl));
  const ofLog = (name: string): boolean =>
    (origin === name || origin.startsWith(`${name} - `)) &&
    lines.some((line) => line.startsWith(`\u2014 ${name} `));
  if (!names.some(ofLog)) return "the checkpoint is of another log";
  if (size !== proof.treeSize || root !== proof.rootHash.toString("base64")) {
    return "the proof and its checkpoint speak of two trees";
  }
  return undefined;
}

/** A log's origin is its URL without the scheme; whether with the port differs. */
function namesOf(baseUrl: string): string[] {
  if (!URL.canParse(baseUrl)) return [baseUrl];
  const { host, hostname, pathname } = new URL(baseUrl);
  const path = pathname.replace(/\/$/, "");
  return [host + path, hostname + path];
}
