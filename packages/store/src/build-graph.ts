import type { LineageEdge, LineageGraph, LineageNode } from "@mlsign/core";
import {
  type ClaimView,
  confirmLinks,
  confirmSubjects,
  type Recheck,
  viewClaims,
} from "./claim-view.ts";
import type { ClaimKind, Thing } from "./facts.ts";
import type { StoredSigner } from "./journal.ts";
import type { LineageIndex, LinkRow, SubjectRow, ThingRow } from "./lineage-index.ts";
import type { Store } from "./store.ts";

export interface GraphOptions {
  readonly question: string;
  readonly asOf?: string | undefined;
  readonly recheck?: Recheck | undefined;
  /** Which kinds of evidence a model should have: what there is none of is told as missing. */
  readonly wanted?: ReadonlyMap<number, readonly ClaimKind[]>;
  readonly focus?: number | undefined;
  readonly truncated?: boolean;
  /** More about a claim's node. */
  readonly details?: ReadonlyMap<number, Readonly<Record<string, string>>>;
}

/** Links and claims about things as one graph, each confirmed from the bundle that says so. */
export async function buildGraph(
  store: Store,
  index: LineageIndex,
  { links, subjects }: { links: readonly LinkRow[]; subjects: readonly SubjectRow[] },
  options: GraphOptions,
): Promise<LineageGraph> {
  const claimIds = new Set([...links, ...subjects].map(({ claim }) => claim));
  const thingIds = new Set([
    ...links.flatMap(({ source, target }) => [source, target]),
    ...subjects.map(({ thing }) => thing),
    ...(options.wanted?.keys() ?? []),
    ...(options.focus === undefined ? [] : [options.focus]),
  ]);
  const things = new Map((await index.things([...thingIds])).map((row) => [row.id, row]));
  const views = await viewClaims(store, await index.claims([...claimIds]), options.recheck);
  confirmLinks(links, views, things);
  confirmSubjects(subjects, views, things);
  const nodes = new Map<string, LineageNode>();
  for (const row of things.values()) addThing(nodes, row, views, links);
  const edges = [
    ...links.map((link) => linkEdge(link, views, things)),
    ...claimEdges(links, subjects, views, things, nodes, options),
    ...missingEdges(subjects, views, things, nodes, options),
  ];
  const focus = options.focus === undefined ? undefined : things.get(options.focus)?.key;
  return {
    question: options.question,
    ...(options.asOf !== undefined && { asOf: options.asOf }),
    ...(focus !== undefined && { focus }),
    ...(options.truncated === true && { truncated: true }),
    nodes: [...nodes.values()],
    edges: edges.filter((edge): edge is LineageEdge => edge !== undefined),
  };
}

/** `name (issuer)`, or the key. */
function signerText(signer: StoredSigner): string {
  return "key" in signer ? `key ${signer.key}` : `${signer.subject} (${signer.issuer})`;
}

/**
 * A thing is what its links say that it is, whatever it was called when it was first seen; its name is
 * a verified claim's where there is one.
 */
function addThing(
  nodes: Map<string, LineageNode>,
  row: ThingRow,
  views: ReadonlyMap<number, ClaimView>,
  links: readonly LinkRow[],
): void {
  const linked = links.find(({ target }) => target === row.id);
  const said = [...views.values()].flatMap((view) => {
    const thing = view.things.get(row.key);
    return thing === undefined ? [] : [{ view, thing }];
  });
  const best = said.find(({ view }) => view.status === "verified") ?? said[0];
  const of = linked && views.get(linked.claim)?.things.get(row.key);
  const digests: Record<string, string> = {};
  for (const { thing } of said) Object.assign(digests, thing.digests);
  const uri = best?.thing.uri;
  nodes.set(row.key, {
    id: row.key,
    kind: (of?.kind ?? best?.thing.kind ?? row.kind) as Thing["kind"],
    name: nameOf(best?.thing) || row.name || row.key,
    digests: Object.keys(digests).length > 0 ? digests : digestOfKey(row.key),
    ...(uri !== undefined && { details: { uri } }),
  });
}

function nameOf(thing: Thing | undefined): string {
  return thing?.name ?? "";
}

function digestOfKey(key: string): Record<string, string> {
  const [algorithm = "", value = ""] = key.split(":");
  return algorithm === "uri" ? {} : { [algorithm]: value };
}

function linkEdge(
  { source, target, relation, claim }: LinkRow,
  views: ReadonlyMap<number, ClaimView>,
  things: ReadonlyMap<number, ThingRow>,
): LineageEdge | undefined {
  const [from, to, view] = [things.get(source), things.get(target), views.get(claim)];
  if (from === undefined || to === undefined || view === undefined) return undefined;
  return { from: from.key, to: to.key, relation, ...saidBy(view) };
}

/** A node for each claim that is no lineage with links: those are edges already. */
function claimEdges(
  links: readonly LinkRow[],
  subjects: readonly SubjectRow[],
  views: ReadonlyMap<number, ClaimView>,
  things: ReadonlyMap<number, ThingRow>,
  nodes: Map<string, LineageNode>,
  { details }: GraphOptions,
): (LineageEdge | undefined)[] {
  const drawn = new Set(links.map(({ claim }) => claim));
  return subjects.map(({ thing, claim }) => {
    const [row, view] = [things.get(thing), views.get(claim)];
    if (row === undefined || view === undefined) return undefined;
    if (view.facts.kind === "lineage" && drawn.has(claim)) return undefined;
    const id = `bundle:${view.sha256}`;
    nodes.set(id, claimNode(id, view, details?.get(claim) ?? {}));
    return { from: row.key, to: id, relation: RELATIONS[view.facts.kind], ...saidBy(view) };
  });
}

function claimNode(
  id: string,
  { facts, sha256, source }: ClaimView,
  more: Readonly<Record<string, string>>,
): LineageNode {
  const { kind, targets, resource, result, components, files } = facts;
  const to = targets.length > 0 ? targets.join(", ") : (resource ?? "");
  const name =
    kind === "promotion"
      ? `promotion to ${to || "an unnamed target"}`
      : kind === "approval"
        ? `approval for ${to || "an unnamed target"}`
        : kind === "statement"
          ? facts.predicateType
          : NAMES[kind];
  return {
    id,
    kind,
    name,
    digests: { sha256 },
    details: {
      source,
      ...(targets.length > 0 && { target: targets.join(", ") }),
      ...(resource !== undefined && { resource }),
      ...(result !== undefined && { result }),
      ...(kind === "sbom" && { packages: String(components.length) }),
      ...(kind === "signature" && { files: String(files.length) }),
      ...more,
    },
  };
}

function missingEdges(
  subjects: readonly SubjectRow[],
  views: ReadonlyMap<number, ClaimView>,
  things: ReadonlyMap<number, ThingRow>,
  nodes: Map<string, LineageNode>,
  { wanted = new Map<number, readonly ClaimKind[]>() }: GraphOptions,
): LineageEdge[] {
  return [...wanted].flatMap(([thing, kinds]) => {
    const row = things.get(thing);
    if (row === undefined) return [];
    const has = new Set(
      subjects.flatMap((it) => (it.thing === thing ? (views.get(it.claim)?.facts.kind ?? []) : [])),
    );
    return kinds.flatMap((kind) => {
      if (has.has(kind)) return [];
      const id = `missing:${kind}:${row.key}`;
      nodes.set(id, { id, kind, name: `no ${NAMES[kind]}`, digests: {} });
      return [{ from: row.key, to: id, relation: RELATIONS[kind], status: "missing" as const }];
    });
  });
}

function saidBy(view: ClaimView) {
  return {
    status: view.status,
    ...(view.signer !== undefined && { signer: signerText(view.signer) }),
    ...(view.time !== undefined && { time: view.time }),
    added: view.added,
    bundle: view.sha256,
    type: view.facts.predicateType,
  };
}

const RELATIONS: Readonly<Record<ClaimKind, string>> = {
  signature: "signed",
  lineage: "has lineage",
  sbom: "has bill of materials",
  card: "has card",
  scan: "scanned",
  check: "checked",
  approval: "approved",
  promotion: "promoted",
  statement: "has statement",
};
const NAMES: Readonly<Record<ClaimKind, string>> = {
  signature: "signature",
  lineage: "lineage",
  sbom: "bill of materials",
  card: "signed card",
  scan: "scan",
  check: "check",
  approval: "approval",
  promotion: "promotion",
  statement: "statement",
};
