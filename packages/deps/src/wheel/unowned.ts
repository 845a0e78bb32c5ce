import { finding, type Finding, printable } from "@mlsign/core";
import type { Site } from "./site.ts";

/**
 * Tells files that no pinned wheel accounts for. Python runs some of them by their mere presence:
 * `.pth` files and `sitecustomize.py` at every start, compiled files in place of their source.
 */
export function tellUnowned(state: {
  readonly site: Site;
  readonly owned: ReadonlySet<string>;
  readonly claimed: ReadonlySet<string>;
  readonly findings: Finding[];
}): void {
  const { site, owned, claimed, findings } = state;
  const compiled: string[] = [];
  const unowned: string[] = [];
  for (const [path, kind] of site.files) {
    if (owned.has(path) && kind === "file") continue;
    const source = sourceOf(path);
    if (kind === "file" && source !== undefined && owned.has(source)) compiled.push(path);
    // What runs at every start is told even where a RECORD claims it.
    else if (kind === "file" && isClaimed(path, source, claimed) && !/^[^/]+\.pth$/.test(path))
      continue;
    else unowned.push(path);
  }
  for (const path of unowned.slice(0, MAX_TOLD)) findings.push(tell(path, site));
  if (unowned.length > MAX_TOLD) {
    const message = `${unowned.length - MAX_TOLD} more files belong to no pinned package`;
    findings.push(finding("installed-unowned", "fail", message));
  }
  if (compiled.length > 0) {
    const message = `${compiled.length} compiled files cannot be verified, and run in place of their source`;
    findings.push(
      finding("installed-unowned", "fail", message, {
        severity: "warning",
        subject: printable(compiled[0] as string),
        fix: "install with --no-compile, or delete the __pycache__ directories",
      }),
    );
  }
}

function tell(path: string, site: Site): Finding {
  const link = site.files.get(path) === "link" ? ", and is a link" : "";
  const run = /^(?:[^/]+\.pth|(?:site|user)customize\.py)$/.test(path)
    ? ", and Python runs it at every start"
    : "";
  return finding(
    "installed-unowned",
    "fail",
    printable(`${path} belongs to no pinned package${link}${run}`),
    {
      subject: path,
      location: { path },
      fix: "delete it, or install into an empty environment",
    },
  );
}

function isClaimed(
  path: string,
  source: string | undefined,
  claimed: ReadonlySet<string>,
): boolean {
  return claimed.has(path) || (source !== undefined && claimed.has(source));
}

/** The module that a file below `__pycache__` was compiled from. */
function sourceOf(path: string): string | undefined {
  const match = /^(.*?)__pycache__\/([^/]+?)\.[\w-]+(?:\.opt-\d)?\.pyc$/s.exec(path);
  return match === null ? undefined : `${match[1]}${match[2]}.py`;
}

const MAX_TOLD = 1000;
