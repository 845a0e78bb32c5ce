import { decide, finding, type Finding, type OnProgress, type Verdict } from "@mlsign/core";
import { inParallel, type ObjectStore } from "@mlsign/objects";
import { CHECKS } from "./checks.ts";
import { drillShorten } from "./drill.ts";
import { judge } from "./judge.ts";
import {
  type Expectation,
  judged,
  type Reason,
  type StoragePolicy,
  type StorageVerdict,
  VERDICTS,
} from "./verdict.ts";

export interface CheckOptions {
  readonly bucket: string;
  readonly prefix: string;
  readonly policy: StoragePolicy;
  readonly drill?: boolean;
  readonly expected?: (key: string) => Expectation;
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
 * Judges every object below a prefix, 16 at a time. What is kept does not grow with their number:
 * counts, and the first few objects of each reason.
 */
export async function checkStorage(
  store: ObjectStore,
  options: CheckOptions,
): Promise<CheckedStorage> {
  const { bucket, prefix, expected = () => ({}), drill = false, onProgress } = options;
  const facts = await store.bucket(bucket);
  const counts: Record<StorageVerdict, number> = {
    tampered: 0,
    unprotected: 0,
    unknown: 0,
    weak: 0,
    protected: 0,
  };
  const told = new Map<string, Told>();
  let done = 0;
  await inParallel(store.list(bucket, prefix), WIDTH, async ({ key, versions }) => {
    const wanted: Expectation = expected(key);
    const object = await store.object({ bucket, key, versionId: wanted.versionId }, versions);
    const policy = { ...options.policy, now: later(options.policy.now, store.serverTime()) };
    const found = judge(facts, object, wanted, policy);
    const drilled = drill ? (await drillShorten(store, bucket, object)).reasons : [];
    const { verdict, reasons } = judged([...found.reasons, ...drilled]);
    counts[verdict] += 1;
    for (const reason of reasons) note(told, key, reason);
    done += 1;
    onProgress?.({ step: "checking objects", done, total: done, unit: "items" });
  });
  const findings = [...told.values()].map((it) => findingOf(it, options));
  if (counts.protected > 0) {
    findings.push(
      finding(
        CHECKS["STO-040"],
        "pass",
        `${counts.protected} of ${done} ${done === 1 ? "object is" : "objects are"} protected`,
        {
          subject: `${bucket}/${prefix}`,
          evidence: { check: "STO-040", endpoint: store.endpoint, drill, ...counts },
        },
      ),
    );
  }
  if (done === 0) {
    findings.push(
      finding(CHECKS["STO-010"], "fail", "there is no object below this prefix", {
        fix: "give the prefix that the objects have, or push them",
        evidence: { check: "STO-010", endpoint: store.endpoint },
      }),
    );
  }
  const storage = VERDICTS.find((it) => counts[it] > 0) ?? "unknown";
  return { verdict: decide(findings), storage, objects: counts, findings };
}

interface Told {
  readonly reason: Reason;
  readonly keys: string[];
  count: number;
}

function note(told: Map<string, Told>, key: string, reason: Reason): void {
  const id = `${reason.code} ${reason.verdict}`;
  const one = told.get(id) ?? { reason, keys: [], count: 0 };
  one.count += 1;
  if (one.keys.length < MOST_KEYS) one.keys.push(key);
  told.set(id, one);
}

function findingOf({ reason, keys, count }: Told, { bucket, policy }: CheckOptions): Finding {
  const { check, code, verdict, message, fix } = reason;
  const more = count === 1 ? "" : ` (and ${count - 1} more of the kind)`;
  const outcome = verdict === "unknown" ? "unknown" : "fail";
  const severity = verdict === "protected" ? "note" : "error";
  return finding(CHECKS[check], outcome, `${keys[0] ?? ""}: ${message}${more}`, {
    severity,
    subject: `${bucket}/${keys[0] ?? ""}`,
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
