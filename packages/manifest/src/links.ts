import { type BigIntStats, lstatSync, realpathSync } from "node:fs";
import { sep } from "node:path";
import { MlsignError, printable, systemCode } from "@mlsign/core";
import type { Place, Walk } from "./walk.ts";

export interface LinkTarget {
  /** Absolute, links resolved. */
  readonly real: string;
  readonly stats: BigIntStats;
}

/**
 * Where a link of the model leads, if links are allowed and it stays inside (oms.md 8.8).
 *
 * @throws MlsignError `symlink-refused`, `symlink-escape`
 */
export function resolveLink(
  path: string,
  name: string,
  walk: Pick<Walk, "root" | "allowSymlinks">,
): LinkTarget {
  if (!walk.allowSymlinks) throw linkRefused(name);
  const target = follow(path, name);
  if (!isInside(target.real, walk.root)) throw escape(name, "it leads out of the model");
  return target;
}

/** Whether a path is a directory or below it; both absolute, links resolved. */
function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/** Whether following a link to this directory would come back to where the link is. */
export function isCycle(target: string, place: Place): boolean {
  for (let at: Place | undefined = place; at !== undefined; at = at.parent) {
    if (isInside(at.real, target)) return true;
  }
  return false;
}

export function linkRefused(name: string): MlsignError {
  return new MlsignError(
    "symlink-refused",
    `Cannot sign "${printable(name)}": it is a symbolic link, and links were not allowed`,
    { hint: "replace the link by its target, leave it out, or allow links" },
  );
}

function follow(path: string, name: string): LinkTarget {
  try {
    const real = realpathSync.native(path);
    return { real, stats: lstatSync(real, { bigint: true }) };
  } catch (error) {
    throw escape(name, systemCode(error) === "ELOOP" ? "it leads in a circle" : "it leads nowhere");
  }
}

function escape(name: string, why: string): MlsignError {
  return new MlsignError("symlink-escape", `Cannot follow the link "${printable(name)}": ${why}`);
}
