import { hexOf, sha256 } from "@mlsign/core";
import type { ClaimFacts, Thing } from "../facts.ts";
import type { Entry, Line } from "../journal.ts";
import { TABLES } from "./schema.ts";
import type { Sql, Value } from "./sql.ts";

/** A line of the journal and what its bundle says; `undefined` where it is no statement. */
export interface Indexed {
  readonly line: Line;
  readonly facts: ClaimFacts | undefined;
}

/** Writes the rows of some lines, table by table: one statement each, whatever their number. */
export async function writeRows(sql: Sql, batch: readonly Indexed[]): Promise<void> {
  const fresh = batch.filter(({ line }) => line.entry.again !== true);
  const claims = await sql.identify("claim", TABLES.claim, 1, fresh.map(claimRow));
  const things = new Map<string, Thing>();
  const packages = new Map<string, readonly [string, string]>();
  for (const { facts } of fresh) {
    for (const thing of facts?.subjects ?? []) things.set(keyOf(thing), thing);
    for (const { to } of facts?.links ?? []) {
      const key = keyOf(to);
      if (!things.has(key)) things.set(key, to);
    }
    for (const { name, version } of facts?.components ?? []) {
      packages.set(`${name}@${version}`, [indexed(name), indexed(version)]);
    }
  }
  const thingIds = await idsOf(sql, "thing", 1, things, (thing, key) => [
    key,
    thing.kind,
    thing.name,
  ]);
  const packageIds = await idsOf(sql, "package", 2, packages, (row) => row);
  const rows = linkRows(fresh, claims, thingIds, packageIds);
  for (const [key, thing] of things) {
    const id = thingIds.get(key) ?? 0;
    for (const [algorithm, value] of Object.entries(thing.digests))
      rows.digest.push([value, algorithm, id]);
    if (thing.uri !== undefined) rows.digest.push([indexed(thing.uri), "uri", id]);
  }
  for (const table of [
    "digest",
    "name",
    "subject",
    "link",
    "content",
    "component",
    "target",
  ] as const)
    await sql.insert(table, TABLES[table], rows[table]);
  for (const { line } of batch) if (line.entry.again === true) await judgeAnew(sql, line);
}

/** What a thing is known by: its bytes where they are known, whatever it is called. */
export function keyOf({ digests, uri = "", name }: Thing): string {
  const best =
    STRONG.find((algorithm) => digests[algorithm] !== undefined) ??
    Object.keys(digests).toSorted()[0];
  return best === undefined ? `uri:${indexed(uri || name)}` : `${best}:${digests[best]}`;
}

/** Text that fits an index, whose keys have a longest length: what is longer is known by its hash. */
export function indexed(text: string): string {
  return Buffer.byteLength(text) <= MOST_KEY_BYTES ? text : `~${hexOf(sha256(text))}`;
}

/** Who signed, as text that an auditor searches for. */
export function signerOf({ signer }: Entry): { issuer: string | null; signer: string | null } {
  if (signer === undefined) return { issuer: null, signer: null };
  return "key" in signer
    ? { issuer: null, signer: indexed(signer.key) }
    : { issuer: indexed(signer.issuer), signer: indexed(signer.subject) };
}

function claimRow({ line, facts }: Indexed): Value[] {
  const { entry, text, offset } = line;
  const { issuer, signer } = signerOf(entry);
  const time = entry.time ?? null;
  return [
    entry.sha256,
    entry.sequence,
    offset,
    hexOf(sha256(text)),
    facts?.predicateType ?? "",
    facts?.kind ?? "statement",
    entry.status,
    issuer,
    signer,
    time,
    entry.at,
    time ?? entry.at,
    facts?.resource ?? null,
    facts?.result ?? null,
  ];
}

async function judgeAnew(sql: Sql, { entry, text, offset }: Line): Promise<void> {
  const { issuer, signer } = signerOf(entry);
  const time = entry.time ?? null;
  await sql.all(
    `UPDATE claim SET sequence = ?, place = ?, line = ?, status = ?, issuer = ?, signer = ?, time = ?,
     at = CASE WHEN ? = '' THEN added ELSE ? END WHERE sha256 = ?`,
    [
      entry.sequence,
      offset,
      hexOf(sha256(text)),
      entry.status,
      issuer,
      signer,
      time,
      time ?? "",
      time ?? "",
      entry.sha256,
    ],
  );
}

function linkRows(
  fresh: readonly Indexed[],
  claims: readonly number[],
  things: ReadonlyMap<string, number>,
  packages: ReadonlyMap<string, number>,
) {
  const rows = {
    digest: [] as Value[][],
    name: [] as Value[][],
    subject: [] as Value[][],
    link: [] as Value[][],
    content: [] as Value[][],
    component: [] as Value[][],
    target: [] as Value[][],
  };
  for (const [i, { facts }] of fresh.entries()) {
    const claim = claims[i] ?? 0;
    if (facts === undefined) continue;
    for (const subject of facts.subjects) {
      const thing = things.get(keyOf(subject)) ?? 0;
      rows.subject.push([thing, claim]);
      if (subject.name !== "") rows.name.push([indexed(subject.name), thing]);
      for (const { relation, to } of facts.links)
        rows.link.push([thing, things.get(keyOf(to)) ?? 0, relation, claim]);
    }
    for (const hex of facts.files) rows.content.push([hex, claim]);
    for (const { name, version } of facts.components)
      rows.component.push([packages.get(`${name}@${version}`) ?? 0, claim]);
    for (const target of facts.targets) rows.target.push([indexed(target), claim]);
  }
  return rows;
}

async function idsOf<T>(
  sql: Sql,
  table: "thing" | "package",
  keys: number,
  items: ReadonlyMap<string, T>,
  row: (item: T, key: string) => readonly Value[],
): Promise<Map<string, number>> {
  const list = [...items];
  const ids = await sql.identify(
    table,
    TABLES[table],
    keys,
    list.map(([key, item]) => row(item, key)),
  );
  return new Map(list.map(([key], i) => [key, ids[i] ?? 0]));
}

const STRONG = ["sha256", "gitCommit", "sha512", "sha384", "blake3", "blake2b"];
const MOST_KEY_BYTES = 512;
