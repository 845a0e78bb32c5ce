import { isRecord, MlsignError, printable } from "@mlsign/core";
import { viewClaims } from "./claim-view.ts";
import type { ClaimFacts, ClaimKind } from "./facts.ts";
import type { LineageIndex } from "./lineage-index.ts";
import { type AskOptions, type Named, thingsOf } from "./questions.ts";
import { keyOf } from "./sql/rows.ts";
import { IndexMismatch, statementOf, type Store } from "./store.ts";

/** One thing that two models have not in common. */
export interface Change {
  readonly aspect:
    | "commit"
    | "dataset"
    | "container"
    | "model"
    | "dependency"
    | "file"
    | "lock file"
    | "package"
    | "parameter";
  readonly name: string;
  readonly before?: string;
  readonly after?: string;
}

/** What each model's side rests on. */
export interface Side {
  readonly model: string;
  readonly key: string;
  /** By kind: the bundle that was compared, and whether it was verified. */
  readonly claims: Readonly<Record<string, { readonly sha256: string; readonly status: string }>>;
}

export interface Comparison {
  readonly before: Side;
  readonly after: Side;
  readonly changes: readonly Change[];
  /** Kinds of claims that one of them lacks, so that nothing is said of it. */
  readonly notCompared: readonly string[];
}

/**
 * What changed between two models: commit, data, container, base models, lock files and parameters by
 * their lineages, packages by their bills of materials, files by their signatures. Of each kind the
 * latest verified claim counts; where none is verified, the latest.
 *
 * @throws MlsignError `model-missing`
 */
export function compareModels(
  store: Store,
  before: Named,
  after: Named,
  options: Pick<AskOptions, "asOf" | "recheck"> = {},
): Promise<Comparison> {
  return store.ask(async (index) => {
    const [a, b] = [
      await sideOf(store, index, before, options),
      await sideOf(store, index, after, options),
    ];
    const notCompared = COMPARED.filter(
      (kind) => !(kind in a.side.claims && kind in b.side.claims),
    );
    const names = new Set([...a.items.keys(), ...b.items.keys()]);
    const changes = [...names].flatMap((id): Change[] => {
      const [old, now] = [a.items.get(id), b.items.get(id)];
      const item = old ?? now;
      if (item === undefined || notCompared.includes(item.kind) || old?.value === now?.value)
        return [];
      return [
        {
          aspect: item.aspect,
          name: item.name,
          ...(old !== undefined && { before: old.value }),
          ...(now !== undefined && { after: now.value }),
        },
      ];
    });
    return {
      before: a.side,
      after: b.side,
      changes: changes.toSorted(
        (x, y) =>
          ASPECTS.indexOf(x.aspect) - ASPECTS.indexOf(y.aspect) || (x.name < y.name ? -1 : 1),
      ),
      notCompared,
    };
  });
}

interface Item {
  readonly aspect: Change["aspect"];
  readonly kind: ClaimKind;
  readonly name: string;
  readonly value: string;
}

async function sideOf(
  store: Store,
  index: LineageIndex,
  model: Named,
  { asOf, recheck }: Pick<AskOptions, "asOf" | "recheck">,
): Promise<{ side: Side; items: ReadonlyMap<string, Item> }> {
  const [thing, another] = await thingsOf(index, model);
  if (thing === undefined)
    throw new MlsignError("model-missing", `Cannot find ${printable(model.value)} in the store`);
  if (another !== undefined) {
    throw new MlsignError("usage", `Cannot tell which model ${printable(model.value)} is`, {
      hint: "several have that name: give its root digest",
    });
  }
  const subjects = await index.claimsAbout([thing.id], asOf);
  const rows = await index.claims(subjects.map(({ claim }) => claim));
  const views = await viewClaims(
    store,
    rows.filter(({ kind }) => COMPARED.includes(kind)),
    recheck,
  );
  const items = new Map<string, Item>();
  const claims: Record<string, { sha256: string; status: string }> = {};
  for (const kind of COMPARED) {
    const own = [...views.values()].filter(({ facts }) => facts.kind === kind);
    const rank = ({ status, time, added }: (typeof own)[number]): string =>
      `${status === "verified" ? 1 : 0} ${time ?? added}`;
    const best = own.toSorted((x, y) => (rank(x) < rank(y) ? 1 : -1))[0];
    if (best === undefined) continue;
    if (!best.facts.subjects.some((subject) => keyOf(subject) === thing.key))
      throw new IndexMismatch();
    claims[kind] = { sha256: best.sha256, status: best.status };
    const bytes = await store.bundle(best.sha256);
    const predicate = bytes && statementOf(bytes)?.predicate;
    for (const item of itemsOf(kind, best.facts, isRecord(predicate) ? predicate : {}))
      items.set(`${item.aspect} ${item.name}`, item);
  }
  return { side: { model: thing.name || model.value, key: thing.key, claims }, items };
}

function itemsOf(
  kind: ClaimKind,
  { links, components }: ClaimFacts,
  predicate: Readonly<Record<string, unknown>>,
): Item[] {
  if (kind === "lineage") return [...linkItems(links), ...parameterItems(predicate)];
  if (kind === "sbom") {
    const versions = Map.groupBy(components, ({ name }) => name);
    return [...versions].map(([name, own]) => ({
      aspect: "package",
      kind,
      name,
      value: own
        .map(({ version }) => version)
        .toSorted()
        .join(", "),
    }));
  }
  const resources = Array.isArray(predicate.resources) ? (predicate.resources as unknown[]) : [];
  return resources.flatMap((it): Item[] =>
    isRecord(it) && typeof it.name === "string" && typeof it.digest === "string"
      ? [{ aspect: "file", kind, name: it.name, value: `${String(it.algorithm)}:${it.digest}` }]
      : [],
  );
}

function linkItems(links: ClaimFacts["links"]): Item[] {
  return links.map(({ relation, to }) => {
    const aspect = relation === "pinned by" ? "lock file" : to.kind;
    // One of each is the rule, so that another one is a change and not one more and one less.
    const single = aspect === "commit" || aspect === "container";
    return {
      aspect,
      kind: "lineage",
      name: single ? aspect : to.name,
      value: keyOf(to),
    };
  });
}

function parameterItems(predicate: Readonly<Record<string, unknown>>): Item[] {
  const definition = isRecord(predicate.buildDefinition) ? predicate.buildDefinition : {};
  const items: Item[] = [];
  const flatten = (value: unknown, name: string, depth: number): void => {
    if (items.length >= MOST_PARAMETERS) return;
    if (isRecord(value) && depth < 4) {
      for (const [key, inner] of Object.entries(value))
        flatten(inner, name === "" ? key : `${name}.${key}`, depth + 1);
    } else
      items.push({
        aspect: "parameter",
        kind: "lineage",
        name,
        value: typeof value === "string" ? value : JSON.stringify(value),
      });
  };
  flatten(definition.externalParameters ?? {}, "", 0);
  flatten(definition.internalParameters ?? {}, "", 0);
  return items;
}

const COMPARED: readonly ClaimKind[] = ["lineage", "sbom", "signature"];
const ASPECTS: readonly Change["aspect"][] = [
  "commit",
  "dataset",
  "container",
  "model",
  "dependency",
  "lock file",
  "parameter",
  "package",
  "file",
];
const MOST_PARAMETERS = 10_000;
