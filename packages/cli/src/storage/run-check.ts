import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import {
  canonicalJson,
  type Finding,
  finding,
  type JsonObject,
  MlsignError,
  printable,
} from "@mlsign/core";
import { type ObjectStore, redirects, type StoreOptions } from "@mlsign/objects";
import {
  type CheckedLocation,
  checkStorage,
  type DrillOptions,
  judgeEndpoint,
  type StoragePolicy,
} from "@mlsign/storage";
import type { Host } from "../host.ts";
import { say } from "../terminal/output.ts";
import { progressLine } from "../terminal/progress-line.ts";
import { drillJournal } from "./drill-journal.ts";
import type { HorizonFlags } from "./horizon.ts";
import type { Source } from "./source.ts";
import { openTrustedStore } from "./trusted-store.ts";

export interface StoreFlags extends HorizonFlags {
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
  readonly expectedBucketOwner?: string;
  readonly drill?: boolean | string;
  readonly drillProfile?: string;
  readonly evidence?: string;
}

export interface RanCheck {
  readonly findings: readonly Finding[];
  readonly locations: readonly CheckedLocation[];
  readonly drill: { readonly shorten: boolean; readonly canary: boolean } | undefined;
  readonly ignoredVariables: readonly string[];
  readonly evidence: { readonly lines: number; readonly sha256: string };
}

/** Looks at every source, and writes the evidence of each object where a file is named for it. */
export async function runCheck(
  sources: readonly Source[],
  policy: StoragePolicy,
  flags: StoreFlags,
  host: Host,
): Promise<RanCheck> {
  const drill = drillsOf(flags);
  if (drill !== undefined && sources.some(({ location }) => location.scheme === "azure"))
    throw new MlsignError("usage", "Cannot drill at Azure Blob Storage: it is only read from");
  const findings: Finding[] = [];
  const locations: CheckedLocation[] = [];
  const ignored = new Set<string>();
  const evidence = new EvidenceFile(flags.evidence && resolve(host.cwd, flags.evidence));
  const progress = progressLine(host);
  try {
    for (const source of sources) {
      const { url, location, exact } = source;
      for (const name of redirects(host.env, location.scheme)) ignored.add(name);
      const options = storeOptions(flags);
      const store = await openTrustedStore(location.scheme, options, host);
      const pipeline = await pipelineStore(store, source, flags, host);
      try {
        say(host, `asking ${store.endpoint}${until(policy)}`);
        findings.push(judgeEndpoint(store, redirects(host.env, location.scheme)));
        if (drill === undefined) findings.push(...interrupted(store, host));
        const resolved = await source.targets?.(store);
        findings.push(...(resolved?.findings ?? []));
        const drills: DrillOptions | undefined = drill && {
          ...drill,
          store: pipeline,
          journal: drillJournal(host),
        };
        const checked = await checkStorage(store, {
          ...location,
          policy,
          exact,
          ...(resolved && { targets: resolved.targets }),
          drill: drills,
          onObject: (object) => evidence.write(object),
          onProgress: progress.onProgress,
        });
        findings.push(...checked.findings);
        const { storage, objects } = checked;
        locations.push({ url, endpoint: store.endpoint, sdk: store.sdk, storage, objects });
      } finally {
        progress.end();
        if (pipeline !== store) pipeline.close();
        store.close();
      }
    }
  } finally {
    evidence.close();
  }
  const { lines, sha256 } = evidence;
  return {
    findings,
    locations,
    drill,
    ignoredVariables: [...ignored],
    evidence: { lines, sha256 },
  };
}

function storeOptions(flags: StoreFlags): Omit<StoreOptions, "env"> {
  const { endpoint, region, profile, expectedBucketOwner: expectedOwner } = flags;
  return { endpoint, region, profile, expectedOwner };
}

/** What a killed drill left at this store; one that is asked for mends it. */
function interrupted({ endpoint }: ObjectStore, host: Host): Finding[] {
  return drillJournal(host)
    .open()
    .filter((entry) => entry.endpoint === endpoint)
    .map(({ bucket, key, until: date }) =>
      finding(
        "storage-drill-shorten",
        "fail",
        `a drill of ${printable(key)} was interrupted: its retention may end a second before ${date}`,
        { severity: "warning", subject: `${bucket}/${key}`, fix: "run it again with --drill" },
      ),
    );
}

/** The same store with the credentials of the pipeline, where they are others. */
async function pipelineStore(
  store: ObjectStore,
  { location }: Source,
  flags: StoreFlags,
  host: Host,
): Promise<ObjectStore> {
  const { drillProfile: profile } = flags;
  if (profile === undefined) return store;
  return openTrustedStore(location.scheme, { ...storeOptions(flags), profile }, host);
}

/** @throws MlsignError `usage` */
function drillsOf({
  drill,
  drillProfile,
}: StoreFlags): { readonly shorten: boolean; readonly canary: boolean } | undefined {
  if (drill === undefined || drill === false) {
    if (drillProfile !== undefined)
      throw new MlsignError("usage", "Cannot use --drill-profile without --drill");
    return undefined;
  }
  const kinds = drill === true ? ["shorten"] : drill.split(",");
  for (const kind of kinds) {
    if (kind === "shorten" || kind === "canary") continue;
    throw new MlsignError("usage", `Cannot drill ${printable(kind)}: not shorten or canary`, {
      hint: "give --drill shorten,canary",
    });
  }
  return { shorten: kinds.includes("shorten"), canary: kinds.includes("canary") };
}

function until({ requiredUntil }: StoragePolicy): string {
  return requiredUntil === undefined ? "" : `; required until ${requiredUntil.toISOString()}`;
}

/** A line of JSON for each object, in the order in which they were judged. */
class EvidenceFile {
  readonly #hash = createHash("sha256");
  readonly #file: number | undefined;
  #digest: string | undefined;
  lines = 0;

  constructor(path: string | undefined) {
    this.#file = path === undefined ? undefined : openSync(path, "w", 0o644);
  }

  write(object: JsonObject): void {
    const line = `${canonicalJson(object)}\n`;
    this.#hash.update(line);
    this.lines += 1;
    if (this.#file !== undefined) writeSync(this.#file, line);
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
  }

  get sha256(): string {
    this.#digest ??= this.#hash.digest("hex");
    return this.#digest;
  }
}
