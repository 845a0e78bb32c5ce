import { isDeepStrictEqual } from "node:util";
import { type Bundle, parseBundle } from "@mlsign/bundle";
import { decide, MlsignError } from "@mlsign/core";
import { type BundleResult, type Trust, verifyBundle } from "@mlsign/verify";
import test from "ava";
import fc from "fast-check";
import { make, METHODS, NOW, STATEMENT } from "./rules.ts";

const originals = METHODS.flatMap((method) =>
  ([1, 2] as const).map((log) => {
    const { json, trust } = make({ method, signing: { logs: [{ log }] } });
    return { name: `${method}, Rekor v${log}`, text: JSON.stringify(json), trust };
  }),
);
type Original = (typeof originals)[number];

const edits = ["flip", "insert", "delete", "truncate"] as const;
const mutation = fc.record({
  original: fc.constantFrom(...originals),
  edit: fc.constantFrom(...edits),
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  byte: fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.constantFrom(...Buffer.from(' \n"\\,:{}[]0=A')),
  ),
});

test("`verifyBundle()` accepts no bundle with a changed byte, unless it still says the same", async (t) => {
  const accepted = new Map<string, number>();
  const property = fc.asyncProperty(mutation, async ({ original, edit, at, byte }) => {
    const bytes = mutated(Buffer.from(original.text), edit, at, byte);
    const [before, after] = [
      await read(Buffer.from(original.text), original),
      await read(bytes, original),
    ];
    if (after === undefined || decide(after.result.findings) !== "accepted") return;
    const reason = explain(before!, after);
    accepted.set(reason, (accepted.get(reason) ?? 0) + 1);
    return reason !== "unexplained";
  });
  await fc.assert(property, { numRuns: 2000 });
  for (const [reason, count] of accepted) t.log(`${count} accepted: ${reason}`);
  t.pass();
});

test("`verifyBundle()` throws nothing but `MlsignError` for a damaged bundle", async (t) => {
  const property = fc.asyncProperty(
    fc.constantFrom(...originals),
    fc.infiniteStream(fc.nat()),
    async ({ text, trust }, numbers) => {
      const json: unknown = JSON.parse(text);
      damage(json, () => Number(numbers.next().value));
      try {
        const bundle = parseBundle(Buffer.from(JSON.stringify(json)));
        await verifyBundle(bundle, trust, { now: NOW, use: "claim" });
      } catch (error) {
        if (!(error instanceof MlsignError)) throw error;
      }
    },
  );
  await fc.assert(property, { numRuns: 2000 });
  t.pass();
});

interface Reading {
  readonly bundle: Bundle;
  readonly result: BundleResult;
}

async function read(
  bytes: Buffer,
  { trust }: { readonly trust: Trust },
): Promise<Reading | undefined> {
  let bundle: Bundle;
  try {
    bundle = parseBundle(bytes);
  } catch (error) {
    if (error instanceof MlsignError) return undefined;
    throw error;
  }
  return { bundle, result: await verifyBundle(bundle, trust, { now: NOW, use: "claim" }) };
}

/** Why a changed bundle may be accepted: by which part that nobody signs for it differs. */
function explain(before: Reading, after: Reading): string {
  if (!isDeepStrictEqual(after.result.times, before.result.times)) return "unexplained";
  for (const [reason, normal] of Object.entries(UNSIGNED)) {
    if (isDeepStrictEqual(normal(after.bundle), normal(before.bundle))) return reason;
  }
  return "unexplained";
}

/** Each takes away one thing that no signature covers. */
const UNSIGNED: Readonly<Record<string, (bundle: Bundle) => Bundle>> = {
  "the same in other white space or escapes": (bundle) => bundle,
  "a hint that is no fingerprint, with a warning": (bundle) => ({
    ...bundle,
    material:
      bundle.material.kind === "publicKey"
        ? { ...bundle.material, hint: undefined }
        : bundle.material,
  }),
  "a keyid beside a certificate, which is never looked at": (bundle) => ({
    ...bundle,
    content:
      bundle.content.kind === "dsse" ? { ...bundle.content, keyid: undefined } : bundle.content,
  }),
  "an index or time that no promise signs for, and that is not used": (bundle) => ({
    ...bundle,
    tlogEntries: bundle.tlogEntries.map((entry) =>
      entry.inclusionPromise === undefined ? { ...entry, logIndex: "", integratedTime: "" } : entry,
    ),
  }),
  "a checkpoint with other text behind its note": (bundle) => ({
    ...bundle,
    tlogEntries: bundle.tlogEntries.map(({ inclusionProof: proof, ...entry }) => ({
      ...entry,
      inclusionProof: proof && {
        ...proof,
        checkpoint: { envelope: proof.checkpoint.envelope.split("\n").slice(0, 3).join("\n") },
      },
    })),
  }),
  "a part of the timestamp that the authority does not sign": (bundle) => ({
    ...bundle,
    timestamps: [],
  }),
};

function mutated(bytes: Buffer, edit: (typeof edits)[number], at: number, byte: number): Buffer {
  const index = Math.floor(at * bytes.length);
  const [head, tail] = [bytes.subarray(0, index), bytes.subarray(index + 1)];
  switch (edit) {
    case "flip":
      return Buffer.concat([head, Buffer.of(bytes[index] === byte ? byte ^ 1 : byte), tail]);
    case "insert":
      return Buffer.concat([head, Buffer.of(byte), bytes.subarray(index)]);
    case "delete":
      return Buffer.concat([head, tail]);
    case "truncate":
      return head;
  }
}

/** Damages one value somewhere inside: another type, another text, or bytes changed below base64. */
function damage(json: unknown, next: () => number): void {
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    for (const key of Object.keys(value)) {
      const holder = value as Record<string, unknown>;
      places.push([holder, key]);
      visit(holder[key]);
    }
  };
  visit(json);
  const [holder, key] = places[next() % places.length]!;
  const value = holder[key];
  const kind = next() % 8;
  if (typeof value === "string" && kind > 2) holder[key] = damagedText(value, next);
  else if (kind === 0) delete holder[key];
  else holder[key] = [null, 7, -1, "", "x", [], {}, true, "MAA=", [value], { value }][next() % 11];
}

function damagedText(text: string, next: () => number): string {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length < 4 || bytes.toString("base64") !== text)
    return text.slice(0, next() % text.length);
  for (let round = 0; round <= next() % 3; round += 1) bytes[next() % bytes.length] = next() % 256;
  return bytes
    .subarray(0, next() % 4 === 0 ? next() % bytes.length : bytes.length)
    .toString("base64");
}

test("`verifyBundle()` accepts the bundles that are changed here, and their payload", async (t) => {
  for (const original of originals) {
    const reading = await read(Buffer.from(original.text), original satisfies Original);
    t.is(decide(reading?.result.findings ?? []), "accepted", original.name);
    t.like(reading?.bundle.content, { payload: STATEMENT });
  }
});
