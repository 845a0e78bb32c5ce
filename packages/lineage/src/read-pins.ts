import { inParallel, type ObjectFacts } from "@mlsign/objects";
import type { Pin } from "./facts.ts";
import { AT_ONCE, type DataRemote } from "./pin-data.ts";

/** What a look at a pinned version came to. */
export interface PinReading {
  readonly pin: Pin;
  readonly outcome: "same" | "gone" | "differs" | "unreadable";
  /** Another version is what the key means now; `undefined` where that could not be told. */
  readonly shadowed: boolean | undefined;
}

/** Looks at every pinned version anew. */
export async function readPins(
  { bucket, store }: Pick<DataRemote, "bucket" | "store">,
  pins: readonly Pin[],
): Promise<PinReading[]> {
  const readings = new Map<Pin, PinReading>();
  await inParallel(pins, AT_ONCE, async (pin) => {
    const { key, versionId } = pin;
    const facts = await store.object({ bucket, key, versionId });
    readings.set(pin, { pin, outcome: compare(pin, facts), shadowed: isShadowed(pin, facts) });
  });
  return pins.flatMap((pin) => readings.get(pin) ?? []);
}

function compare(pin: Pin, { head }: ObjectFacts): PinReading["outcome"] {
  if (head.kind === "none") return "gone";
  if (head.kind !== "value") return "unreadable";
  const { size, md5, checksums, versionId } = head.value;
  if (versionId !== pin.versionId || size !== pin.size) return "differs";
  const now = new Map(checksums.map(({ algorithm, value }) => [algorithm, value]));
  if (md5 !== undefined) now.set("MD5", md5);
  const differs = Object.entries(pin.checksums).some(
    ([name, value]) => now.has(name) && now.get(name) !== value,
  );
  return differs ? "differs" : "same";
}

function isShadowed({ versionId }: Pin, facts: ObjectFacts): boolean | undefined {
  if (facts.provider === "gcs")
    return facts.live.kind === "value" ? facts.live.value !== versionId : undefined;
  if (facts.versions.kind !== "value") return undefined;
  const latest = facts.versions.value.find(({ isLatest }) => isLatest);
  return latest && latest.versionId !== versionId;
}
