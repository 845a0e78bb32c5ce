import { decide, type Finding } from "@mlsign/core";
import { parseLocation } from "@mlsign/objects";
import type { LoadedPolicy, PolicyFacts } from "@mlsign/policy";
import type { Host } from "../host.ts";
import { filesSource } from "../storage/model-files.ts";
import { runCheck } from "../storage/run-check.ts";

/** Where the model is stored, as flags say it. */
export interface StorageFlags {
  readonly storage?: readonly string[];
  readonly storageEndpoint?: string;
  readonly storageRegion?: string;
}

interface LookedStorage {
  readonly fact: NonNullable<PolicyFacts["storage"]>;
  /** What was found of the objects, which says why. */
  readonly findings: readonly Finding[];
}

/**
 * Looks whether each object of the model is locked for as long as the policy asks, where the caller
 * says that it is stored; `undefined` where nobody said so.
 */
export async function storageFact(
  model: string,
  { storage: urls = [], storageEndpoint: endpoint, storageRegion: region }: StorageFlags,
  { policy }: LoadedPolicy,
  host: Host,
): Promise<LookedStorage | undefined> {
  if (urls.length === 0) return undefined;
  const now = host.clock();
  const days = daysOf(policy.storage?.minRetention);
  const requiredUntil = days === undefined ? undefined : new Date(now.getTime() + days * DAY);
  const sources = urls.map((url) => {
    const location = parseLocation(url);
    return { url, location, exact: false, targets: filesSource(model, location, host) };
  });
  const flags = { ...(endpoint && { endpoint }), ...(region && { region }) };
  const { findings, locations } = await runCheck(sources, { now, requiredUntil }, flags, host);
  const verdict = decide(findings);
  // Protected means a lock that nobody can lift: COMPLIANCE, or what Google locks for good.
  const lasting = locations.every(({ storage }) => storage === "protected");
  const fact = {
    verdict,
    ...(verdict === "accepted" && { mode: lasting ? "COMPLIANCE" : "GOVERNANCE" }),
    ...(verdict === "accepted" && days !== undefined && { retention: days }),
  };
  return { fact, findings };
}

/** In whole days, rounded up: what is asked for is never less. */
function daysOf(span: string | undefined): number | undefined {
  const [, count, unit] = /^(\d+)([hd])$/.exec(span ?? "") ?? [];
  if (count === undefined) return undefined;
  return unit === "d" ? Number(count) : Math.ceil(Number(count) / 24);
}

const DAY = 86_400_000;
