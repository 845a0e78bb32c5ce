import { posix } from "node:path";
import { type FileScan, type Observation, type ScanVerdict, worse } from "./report.ts";
import type { SourceScan } from "./scan-source.ts";

/** A file's scan before the others are known. */
export interface LooseScan extends SourceScan, Omit<FileScan, keyof SourceScan> {}

/**
 * What the files of a model say of each other: bytes that nothing recognises are data where another
 * file takes its numbers from them, and Python beside a configuration that names it is a program.
 */
export function judgeTogether(scans: readonly LooseScan[]): FileScan[] {
  const byPath = new Map(scans.map((scan) => [scan.path, scan]));
  const data = new Set<string>();
  const added = new Map<string, Observation[]>();
  const add = (path: string, observation: Omit<Observation, "within">): void => {
    added.set(path, [...(added.get(path) ?? []), { ...observation, within: [] }]);
  };
  for (const { path, references } of scans) {
    for (const reference of references) {
      const target = posix.join(posix.dirname(path), reference);
      if (byPath.has(target)) data.add(target);
      else {
        const message = `takes data from ${JSON.stringify(reference)}, which is not part of the model`;
        add(path, { verdict: "unscannable", rule: "data-missing", message });
      }
    }
  }
  for (const { path } of scans) {
    const table = SHARD.exec(path)?.[1];
    if (table && byPath.get(`${table}.index`)?.formats.includes("tf-table")) data.add(path);
    const network = path.replace(/\.bin$/, ".xml");
    if (network !== path && byPath.get(network)?.formats.includes("openvino-ir")) data.add(path);
  }
  if (scans.some(({ observations }) => observations.some(({ rule }) => rule === "auto-map"))) {
    for (const { path, formats } of scans) {
      if (!formats.includes("python")) continue;
      const message = "is Python beside a configuration that has it run (auto_map)";
      add(path, { verdict: "executable", rule: "remote-code", message });
    }
  }
  return scans.map((scan) => settled(scan, data.has(scan.path), added.get(scan.path) ?? []));
}

function settled(
  { path, size, sha256, ...scan }: LooseScan,
  isData: boolean,
  added: readonly Observation[],
): FileScan {
  const unknown =
    isData && scan.observations.length === 1 && scan.observations[0]?.rule === "unrecognised";
  const observations = [...(unknown ? [] : scan.observations), ...added];
  const formats = unknown ? ["raw-data"] : scan.formats;
  const start: ScanVerdict = unknown ? "safe-format" : scan.verdict;
  const verdict = added.reduce((worst, each) => worse(worst, each.verdict), start);
  return { path, size, sha256, verdict, formats, observations };
}

/** A shard of TensorFlow's checkpoints, whose table stands beside it. */
const SHARD = /^(.*)\.data-\d{5}-of-\d{5}$/;
