import { type Finding, finding, printable } from "@mlsign/core";
import type { ClaimedDataset, LineageClaim } from "./read-lineage.ts";
import type { PinReading } from "./read-pins.ts";

/**
 * The pinned objects of the data against what the bucket answers now; `looked` is by remote and
 * data set, as `pinsKey` has it. What nobody looked at is unknown.
 */
export function checkRemote(
  claim: LineageClaim,
  looked: ReadonlyMap<string, readonly PinReading[]>,
): Finding[] {
  return claim.datasets.flatMap((dataset) =>
    dataset.pins.flatMap(({ remote, objects }) => {
      const readings = looked.get(pinsKey(remote, dataset));
      const subject = dataset.path;
      const shown = printable(subject);
      if (readings === undefined) {
        const message = `the ${objects.length} pinned objects of "${shown}" were not looked at`;
        const fix = `name ${printable(remote)} with --remote`;
        return [finding("lineage-remote", "unknown", message, { subject, fix })];
      }
      return judge(readings, subject);
    }),
  );
}

/** Which pins are meant, in one text. */
export function pinsKey(remote: string, { path }: Pick<ClaimedDataset, "path">): string {
  return JSON.stringify([remote, path]);
}

function judge(readings: readonly PinReading[], subject: string): Finding[] {
  const shown = printable(subject);
  const of = (outcome: PinReading["outcome"]) =>
    readings.filter((reading) => reading.outcome === outcome).map(({ pin }) => pin.key);
  const [gone, differing, unreadable] = [of("gone"), of("differs"), of("unreadable")];
  const findings: Finding[] = [];
  const tell = (keys: readonly string[], outcome: "fail" | "unknown", what: string): void => {
    const [first] = keys;
    if (first === undefined) return;
    const message = `${keys.length} pinned objects of "${shown}" ${what}: ${printable(first)}${keys.length > 1 ? ", …" : ""}`;
    findings.push(finding("lineage-remote", outcome, message, { subject }));
  };
  tell(gone, "fail", "are not in the remote any more");
  tell(differing, "fail", "have another size or checksum in the remote");
  tell(unreadable, "unknown", "could not be looked at");
  if (findings.length > 0) return findings;
  const hidden = readings.filter(({ shadowed }) => shadowed === true).map(({ pin }) => pin.key);
  const [first] = hidden;
  if (first !== undefined) {
    const message = `the remote has newer versions over ${hidden.length} pinned objects of "${shown}": ${printable(first)}`;
    const fix =
      "dvc pull fetches the newest: find who wrote it, then remove it or copy the pinned one over it";
    return [finding("lineage-remote", "fail", message, { subject, severity: "warning", fix })];
  }
  const message = `all ${readings.length} pinned objects of "${shown}" are in the remote as recorded`;
  return [finding("lineage-remote", "pass", message, { subject })];
}
