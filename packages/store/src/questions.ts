import { type LineageGraph, MlsignError, printable } from "@mlsign/core";
import { buildGraph } from "./build-graph.ts";
import type { Recheck } from "./claim-view.ts";
import type { ClaimKind } from "./facts.ts";
import type { LineageIndex, SignedBy, SubjectRow, ThingRow } from "./lineage-index.ts";
import { parsePurl } from "./purl.ts";
import type { Store } from "./store.ts";
import { versionRange } from "./version-range.ts";

/** How every question may be asked. */
export interface AskOptions {
  /** Leaves out what was not known then; ISO 8601. A claim without trusted time is known when it is added. */
  readonly asOf?: string | undefined;
  /** Verifies each claim of the answer anew. */
  readonly recheck?: Recheck | undefined;
  /** How many links or models an answer has at most. */
  readonly most?: number;
}

/** Of which models there is a question: a digest, a URI or a name. */
export interface Named {
  readonly value: string;
  readonly algorithm?: string;
}

/** All that the model of a name or digest came from, and all evidence about it and its base models. */
export function ancestry(
  store: Store,
  model: Named,
  options: AskOptions = {},
): Promise<LineageGraph> {
  return store.ask(async (index) => {
    const found = await thingsOf(index, model);
    const ids = found.map(({ id }) => id);
    const { most = MOST, asOf } = options;
    const links = await index.ancestors(ids, { asOf, most: most + 1 });
    const shown = links.slice(0, most);
    const reached = [...new Set([...ids, ...shown.map(({ target }) => target)])];
    const subjects = await index.claimsAbout(reached, asOf);
    const kinds = new Map((await index.things(reached)).map((row) => [row.id, row.kind]));
    const bases = new Set(
      shown.flatMap(({ relation, target }) => (relation === "tuned from" ? [target] : [])),
    );
    const wanted = new Map(
      reached.flatMap((id): [number, readonly ClaimKind[]][] => {
        if (ids.includes(id) && kinds.get(id) === "model") return [[id, WANTED]];
        return bases.has(id) ? [[id, ["signature", "lineage"]]] : [];
      }),
    );
    return buildGraph(
      store,
      index,
      { links: shown, subjects },
      {
        ...options,
        question: `where ${textOf(model)} came from`,
        wanted,
        focus: ids[0],
        truncated: links.length > most,
      },
    );
  });
}

/** Every model that came from a commit, a data set, a container, a base model, or any other thing. */
export function madeFrom(
  store: Store,
  thing: Named,
  options: AskOptions = {},
): Promise<LineageGraph> {
  return store.ask(async (index) => {
    const found = await thingsOf(index, thing);
    const { most = MOST, asOf } = options;
    const ids = found.map(({ id }) => id);
    const links = await index.descendants(ids, { asOf, most: most + 1 });
    const shown = links.slice(0, most);
    const models = [...new Set(shown.map(({ source }) => source))];
    const subjects = await withPromotions(index, models, asOf);
    return buildGraph(
      store,
      index,
      { links: shown, subjects },
      {
        ...options,
        question: `which models came from ${textOf(thing)}`,
        focus: ids[0],
        truncated: links.length > most,
      },
    );
  });
}

/** Every model whose bill of materials lists a package: `pkg:pypi/torch@2.1`, or a range of versions. */
export function withPackage(
  store: Store,
  purl: string,
  range: string | undefined,
  options: AskOptions = {},
): Promise<LineageGraph> {
  const parsed = parsePurl(purl);
  if (parsed === undefined)
    throw new MlsignError("usage", `Cannot read ${printable(purl)}: no package URL`, {
      hint: "write it like pkg:pypi/torch@2.1, or pkg:pypi/torch with a range like >=2,<2.4",
    });
  const exact = parsed.version === "" ? "" : `=${parsed.version}`;
  const within = versionRange(range ?? exact);
  return store.ask(async (index) => {
    const { most = MOST, asOf } = options;
    const hits = await index.claimsWithPackage(parsed.name, within, most + 1);
    const shown = hits.slice(0, most);
    const details = new Map<number, Record<string, string>>();
    for (const { claim, version } of shown) {
      const old = details.get(claim)?.versions;
      details.set(claim, { versions: old === undefined ? version : `${old}, ${version}` });
    }
    const subjects = await then(index, await index.subjectsOf([...details.keys()]), asOf);
    const models = [...new Set(subjects.map(({ thing }) => thing))];
    const more = await withPromotions(index, models, asOf);
    return buildGraph(
      store,
      index,
      { links: [], subjects: merged(subjects, more) },
      {
        ...options,
        question: `which models contain ${parsed.name} ${range ?? exact}`.trimEnd(),
        details,
        truncated: hits.length > most,
      },
    );
  });
}

/** Every model whose signature lists a file with these bytes, or that has it as a part. */
export function withFile(
  store: Store,
  sha256: string,
  options: AskOptions = {},
): Promise<LineageGraph> {
  return store.ask(async (index) => {
    const { most = MOST, asOf } = options;
    const claims = await index.claimsWithFile(sha256, most + 1);
    const subjects = await then(index, await index.subjectsOf(claims.slice(0, most)), asOf);
    const ids = (await index.withDigest(sha256, "sha256")).map(({ id }) => id);
    const links = await index.descendants(ids, { asOf, most });
    const models = [
      ...new Set([...subjects, ...links.map((it) => ({ thing: it.source }))].map((it) => it.thing)),
    ];
    const more = await withPromotions(index, models, asOf);
    return buildGraph(
      store,
      index,
      { links, subjects: merged(subjects, more) },
      {
        ...options,
        question: `which models contain the file sha256:${sha256}`,
        truncated: claims.length > most,
      },
    );
  });
}

/**
 * What this identity or key signed in a window of trusted time. A claim whose time nobody witnessed
 * cannot be left out by a window, and is in the answer without one.
 */
export function signedBy(
  store: Store,
  who: SignedBy,
  options: AskOptions = {},
): Promise<LineageGraph> {
  return store.ask(async (index) => {
    const { most = MOST, asOf } = options;
    const rows = await index.signedBy(who, most + 1);
    const claims = rows.slice(0, most).filter(({ at }) => asOf === undefined || at <= asOf);
    const subjects = await index.subjectsOf(claims.map(({ id }) => id));
    const window = [who.since && ` since ${who.since}`, who.until && ` until ${who.until}`];
    return buildGraph(
      store,
      index,
      { links: [], subjects },
      {
        ...options,
        question: `what ${who.signer} signed${window.filter(Boolean).join("")}`,
        truncated: rows.length > most,
      },
    );
  });
}

export interface GapOptions extends AskOptions {
  /** Models to look at, by digest or name; all models of the store by default. */
  readonly models?: readonly Named[];
  readonly wanted?: readonly ClaimKind[];
}

/** Models that lack verified evidence of some kind. */
export function gaps(
  store: Store,
  options: GapOptions = {},
): Promise<{ readonly graph: LineageGraph; readonly unknown: readonly string[] }> {
  const { most = MOST, wanted = WANTED, asOf, models } = options;
  return store.ask(async (index) => {
    const unknown: string[] = [];
    const lacking = new Map<number, readonly ClaimKind[]>();
    const note = (thing: number, kinds: ReadonlySet<string>): void => {
      const missing = wanted.filter((kind) => !kinds.has(kind));
      if (missing.length > 0) lacking.set(thing, missing);
    };
    if (models === undefined) {
      for (let after = 0; lacking.size <= most;) {
        const page = await index.models(after, PAGE, asOf);
        for (const { thing, known, kinds } of page) if (known) note(thing, kinds);
        const last = page.at(-1)?.thing;
        if (last === undefined) break;
        after = last;
      }
    } else {
      for (const model of models) {
        const found = await thingsOf(index, model);
        if (found.length === 0) unknown.push(textOf(model));
        for (const { id } of found) {
          const [first] = await index.models(id - 1, 1, asOf);
          note(id, first?.thing === id ? first.kinds : new Set());
        }
      }
    }
    const shown = new Map([...lacking].slice(0, most));
    const subjects = await index.claimsAbout([...shown.keys()], asOf);
    const graph = await buildGraph(
      store,
      index,
      { links: [], subjects },
      {
        ...options,
        question: "which models lack evidence",
        wanted: shown,
        truncated: lacking.size > most,
      },
    );
    return { graph, unknown };
  });
}

/** What was promoted, to which target, when and by whom. */
export function promotions(
  store: Store,
  target: string | undefined,
  options: AskOptions = {},
): Promise<LineageGraph> {
  return store.ask(async (index) => {
    const { most = MOST, asOf } = options;
    const rows = await index.ofKind("promotion", { target, asOf, most: most + 1 });
    const subjects = await index.subjectsOf(rows.slice(0, most).map(({ id }) => id));
    const where = target === undefined ? "" : ` to ${target}`;
    return buildGraph(
      store,
      index,
      { links: [], subjects },
      {
        ...options,
        question: `what was promoted${where}`,
        truncated: rows.length > most,
      },
    );
  });
}

/** The bundles about a model, by its root digest or name: what an archive of its evidence holds. */
export function bundlesOf(
  store: Store,
  model: Named,
  options: Pick<AskOptions, "asOf"> = {},
): Promise<
  readonly { readonly sha256: string; readonly status: string; readonly kind: ClaimKind }[]
> {
  return store.ask(async (index) => {
    const found = await thingsOf(index, model);
    const subjects = await index.claimsAbout(
      found.map(({ id }) => id),
      options.asOf,
    );
    const claims = await index.claims([...new Set(subjects.map(({ claim }) => claim))]);
    return claims
      .toSorted((a, b) => a.sequence - b.sequence)
      .map(({ sha256, status, kind }) => ({ sha256, status, kind }));
  });
}

/** A digest in hex with or without its algorithm, a URI, or what a claim called it. */
export async function thingsOf(
  index: LineageIndex,
  { value, algorithm }: Named,
): Promise<readonly ThingRow[]> {
  const [, prefix, hex] = /^(?:(\w+):)?([0-9a-fA-F]{8,128})(?:\.dir)?$/.exec(value) ?? [];
  if (hex !== undefined) {
    const found = await index.withDigest(hex.toLowerCase(), algorithm ?? prefix);
    if (found.length > 0 || prefix !== undefined) return found;
  }
  const uri = await index.withDigest(value, "uri");
  return uri.length > 0 ? uri : index.withName(value);
}

function textOf({ value, algorithm }: Named): string {
  return algorithm === undefined ? value : `${algorithm}:${value}`;
}

/** Approvals and promotions of models: where else they went. */
async function withPromotions(
  index: LineageIndex,
  models: readonly number[],
  asOf: string | undefined,
): Promise<SubjectRow[]> {
  const subjects = await index.claimsAbout(models, asOf);
  const claims = await index.claims([...new Set(subjects.map(({ claim }) => claim))]);
  const wanted = new Set(
    claims.flatMap(({ id, kind }) => (["promotion", "approval"].includes(kind) ? [id] : [])),
  );
  return subjects.filter(({ claim }) => wanted.has(claim));
}

async function then(
  index: LineageIndex,
  subjects: readonly SubjectRow[],
  asOf: string | undefined,
): Promise<readonly SubjectRow[]> {
  if (asOf === undefined) return subjects;
  const claims = await index.claims([...new Set(subjects.map(({ claim }) => claim))]);
  const known = new Set(claims.flatMap(({ id, at }) => (at <= asOf ? [id] : [])));
  return subjects.filter(({ claim }) => known.has(claim));
}

function merged(...lists: readonly (readonly SubjectRow[])[]): SubjectRow[] {
  const rows = lists.flat().map((row): [string, SubjectRow] => [`${row.thing} ${row.claim}`, row]);
  return [...new Map(rows).values()];
}

const WANTED: readonly ClaimKind[] = ["signature", "lineage", "sbom", "card"];
const MOST = 2000;
const PAGE = 1000;
