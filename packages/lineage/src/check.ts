import { type Finding, finding, printable, type Verdict } from "@mlsign/core";
import { checkData } from "./check-data.ts";
import { checkRemote } from "./check-remote.ts";
import { checkSource } from "./check-source.ts";
import type { LineageFacts } from "./facts.ts";
import type { LineageClaim } from "./read-lineage.ts";
import type { PinReading } from "./read-pins.ts";

export interface CheckOptions {
  /** What a keyless certificate says of the job that signed (Fulcio's extensions). */
  readonly certificate?: CertifiedJob;
  /** What is there now, collected anew at the claim's commit. */
  readonly live: LineageFacts;
  /** Whether the registry has the container: `undefined` where it could not be asked. */
  readonly containerExists?: boolean;
  /** What the check of dependencies came to, by lock file. */
  readonly pins?: ReadonlyMap<string, Verdict>;
  /** What was read of the remote's pinned objects, by `pinsKey`. */
  readonly remote?: ReadonlyMap<string, readonly PinReading[]>;
}

export interface CertifiedJob {
  readonly commit?: string;
  readonly repository?: string;
  readonly ref?: string;
  /** URI of the run. */
  readonly invocation?: string;
}

/** Judges a lineage claim by what can be seen from the outside. Pure: facts in, findings out. */
export function checkLineage(claim: LineageClaim, options: CheckOptions): Finding[] {
  const { live, certificate, containerExists, pins = new Map<string, Verdict>() } = options;
  return [
    ...checkForm(claim),
    ...checkSource(claim, live, certificate),
    ...checkData(claim, live),
    ...checkRemote(claim, options.remote ?? new Map<string, never>()),
    ...checkContainer(claim, containerExists),
    ...checkLocks(claim, live, pins),
    ...checkBaseModels(claim, live),
  ];
}

/** One model is one commit, one data set (or the parts that one file holds), one container. */
function checkForm({ commits, datasets, dataFiles, containers }: LineageClaim): Finding[] {
  const files = [...datasets, ...dataFiles].map(({ file }, at) => file ?? `#${at}`);
  const counts: [string, number][] = [
    ["source", commits.length],
    ["data set", new Set(files).size],
    ["container", containers.length],
  ];
  const wrong = counts.filter(([, count]) => count !== 1);
  if (wrong.length === 0)
    return [finding("lineage-form", "pass", "one source, one data set, one container")];
  return wrong.map(([what, count]) =>
    finding("lineage-form", "fail", `the lineage names ${count} ${what}s, not one`, {
      fix: `record it again with the ${what} that was used`,
    }),
  );
}

function checkContainer(claim: LineageClaim, exists: boolean | undefined): Finding[] {
  return claim.containers.map(({ uri, digest }) => {
    const subject = uri;
    if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
      const message = `the container ${printable(uri)} has no SHA-256 digest`;
      return finding("lineage-container", "fail", message, { subject });
    }
    if (exists === undefined) {
      const message = "the registry was not asked for the container, or did not answer";
      return finding("lineage-container", "unknown", message, { subject });
    }
    return exists
      ? finding("lineage-container", "pass", "the registry has the container under this digest", {
          subject,
        })
      : finding("lineage-container", "fail", "the registry has no such container", { subject });
  });
}

/** The lock files at the commit are the ones that were recorded, and they pin by hash. */
function checkLocks(
  claim: LineageClaim,
  live: LineageFacts,
  pins: ReadonlyMap<string, Verdict>,
): Finding[] {
  return claim.locks.map(({ path, sha256 }) => {
    const shown = printable(path);
    const location = { path };
    const here = live.locks.find((lock) => lock.path === path);
    if (here === undefined) {
      const message = `"${shown}" was not compared with the commit's own file`;
      return finding("lineage-pins", "unknown", message, { location });
    }
    if (here.sha256 !== sha256) {
      const message = `"${shown}" is another file at the commit than was recorded`;
      return finding("lineage-pins", "fail", message, { location });
    }
    const verdict = pins.get(path);
    if (verdict === "accepted") {
      const message = `"${shown}" at the commit is as recorded, and pins by hash`;
      return finding("lineage-pins", "pass", message, { location });
    }
    return verdict === "refused"
      ? finding("lineage-pins", "fail", `"${shown}" at the commit does not pin by hash`, {
          location,
          fix: "mlsign deps check tells each entry and how to pin it",
        })
      : finding("lineage-pins", "unknown", `whether "${shown}" pins by hash was not decided`, {
          location,
        });
  });
}

function checkBaseModels(claim: LineageClaim, live: LineageFacts): Finding[] {
  return claim.baseModels.map(({ uri, name, root, dirHash1 }) => {
    const shown = printable(name);
    const subject = uri;
    const here = live.baseModels.find((model) => model.uri === uri || model.name === name);
    if (root === undefined) {
      const message = `the base model "${shown}" is known by its revision alone`;
      return finding("lineage-base-model", "unknown", message, { subject });
    }
    if (here?.root === undefined) {
      const message = `the base model "${shown}" is not here to be hashed again`;
      return finding("lineage-base-model", "unknown", message, {
        subject,
        fix: "name it with --base-model NAME=PATH",
      });
    }
    return here.root === root && here.dirHash1 === dirHash1
      ? finding(
          "lineage-base-model",
          "pass",
          `the base model "${shown}" hashed again: as recorded`,
          {
            subject,
          },
        )
      : finding("lineage-base-model", "fail", `the base model "${shown}" has other bytes`, {
          subject,
        });
  });
}
