import type { EdgeStatus } from "@mlsign/core";
import type { ClaimFacts, Thing } from "./facts.ts";
import type { StoredSigner, Verdict } from "./journal.ts";
import type { ClaimRow, LinkRow, SubjectRow, ThingRow } from "./lineage-index.ts";
import { keyOf } from "./sql/rows.ts";
import { factsOf, IndexMismatch, type Store } from "./store.ts";

/** Verifies a bundle anew, from its bytes. */
export type Recheck = (bytes: Uint8Array, sha256: string) => Promise<Verdict>;

/** A claim as the bundle and the journal have it; the index only led there. */
export interface ClaimView {
  readonly id: number;
  readonly sha256: string;
  readonly facts: ClaimFacts;
  readonly status: Exclude<EdgeStatus, "missing">;
  readonly signer: StoredSigner | undefined;
  readonly time: string | undefined;
  /** By the journal. */
  readonly added: string;
  readonly source: string;
  /** What it is about, and what it names, by what they are known by. */
  readonly things: ReadonlyMap<string, Thing>;
}

/**
 * Reads claims from their bundles and the journal, so that no answer rests on the index alone.
 *
 * @throws MlsignError `store-broken`; IndexMismatch
 */
export async function viewClaims(
  store: Store,
  rows: readonly ClaimRow[],
  recheck: Recheck | undefined,
): Promise<Map<number, ClaimView>> {
  const views = new Map<number, ClaimView>();
  for (const row of rows) {
    const entry = await store.entryOf(row);
    const bytes = await store.bundle(row.sha256);
    const facts = bytes && factsOf(bytes);
    if (bytes === undefined || facts === undefined) throw new IndexMismatch();
    const verdict = recheck === undefined ? entry : await recheck(bytes, row.sha256);
    const things = [...facts.subjects, ...facts.links.map(({ to }) => to)];
    views.set(row.id, {
      id: row.id,
      sha256: row.sha256,
      facts,
      status: verdict.status,
      signer: verdict.signer,
      time: verdict.time,
      added: row.added,
      source: entry.source,
      things: new Map(things.map((thing) => [keyOf(thing), thing])),
    });
  }
  return views;
}

/** @throws IndexMismatch where a claim does not say what the index says that it does. */
export function confirmLinks(
  links: readonly LinkRow[],
  views: ReadonlyMap<number, ClaimView>,
  things: ReadonlyMap<number, ThingRow>,
): void {
  const said = new Map<number, ReadonlySet<string>>();
  for (const { source, target, relation, claim } of links) {
    const facts = views.get(claim)?.facts;
    if (facts === undefined) throw new IndexMismatch();
    const own =
      said.get(claim) ?? new Set(facts.links.map((it) => `${it.relation}|${keyOf(it.to)}`));
    said.set(claim, own);
    const known = own.has(`${relation}|${things.get(target)?.key}`);
    if (!known || !isAbout(facts, things.get(source)?.key)) throw new IndexMismatch();
  }
}

/** @throws IndexMismatch */
export function confirmSubjects(
  subjects: readonly SubjectRow[],
  views: ReadonlyMap<number, ClaimView>,
  things: ReadonlyMap<number, ThingRow>,
): void {
  for (const { thing, claim } of subjects) {
    const facts = views.get(claim)?.facts;
    if (facts === undefined || !isAbout(facts, things.get(thing)?.key)) throw new IndexMismatch();
  }
}

function isAbout(facts: ClaimFacts, key: string | undefined): boolean {
  return facts.subjects.some((subject) => keyOf(subject) === key);
}
