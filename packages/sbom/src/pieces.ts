import { canonicalJson, isRecord, type JsonValue } from "@mlsign/core";

type Values = Readonly<Record<string, unknown>>;

/** Parts of a bill of materials to hold against the schema one by one, or why that cannot be done. */
export interface Pieces {
  readonly boms: readonly Values[];
  readonly faults: readonly string[];
}

/**
 * Cuts the three lists that grow with a model into slices. The schema wants their entries to be
 * unique, which its validator checks pair by pair: minutes for a model of many files, and hours for
 * a stranger's. Uniqueness over the whole list is checked here, in linear time.
 */
export function piecesOf(bom: Values): Pieces {
  const metadata = isRecord(bom.metadata) ? bom.metadata : undefined;
  const root = isRecord(metadata?.component) ? metadata.component : undefined;
  const head = {
    $schema: bom.$schema,
    bomFormat: bom.bomFormat,
    specVersion: bom.specVersion,
    version: 1,
  };
  const faults: string[] = [];
  const boms: Values[] = [];
  const cut = (list: unknown, key: "components" | "dependencies"): unknown => {
    if (!Array.isArray(list) || list.length <= SLICE) return list;
    const entries = list as unknown[];
    if (new Set(entries.map((entry) => canonicalJson(entry as JsonValue))).size < entries.length) {
      faults.push(`${key} hold the same entry twice`);
    }
    for (let at = SLICE; at < entries.length; at += SLICE) {
      boms.push({ ...head, [key]: entries.slice(at, at + SLICE) });
    }
    return entries.slice(0, SLICE);
  };
  const first: Record<string, unknown> = { ...bom };
  if (bom.components !== undefined) first.components = cut(bom.components, "components");
  if (bom.dependencies !== undefined) first.dependencies = cut(bom.dependencies, "dependencies");
  if (root?.components !== undefined) {
    const component = { ...root, components: cut(root.components, "components") };
    first.metadata = { ...metadata, component };
  }
  boms.unshift(first);
  if (boms.some(hasLongList)) {
    return { boms: [], faults: [`a list has more than ${LONGEST} entries, too many to check`] };
  }
  return { boms, faults };
}

function hasLongList(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > LONGEST || (value as unknown[]).some(hasLongList);
  return isRecord(value) && Object.values(value).some(hasLongList);
}

const SLICE = 200;
const LONGEST = 2000;
