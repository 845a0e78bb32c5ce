import type { Finding } from "@mlsign/core";
import type { Listing, Manifest } from "@mlsign/manifest";
import {
  ALLOW_LIST_DIGEST,
  covers,
  hasExpired,
  scanClaim,
  scanFiles,
  scanFindings,
  type ScanInput,
  type TreeScan,
} from "@mlsign/scan";
import type { Host } from "../host.ts";
import type { ClaimDraft } from "../sign/attest-draft.ts";
import { progressLine } from "../terminal/progress-line.ts";
import { VERSION } from "../version.ts";
import type { WaiversFile } from "./waivers-file.ts";

export interface ScannedModel {
  readonly tree: TreeScan;
  readonly findings: readonly Finding[];
}

/** The files of a listing as the scanner takes them; a lone file goes by its own name. */
export function scanInputs(listing: Listing, manifest?: Manifest): ScanInput[] {
  // What is unpacked from an archive is found in it.
  if (listing.kind === "archive") {
    const size = listing.files.reduce((sum, file) => sum + file.size, 0);
    return [{ path: listing.name, file: listing.root, size }];
  }
  const digests = new Map(manifest?.files.map(({ path, digests: { sha256 } }) => [path, sha256]));
  return listing.files.map(({ name, size, real }) => {
    const sha256 = digests.get(name);
    return {
      path: name === "." ? listing.name : name,
      file: real ?? (listing.kind === "directory" ? `${listing.root}/${name}` : listing.root),
      size,
      ...(sha256 !== undefined && { sha256 }),
    };
  });
}

/** Scans files and judges what was seen. */
export async function scanModel(
  inputs: readonly ScanInput[],
  waivers: WaiversFile | undefined,
  host: Host,
): Promise<ScannedModel> {
  const progress = progressLine(host);
  try {
    const { onProgress } = progress;
    const tree = await scanFiles(inputs, { onProgress, signal: host.signal });
    const findings = scanFindings(tree, { waivers: waivers?.waivers ?? [], now: host.clock() });
    return { tree, findings };
  } finally {
    progress.end();
  }
}

/** What was scanned as a claim; none where it was not decided. */
export function scanDraft(
  { tree, findings }: ScannedModel,
  waivers: WaiversFile | undefined,
  host: Host,
  allowUnsafe?: string,
): ClaimDraft | undefined {
  const now = host.clock();
  const used = (waivers?.waivers ?? []).filter(
    (waiver) =>
      !hasExpired(waiver, now) &&
      tree.files.some(({ sha256, observations }) =>
        observations.some((each) => covers(waiver, sha256, each)),
      ),
  );
  const claim = scanClaim(tree, findings, {
    tool: { name: "mlsign", version: VERSION },
    allowList: ALLOW_LIST_DIGEST,
    ...(waivers && { waivers: { sha256: waivers.sha256, used } }),
    ...(allowUnsafe !== undefined && { allowUnsafe }),
  });
  return claim && { ...claim, findings };
}
