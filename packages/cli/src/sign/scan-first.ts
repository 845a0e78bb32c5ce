import { MlsignError, printable } from "@mlsign/core";
import type { Finding, JsonObject } from "@mlsign/core";
import type { Listing, Manifest } from "@mlsign/manifest";
import { type FileScan, scanFiles, scanFindings, type ScanVerdict } from "@mlsign/scan";
import type { Host } from "../host.ts";
import { scanDraft, scanInputs } from "../scan/scan-model.ts";
import { progressLine } from "../terminal/progress-line.ts";
import type { ClaimDraft } from "./attest-draft.ts";

/** What the scan of a model that is about to be signed comes to. */
export interface FirstScan {
  /** What refuses: files that do harm, unless that was allowed. */
  readonly refusals: readonly Finding[];
  /** The record that a dangerous model was signed, and why. */
  readonly draft: ClaimDraft | undefined;
  /** For people, a line each. */
  readonly notes: readonly string[];
  readonly json: JsonObject;
}

/**
 * Scans what is to be signed. Only what does harm when it is loaded is refused here: what is merely
 * unknown may be the signer's own, and is for whoever relies on the model to decide about.
 *
 * @throws MlsignError `usage` for an empty reason
 */
export async function scanFirst(
  { listing, manifest }: { readonly listing: Listing; readonly manifest: Manifest },
  allowUnsafe: string | undefined,
  host: Host,
): Promise<FirstScan> {
  if (allowUnsafe?.trim() === "") {
    throw new MlsignError("usage", "Cannot use --allow-unsafe: it takes the reason");
  }
  const progress = progressLine(host);
  let tree;
  try {
    const { onProgress } = progress;
    // The signature's own pass has hashed the files, with whichever digest it is over.
    tree = await scanFiles(scanInputs(listing, manifest), {
      hash: allowUnsafe !== undefined,
      limits: { decodedBytes: MOST_DECODED },
      onProgress,
      signal: host.signal,
    });
  } finally {
    progress.end();
  }
  // Of many thousands of files, what is good needs no finding unless it is recorded.
  const told = tree.files.filter(({ verdict }) => verdict === "dangerous");
  const all = allowUnsafe !== undefined;
  const findings = scanFindings(all ? tree : { ...tree, files: told }, { now: host.clock() });
  const harmful = findings.filter(
    ({ code, outcome }) => code === "scan-code" && outcome === "fail",
  );
  const counts = countsOf(tree.files);
  const notes = [
    ...notesOf(counts),
    ...tree.unread.map(
      ({ path, message }) => `not scanned: ${printable(path)}: ${printable(message)}`,
    ),
  ];
  const allowed = allowUnsafe !== undefined && harmful.length > 0;
  if (allowUnsafe !== undefined && !allowed) notes.push("--allow-unsafe was not needed");
  if (allowed) {
    notes.push(`${counts.dangerous ?? 0} dangerous: signed because ${printable(allowUnsafe)}`);
  }
  return {
    refusals: allowed
      ? []
      : harmful.map((each) => ({
          ...each,
          fix: "do not load it; if it has to be signed, --allow-unsafe REASON records why",
        })),
    draft: allowed ? scanDraft({ tree, findings }, undefined, host, allowUnsafe) : undefined,
    notes,
    json: { ...counts, allowUnsafe: allowed ? allowUnsafe : null },
  };
}

function countsOf(files: readonly FileScan[]): Record<ScanVerdict, number> {
  const counts: Record<ScanVerdict, number> = {
    "safe-format": 0,
    allowed: 0,
    executable: 0,
    "unknown-import": 0,
    unscannable: 0,
    dangerous: 0,
  };
  for (const { verdict } of files) counts[verdict] += 1;
  return counts;
}

function notesOf(counts: Readonly<Record<ScanVerdict, number>>): string[] {
  const told = (["executable", "unknown-import", "unscannable"] as const)
    .filter((verdict) => counts[verdict] > 0)
    .map((verdict) => `${counts[verdict]} ${verdict}`);
  return told.length === 0
    ? []
    : [`not known to be safe to load: ${told.join(", ")} (see mlsign scan)`];
}

const MOST_DECODED = 1024 ** 3;
