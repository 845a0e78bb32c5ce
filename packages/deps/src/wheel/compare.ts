import { existsSync, lstatSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { messageOf, MlsignError } from "@mlsign/core";
import type { WheelContents, WheelFile } from "./contents.ts";
import { sha256Of } from "./digest.ts";
import { isLauncher, isRewritten } from "./scripts.ts";
import type { Distribution, Site } from "./site.ts";

/** One file of a wheel that is not installed as it is in the wheel. */
export interface Difference {
  readonly path: string;
  readonly kind: "changed" | "missing";
  readonly why?: string;
}

export interface Comparison {
  /** How many files of the wheel are installed as they are in it. */
  readonly matched: number;
  /** Paths in the site that the wheel accounts for. */
  readonly owned: ReadonlySet<string>;
  readonly differences: readonly Difference[];
}

/** Compares an installed distribution with a pinned wheel, byte by byte through SHA-256. */
export async function compareInstalled(
  site: Site,
  distribution: Distribution,
  wheel: WheelContents,
): Promise<Comparison> {
  const owned = new Set<string>();
  const differences: Difference[] = [];
  const record = `${distribution.directory}/RECORD`;
  // The installer writes RECORD anew.
  const files = wheel.files.filter(({ scheme, path }) => scheme !== "root" || path !== record);
  for (const file of files) {
    const place = placesOf(site, distribution, file).find(({ absolute }) => existsSync(absolute));
    const path = place?.path ?? file.path;
    owned.add(path);
    if (place === undefined) differences.push({ path, kind: "missing" });
    else {
      const why = await differs(place.absolute, file);
      if (why !== undefined)
        differences.push({ path, kind: "changed", ...(why !== "" && { why }) });
    }
  }
  for (const name of ADDED) owned.add(`${distribution.directory}/${name}`);
  for (const path of launchersIn(site, wheel)) owned.add(path);
  const matched = files.length - differences.length;
  return { matched, owned, differences: [...differences, ...changedLaunchers(site, wheel)] };
}

interface Place {
  readonly path: string;
  readonly absolute: string;
}

/** Where a file may be: in the site, or below the prefix whose `lib/pythonX.Y/site-packages` it is. */
function placesOf(site: Site, distribution: Distribution, file: WheelFile): Place[] {
  const prefixes = ["", "../../../", "../../"];
  const places = {
    root: [file.path],
    scripts: prefixes.flatMap((p) => [`${p}bin/${file.path}`, `${p}Scripts/${file.path}`]),
    data: prefixes.toReversed().map((p) => p + file.path),
    headers: prefixes.flatMap((p) => headers(p, distribution, file.path, site.root)),
  };
  return places[file.scheme].map((path) => ({ path, absolute: join(site.root, path) }));
}

function headers(prefix: string, { name }: Distribution, path: string, root: string): string[] {
  const python = /python[\d.]+/.exec(root)?.[0] ?? "python3";
  return [`${prefix}include/site/${python}/${name}/${path}`, `${prefix}include/${name}/${path}`];
}

/** Why an installed file differs; "" where only its digest does. */
async function differs(absolute: string, file: WheelFile): Promise<string | undefined> {
  try {
    if ((await sha256Of(absolute)) === file.sha256) return undefined;
    const same = file.bytes !== undefined && isRewritten(file.bytes, readFileSync(absolute));
    return same ? undefined : "";
  } catch (error) {
    if (error instanceof MlsignError) return messageOf(error);
    throw error;
  }
}

/** Generated launchers that stand in the site itself, as `pip install --target` leaves them. */
function launchersIn(site: Site, { launchers }: WheelContents): string[] {
  return site.scripts.flatMap((name) => {
    // pip makes one more for itself, with the version of Python in its name.
    const target = launchers.get(name) ?? launchers.get(name.replace(/^pip[\d.]+$/, "pip"));
    const path = `bin/${name}`;
    if (target === undefined || site.files.get(path) !== "file") return [];
    return isLauncher(readFileSync(join(site.root, path)), target) ? [path] : [];
  });
}

/**
 * Programs that an environment has beside its packages under a launcher's name and that are none. One
 * that is not there is not missed: not every installer makes them.
 */
function changedLaunchers(site: Site, { launchers }: WheelContents): Difference[] {
  if (!/[/\\]lib\d*[/\\](?:python|pypy)[\d.]+[/\\](?:site|dist)-packages$/.test(resolve(site.root)))
    return [];
  return [...launchers].flatMap(([name, target]) => {
    const path = `../../../bin/${name}`;
    const program = join(site.root, path);
    if (name.includes("/") || lstatSync(program, { throwIfNoEntry: false }) === undefined)
      return [];
    const why = launcherFault(program, target);
    return why === undefined ? [] : [{ path, kind: "changed" as const, why }];
  });
}

function launcherFault(program: string, target: string): string | undefined {
  if (!lstatSync(program).isFile()) return "it is no regular file";
  if (lstatSync(program).size > MAX_LAUNCHER) return "it is larger than a launcher";
  return isLauncher(readFileSync(program), target)
    ? undefined
    : `it is not the launcher of ${target} that installers generate`;
}

/** What installers add to a `.dist-info`; nothing of it is run. */
const ADDED: readonly string[] = [
  "INSTALLER",
  "RECORD",
  "REQUESTED",
  "direct_url.json",
  "uv_cache.json",
  "uv_build.json",
];
const MAX_LAUNCHER = 64 * 1024;
