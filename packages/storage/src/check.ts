import {
  decide,
  type Finding,
  finding,
  type JsonObject,
  type OnProgress,
  type Verdict,
} from "@mlsign/core";
import {
  type Attempt,
  type BucketFacts,
  inParallel,
  type ObjectStore,
  type ObjectVersion,
} from "@mlsign/objects";
import { CHECKS } from "./checks.ts";
import { CANARY, drillCanary } from "./drill-canary.ts";
import { drillShorten, recoverDrills } from "./drill-shorten.ts";
import { type DrillJournal } from "./drill.ts";
import { attemptJson, objectEvidence } from "./evidence.ts";
import { judgeBucket } from "./judge-bucket.ts";
import { judge } from "./judge.ts";
import {
  type Expectation,
  judged,
  type Reason,
  type StoragePolicy,
  type StorageVerdict,
  VERDICTS,
} from "./verdict.ts";

/** An object that must be there. */
export interface Target {
  readonly key: string;
  readonly expected: Expectation;
}

export interface DrillOptions {
  readonly shorten: boolean;
  readonly canary: boolean;
  /** Opened with the pipeline's credentials. */
  readonly store: ObjectStore;
  readonly journal?: DrillJournal | undefined;
}

export interface CheckOptions {
  readonly bucket: string;
  readonly prefix: string;
  readonly policy: StoragePolicy;
  /** What must be there, in place of whatever lies below the prefix. */
  readonly targets?: Iterable<Target> | AsyncIterable<Target>;
  /** Whether anything else below the prefix is a stranger's. */
  readonly exact?: boolean;
  readonly drill?: DrillOptions | undefined;
  /** Is handed the evidence of each object, in no order, as it comes. */
  readonly onObject?: (evidence: JsonObject) => void;
  readonly onProgress?: OnProgress;
}

export interface CheckedStorage {
  readonly verdict: Verdict;
  /** The worst of all objects. */
  readonly storage: StorageVerdict;
  readonly objects: Readonly<Record<StorageVerdict, number>>;
  readonly findings: readonly Finding[];
}

/**
 * Judges every object below a prefix, or every one that must be there, 16 at a time. What is kept
 * does not grow with their number: counts, and the first few objects of each reason.
 */
export async function checkStorage(
  store: ObjectStore,
  options: CheckOptions,
): Promise<CheckedStorage> {
  const { bucket, prefix, drill, exact = false, onObject, onProgress } = options;
  const facts = await store.bucket(bucket);
  const tally = new Tally(options);
  if (facts.provider === "s3" && facts.otherOwner === true) return tally.foreign();
  const stores = drill && { reader: store, pipeline: drill.store, journal: drill.journal };
  if (stores?.journal !== undefined)
    for (const reason of await recoverDrills(stores, stores.journal)) tally.note("", reason);

  const power = drill === undefined ? facts : await pipelinePower(facts, drill.store, bucket);
  await inParallel(todo(store, options), WIDTH, async ({ key, expected, versions }) => {
    const object = await store.object({ bucket, key, versionId: expected.versionId }, versions);
    const policy = { ...options.policy, now: later(options.policy.now, store.serverTime()) };
    const found = judge(power, object, expected, policy);
    const shorten =
      stores !== undefined && drill?.shorten === true
        ? await drillShorten(stores, bucket, object)
        : undefined;
    const judgement = judged([...found.reasons, ...(shorten?.reasons ?? [])]);
    tally.add(key, judgement, expected.versionId !== undefined || bindsKeys(facts));
    onObject?.(
      objectEvidence({
        store,
        bucket: power,
        object,
        expected,
        policy,
        judgement,
        drill: shorten?.attempts,
      }),
    );
    onProgress?.({ step: "checking objects", done: tally.done, total: tally.done, unit: "items" });
  });
  if (exact) await strangers(store, options, tally);
  for (const reason of judgeBucket(facts, options.policy)) tally.note(prefix, reason);
  const attempts = await canary(stores, drill, options, tally);
  return tally.result(store, drill, attempts);
}

/** Whether what is retained can be neither overwritten nor deleted: a name is as good as a version then. */
function bindsKeys(facts: BucketFacts): boolean {
  if (facts.provider !== "gcs" || facts.metadata.kind !== "value") return false;
  const { retention, versioning } = facts.metadata.value;
  return retention?.locked === true && !versioning;
}

/** A target, or an object of the listing with the versions that came along. */
interface Todo extends Target {
  readonly versions?: readonly ObjectVersion[] | undefined;
}

async function* todo(
  store: ObjectStore,
  { bucket, prefix, targets }: CheckOptions,
): AsyncIterable<Todo> {
  if (targets !== undefined) {
    yield* targets;
    return;
  }
  const own = new RegExp(`(?:^|/)${CANARY.replaceAll(".", "\\.")}$`);
  for await (const { key, versions } of store.list(bucket, prefix))
    if (!own.test(key)) yield { key, expected: {}, versions };
}

/** Objects below the prefix that nobody signed. */
async function strangers(
  store: ObjectStore,
  { bucket, prefix, targets }: CheckOptions,
  tally: Tally,
): Promise<void> {
  const known = new Set<string>();
  for await (const { key } of targets ?? []) known.add(key);
  for await (const { key, versions } of store.list(bucket, prefix)) {
    const hidden = versions?.some(({ isLatest, isMarker }) => isLatest && isMarker) ?? false;
    if (known.has(key) || hidden || key.endsWith(CANARY)) continue;
    tally.add(
      key,
      judged([
        {
          check: "STO-020",
          code: "unsigned-object-in-prefix",
          verdict: "tampered",
          message: "it is not among the model's files",
          fix: "find out who wrote it, and sign it or take it away",
        },
      ]),
      true,
    );
  }
}

/** What the drill's credentials could undo, rather than the reader's. */
async function pipelinePower(
  facts: BucketFacts,
  store: ObjectStore,
  bucket: string,
): Promise<BucketFacts> {
  if (facts.provider !== "gcs") return facts;
  const own = await store.bucket(bucket);
  return own.provider === "gcs" ? { ...facts, permissions: own.permissions } : facts;
}

async function canary(
  stores: Parameters<typeof drillCanary>[0] | undefined,
  drill: DrillOptions | undefined,
  { bucket, prefix }: CheckOptions,
  tally: Tally,
): Promise<readonly (Attempt & { readonly step: string })[] | undefined> {
  if (stores === undefined || drill?.canary !== true) return undefined;
  const { key, attempts, reasons, createOnly } = await drillCanary(stores, { bucket, prefix });
  tally.add(key, judged(reasons), true, false);
  if (createOnly !== undefined) {
    tally.note(key, {
      check: "STO-062",
      code: createOnly ? "create-only-refused" : "create-only-ignored",
      verdict: "protected",
      ...(!createOnly && { severity: "warning" as const }),
      message: createOnly
        ? "the store refuses to create what is there, where it is asked to"
        : "the store writes over what is there although it is asked not to",
      ...(!createOnly && { fix: "pin versions: nothing else tells an overwrite in this store" }),
    });
  }
  if (reasons.length === 0)
    tally.findings.push(
      finding(CHECKS["STO-061"], "pass", "the canary was not deleted, shortened or overwritten", {
        subject: `${bucket}/${key}`,
        evidence: {
          check: "STO-061",
          attempts: attempts.map((it) => ({ step: it.step, ...attemptJson(it) })),
        },
      }),
    );
  return attempts;
}

interface Told {
  readonly reason: Reason;
  readonly keys: string[];
  count: number;
}

/** Counts, and the first few objects of each reason. */
class Tally {
  readonly findings: Finding[] = [];
  readonly #options: CheckOptions;
  readonly #told = new Map<string, Told>();
  readonly #counts: Record<StorageVerdict, number> = {
    tampered: 0,
    unprotected: 0,
    unknown: 0,
    weak: 0,
    protected: 0,
  };
  #canary: StorageVerdict = "protected";
  #unpinned = 0;
  done = 0;

  constructor(options: CheckOptions) {
    this.#options = options;
  }

  add(
    key: string,
    { verdict, reasons }: { readonly verdict: StorageVerdict; readonly reasons: readonly Reason[] },
    pinned: boolean,
    counts = true,
  ): void {
    for (const reason of reasons) this.note(key, reason);
    if (!counts) {
      this.#canary = verdict;
      return;
    }
    this.#counts[verdict] += 1;
    this.done += 1;
    if (!pinned) this.#unpinned += 1;
  }

  note(key: string, reason: Reason): void {
    const id = `${reason.code} ${reason.verdict}`;
    const one = this.#told.get(id) ?? { reason, keys: [], count: 0 };
    one.count += 1;
    if (one.keys.length < MOST_KEYS) one.keys.push(key);
    this.#told.set(id, one);
  }

  /** Another account's bucket: nothing in it is looked at. */
  foreign(): CheckedStorage {
    const { bucket } = this.#options;
    const found = finding(
      CHECKS["STO-090"],
      "unknown",
      "the bucket belongs to another account than the expected one",
      {
        subject: bucket,
        fix: "find out whose bucket it is, or give its account with --expected-bucket-owner",
        evidence: { check: "STO-090", reason: "bucket-owner-mismatch", verdict: "unknown", bucket },
      },
    );
    return {
      verdict: decide([found]),
      storage: "unknown",
      objects: { ...this.#counts },
      findings: [found],
    };
  }

  result(
    store: ObjectStore,
    drill: DrillOptions | undefined,
    attempts: readonly Attempt[] | undefined,
  ): CheckedStorage {
    const { bucket, prefix, targets } = this.#options;
    const nothing =
      targets === undefined
        ? "there is no object below this prefix"
        : "no object is known of what is meant";
    const counts = this.#counts;
    const findings = [...this.#told.values()].map((it) => findingOf(it, this.#options));
    findings.push(...this.findings);
    const { done } = this;
    if (this.#unpinned > 0) {
      findings.push(
        finding(
          CHECKS["STO-011"],
          "fail",
          `${this.#unpinned} of ${done} ${done === 1 ? "object is" : "objects are"} known by key alone: a later write would not be noticed`,
          {
            severity: "note",
            subject: `${bucket}/${prefix}`,
            fix: "mlsign storage pin MODEL, or DVC's version_aware",
            evidence: { check: "STO-011", objects: this.#unpinned },
          },
        ),
      );
    }
    if (counts.protected > 0) {
      const message = `${counts.protected} of ${done} ${done === 1 ? "object is" : "objects are"} protected`;
      findings.push(
        finding(CHECKS["STO-040"], "pass", message, {
          subject: `${bucket}/${prefix}`,
          evidence: {
            check: "STO-040",
            endpoint: store.endpoint,
            drill: drill === undefined ? null : { shorten: drill.shorten, canary: drill.canary },
            ...counts,
          },
        }),
      );
    }
    if (done === 0) {
      findings.push(
        finding(CHECKS["STO-010"], "fail", nothing, {
          fix: targets === undefined ? "give the prefix that the objects have" : "push them",
          evidence: { check: "STO-010", endpoint: store.endpoint },
        }),
      );
    }
    const storage =
      VERDICTS.find((it) => counts[it] > 0 || (it === this.#canary && attempts !== undefined)) ??
      "unknown";
    return { verdict: decide(findings), storage, objects: { ...counts }, findings };
  }
}

function findingOf({ reason, keys, count }: Told, { bucket, policy }: CheckOptions): Finding {
  const { check, code, verdict, message, fix } = reason;
  const more = count === 1 ? "" : ` (and ${count - 1} more of the kind)`;
  const outcome = verdict === "unknown" ? "unknown" : "fail";
  const severity = verdict === "protected" ? (reason.severity ?? "note") : "error";
  const first = keys[0] ?? "";
  return finding(CHECKS[check], outcome, `${first === "" ? "" : `${first}: `}${message}${more}`, {
    severity,
    subject: `${bucket}/${first}`,
    ...(fix !== undefined && { fix }),
    evidence: {
      check,
      reason: code,
      verdict,
      bucket,
      objects: count,
      keys,
      requiredUntil: policy.requiredUntil?.toISOString() ?? null,
    },
  });
}

/** A clock that runs late must not make a retention look longer than it is. */
function later(now: Date, server: Date | undefined): Date {
  return server !== undefined && server > now ? server : now;
}

const WIDTH = 16;
const MOST_KEYS = 20;
