import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  byUtf8,
  finding,
  type Finding,
  messageOf,
  MlsignError,
  printable,
  systemCode,
} from "@mlsign/core";
import { eq, valid } from "@renovatebot/pep440";
import { isSdist } from "../artifacts.ts";
import type { PinView } from "../entry.ts";
import { parseWheelName } from "../pip/requirement.ts";
import { pypiName } from "../purl.ts";
import { digestsOf, withFile } from "./digest.ts";
import { PinIndex } from "./pins.ts";
import { hashZip, type WheelLimits } from "./zip.ts";

/** A wheel whose bytes are pinned. */
export interface PinnedWheel {
  readonly path: string;
  readonly filename: string;
  /** Canonical (PEP 503). */
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
}

export interface VerifiedWheelhouse {
  readonly wheels: readonly PinnedWheel[];
  readonly findings: readonly Finding[];
}

/**
 * Checks a directory of wheels (`pip download -d DIR`) against pins: every file has a pinned hash,
 * belongs to the project and version of that pin, and is a sound archive; every pin has a file.
 *
 * @throws MlsignError `file-unreadable`
 */
export async function verifyWheelhouse(options: {
  readonly pins: readonly PinView[];
  readonly wheelhouseDir: string;
  readonly limits?: WheelLimits;
}): Promise<VerifiedWheelhouse> {
  const house: House = {
    directory: options.wheelhouseDir,
    index: new PinIndex(options.pins),
    limits: options.limits,
    used: new Set(),
    wheels: [],
    findings: [],
  };
  for (const filename of filesOf(options.wheelhouseDir)) await judge(house, filename);
  tellMissing(house);
  const { wheels, findings } = house;
  if (wheels.length > 0) {
    findings.push(finding("wheel-match", "pass", `${wheels.length} wheels have a pinned hash`));
  }
  return { wheels, findings };
}

interface House {
  readonly directory: string;
  readonly index: PinIndex;
  readonly limits: WheelLimits | undefined;
  readonly used: Set<PinView>;
  readonly wheels: PinnedWheel[];
  readonly findings: Finding[];
}

async function judge(house: House, filename: string): Promise<void> {
  const path = join(house.directory, filename);
  try {
    await withFile(path, async (descriptor, size) => {
      const digests = digestsOf(descriptor, ["sha256", "sha384", "sha512"]);
      const problem = problemOf(house, filename, digests);
      if (problem !== undefined) fail(house, filename, problem[0], problem[1]);
      else if (filename.endsWith(".whl")) {
        // The same open file: what was hashed is what is read.
        await hashZip(descriptor, size, { keep: () => false, ...limited(house.limits) });
        const { name, version } = parseWheelName(filename) as { name: string; version: string };
        const sha256 = digests.get("sha256") as string;
        house.wheels.push({ path, filename, name: pypiName(name), version, sha256 });
      }
    });
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    fail(house, filename, messageOf(error), "download it again");
  }
}

/** Why a file does not belong here, with the fix. */
function problemOf(
  house: House,
  filename: string,
  digests: ReadonlyMap<string, string>,
): readonly [string, string] | undefined {
  const wheel = parseWheelName(filename);
  if (wheel === undefined && !isSdist(filename)) {
    return ["is neither a wheel nor an sdist", "remove it"];
  }
  const pins = house.index.matching(digests);
  if (pins.length === 0) {
    return wheel !== undefined && house.index.named(wheel.name).length > 0
      ? ["does not have a pinned hash", "download it again with --require-hashes"]
      : ["belongs to no pin", "remove it, or pin it by hash"];
  }
  const own = pins.filter((pin) => wheel === undefined || isOf(pin, wheel));
  if (own.length === 0) {
    return [
      `has the hash of ${pins[0]?.name} ${pins[0]?.version ?? ""}`.trimEnd(),
      "restore its name",
    ];
  }
  for (const pin of own) house.used.add(pin);
  return undefined;
}

function isOf(pin: PinView, wheel: { name: string; version: string }): boolean {
  // A direct reference to an sdist may have no name but its URL's.
  if (pin.name.includes("/")) return true;
  const version = pin.version ?? wheel.version;
  return pypiName(pin.name) === pypiName(wheel.name) && sameVersion(version, wheel.version);
}

/** PEP 440: `1.0` and `1.0.0` are one version. */
export function sameVersion(a: string, b: string): boolean {
  if (a === b) return true;
  return valid(a) !== null && valid(b) !== null && eq(a, b);
}

/** A pin for another platform has no file here, so that this refuses nothing. */
function tellMissing(house: House): void {
  for (const pin of house.index.pins) {
    if (pin.pin !== "hash" || house.used.has(pin)) continue;
    const message = `${pin.name} ${pin.version ?? ""}`.trimEnd();
    house.findings.push(
      finding(
        "wheel-match",
        "fail",
        printable(`${message}: the wheelhouse holds no file of this pin`),
        {
          severity: "warning",
          subject: pin.name,
          location: pin.location,
        },
      ),
    );
  }
}

function fail(house: House, filename: string, reason: string, fix: string): void {
  const message = printable(`${filename} ${reason}`);
  house.findings.push(finding("wheel-match", "fail", message, { subject: filename, fix }));
}

function filesOf(directory: string): string[] {
  try {
    return readdirSync(directory).toSorted(byUtf8);
  } catch (error) {
    const code = systemCode(error) ?? "unknown error";
    const message = `Cannot list "${printable(directory)}": ${code}`;
    throw new MlsignError("file-unreadable", message, { cause: error });
  }
}

function limited(limits: WheelLimits | undefined): { limits?: WheelLimits } {
  return limits === undefined ? {} : { limits };
}
