import { MlsignError } from "@mlsign/core";
import { digestsOf, withFile } from "./digest.ts";
import type { PinnedWheel } from "./wheelhouse.ts";
import { hashZip, type WheelLimits, type ZippedFile } from "./zip.ts";

/** Where a file of a wheel goes: PEP 427's schemes. `root` is the directory of packages itself. */
type Scheme = "root" | "scripts" | "data" | "headers";

export interface WheelFile {
  readonly scheme: Scheme;
  /** Within its scheme. */
  readonly path: string;
  readonly sha256: string;
  /** Of scripts: the installer rewrites their first line. */
  readonly bytes?: Buffer;
}

export interface WheelContents {
  readonly files: readonly WheelFile[];
  /** Names of launchers that an installer generates, with the `module:object` that they call. */
  readonly launchers: ReadonlyMap<string, string>;
}

/**
 * What a pinned wheel would install.
 *
 * @throws MlsignError `archive-invalid`, `limit-exceeded`, `file-unreadable`; `file-changed-while-hashing`
 *   where the wheel is no longer the one that was verified.
 */
export async function readContents(
  wheel: PinnedWheel,
  limits?: WheelLimits,
): Promise<WheelContents> {
  return withFile(wheel.path, async (descriptor, size) => {
    if (digestsOf(descriptor, ["sha256"]).get("sha256") !== wheel.sha256) {
      throw new MlsignError("file-changed-while-hashing", `"${wheel.filename}" changed`);
    }
    const keep = (name: string): boolean =>
      /\.data\/scripts\//.test(name) || name.endsWith(".dist-info/entry_points.txt");
    const zipped = await hashZip(descriptor, size, { keep, ...(limits && { limits }) });
    const entryPoints = [...zipped.values()].find(({ name }) =>
      name.endsWith(".dist-info/entry_points.txt"),
    );
    return {
      files: [...zipped.values()].map(place),
      launchers: launchersOf(entryPoints?.bytes?.toString("utf8") ?? ""),
    };
  });
}

function place({ name, sha256, bytes }: ZippedFile): WheelFile {
  const match = /^[^/]+\.data\/(purelib|platlib|scripts|data|headers)\/(.+)$/s.exec(name);
  if (match === null) return { scheme: "root", path: name, sha256 };
  const [, kind, path] = match as unknown as [string, string, string];
  const scheme = kind === "purelib" || kind === "platlib" ? "root" : (kind as Scheme);
  return { scheme, path, sha256, ...(scheme === "scripts" && bytes && { bytes }) };
}

function launchersOf(text: string): Map<string, string> {
  const launchers = new Map<string, string>();
  let section = "";
  for (const line of text.split(/\r?\n/)) {
    section = /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1]?.trim() ?? section;
    const match = /^\s*([^=#;[]+?)\s*=\s*([\w.]+\s*:\s*[\w.]+)/.exec(line);
    if (match === null || !/^(?:console|gui)_scripts$/.test(section)) continue;
    launchers.set(match[1] as string, (match[2] as string).replace(/\s/g, ""));
  }
  return launchers;
}
