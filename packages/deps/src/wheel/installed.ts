import { readFileSync } from "node:fs";
import { join } from "node:path";
import { finding, type Finding, messageOf, MlsignError, printable } from "@mlsign/core";
import type { PinView } from "../entry.ts";
import { pypiName } from "../purl.ts";
import { compareInstalled, type Comparison, type Difference } from "./compare.ts";
import { readContents } from "./contents.ts";
import { sha256Of } from "./digest.ts";
import { PinIndex } from "./pins.ts";
import { parseRecord, type WheelRecord } from "./record.ts";
import { type Distribution, listSite, type Site } from "./site.ts";
import { tellUnowned } from "./unowned.ts";
import { type PinnedWheel, sameVersion, verifyWheelhouse } from "./wheelhouse.ts";
import type { WheelLimits } from "./zip.ts";

export interface VerifyInstalledOptions {
  readonly pins: readonly PinView[];
  /** Where the pinned wheels are; without them nothing can be proved. */
  readonly wheelhouseDir?: string;
  readonly sitePackagesDir: string;
  /** Projects that may be installed without a pin, such as pip itself. Their files are not verified. */
  readonly allowUnpinned?: readonly string[];
  readonly limits?: WheelLimits;
}

/**
 * The chain from pins to what Python imports: pinned hash, wheel, every file of the wheel, the
 * installed file, and then what nobody owns. `RECORD` is never believed: whoever changes a module can
 * change it too.
 *
 * @throws MlsignError `file-unreadable`, `limit-exceeded`
 */
export async function verifyInstalled(
  options: VerifyInstalledOptions,
): Promise<readonly Finding[]> {
  const house =
    options.wheelhouseDir === undefined
      ? { wheels: [], findings: [] }
      : await verifyWheelhouse({ ...options, wheelhouseDir: options.wheelhouseDir });
  const state: State = {
    site: listSite(options.sitePackagesDir),
    index: new PinIndex(options.pins),
    wheels: house.wheels,
    allowed: new Set((options.allowUnpinned ?? []).map(pypiName)),
    limits: options.limits,
    owned: new Set(),
    claimed: new Set(),
    findings: [...house.findings],
    matched: 0,
  };
  for (const distribution of state.site.distributions) await judge(state, distribution);
  tellUnowned(state);
  if (state.matched > 0) {
    const message = `${state.matched} installed files are those of a pinned wheel`;
    state.findings.push(finding("installed-match", "pass", message));
  }
  return state.findings;
}

interface State {
  readonly site: Site;
  readonly index: PinIndex;
  readonly wheels: readonly PinnedWheel[];
  readonly allowed: ReadonlySet<string>;
  readonly limits: WheelLimits | undefined;
  /** Paths that a pinned wheel accounts for. */
  readonly owned: Set<string>;
  /** Paths that only a RECORD accounts for. */
  readonly claimed: Set<string>;
  readonly findings: Finding[];
  matched: number;
}

async function judge(state: State, distribution: Distribution): Promise<void> {
  const name = pypiName(distribution.name);
  const candidates = state.wheels.filter(
    (wheel) => wheel.name === name && sameVersion(wheel.version, distribution.version),
  );
  if (candidates.length === 0) {
    await judgeUnproved(state, distribution, name);
    return;
  }
  const best = await closest(state, distribution, candidates);
  if (best === undefined) return;
  const record = recordOf(state.site, distribution);
  for (const path of best.owned) state.owned.add(path);
  state.matched += best.matched;
  for (const difference of best.differences) await tell(state, distribution, difference, record);
}

/** Of wheels for several platforms, the one that was installed is the one that fits best. */
async function closest(
  state: State,
  distribution: Distribution,
  candidates: readonly PinnedWheel[],
): Promise<Comparison | undefined> {
  let best: Comparison | undefined;
  for (const wheel of candidates) {
    try {
      const contents = await readContents(wheel, state.limits);
      const found = await compareInstalled(state.site, distribution, contents);
      if (best === undefined || found.differences.length < best.differences.length) best = found;
      if (best.differences.length === 0) break;
    } catch (error) {
      if (!(error instanceof MlsignError)) throw error;
      const message = printable(messageOf(error));
      state.findings.push(finding("wheel-match", "fail", message, { subject: wheel.filename }));
    }
  }
  return best;
}

/** Without a pinned wheel there is only RECORD, which proves nothing. */
async function judgeUnproved(
  state: State,
  distribution: Distribution,
  name: string,
): Promise<void> {
  const record = recordOf(state.site, distribution);
  for (const path of record.keys()) state.claimed.add(path);
  for (const path of state.site.files.keys()) {
    if (path.startsWith(`${distribution.directory}/`)) state.claimed.add(path);
  }
  const what = `${distribution.name} ${distribution.version}`;
  const subject = distribution.name;
  if (
    state.index
      .named(name)
      .some(
        ({ version, pin }) =>
          pin === "hash" && (version === undefined || sameVersion(version, distribution.version)),
      )
  ) {
    const message = printable(`${what} is pinned, but there is no pinned wheel to compare it with`);
    const fix = "give the wheelhouse that it was installed from";
    state.findings.push(finding("installed-match", "unknown", message, { subject, fix }));
  } else if (state.allowed.has(name)) {
    const message = printable(
      `${what} is installed without a pin, as allowed; its files were not verified`,
    );
    state.findings.push(
      finding("installed-unowned", "fail", message, { subject, severity: "note" }),
    );
  } else {
    const message = printable(`${what} is installed, and no pin names it`);
    const fix = "pin it by hash, or uninstall it";
    state.findings.push(finding("installed-unowned", "fail", message, { subject, fix }));
  }
}

async function tell(
  state: State,
  distribution: Distribution,
  difference: Difference,
  record: WheelRecord,
): Promise<void> {
  const { path, kind, why } = difference;
  const detail =
    kind === "missing"
      ? "is missing"
      : `is not the file of the wheel${why === undefined ? await rewritten(state, path, record) : `: ${why}`}`;
  state.findings.push(
    finding("installed-match", "fail", printable(`${path} ${detail}`), {
      subject: distribution.name,
      location: { path },
      fix: "install it again from the wheelhouse into an empty environment",
    }),
  );
}

/** A RECORD that agrees with the changed file was changed with it. */
async function rewritten(state: State, path: string, record: WheelRecord): Promise<string> {
  const told = record.get(path);
  if (told === undefined) return "";
  return told === (await sha256Of(join(state.site.root, path)))
    ? ", and RECORD was rewritten to hide it"
    : "";
}

function recordOf(site: Site, { directory }: Distribution): WheelRecord {
  if (site.files.get(`${directory}/RECORD`) !== "file") return new Map();
  return parseRecord(readFileSync(join(site.root, directory, "RECORD"), "utf8"));
}
