import type { LineageEdge, LineageNode } from "@mlsign/core";

/** Where a node is drawn: `column` from the left, `row` from the top. */
export interface Place {
  readonly node: LineageNode;
  readonly column: number;
  readonly row: number;
}

/**
 * Columns by the longest way from what nothing leads to, rows by the mean place of what leads to a
 * node: enough for lineages, which are shallow. A circle ends at the number of nodes.
 */
export function layout(
  nodes: readonly LineageNode[],
  edges: readonly Pick<LineageEdge, "from" | "to">[],
): Place[] {
  const columns = new Map(nodes.map(({ id }) => [id, 0]));
  const known = edges.filter(({ from, to }) => columns.has(from) && columns.has(to) && from !== to);
  for (
    let round = 0, moved = true;
    moved && round < Math.min(nodes.length, MOST_COLUMNS);
    round += 1
  ) {
    moved = false;
    for (const { from, to } of known) {
      const least = (columns.get(from) ?? 0) + 1;
      if ((columns.get(to) ?? 0) >= least) continue;
      columns.set(to, least);
      moved = true;
    }
  }
  const sources = Map.groupBy(known, ({ to }) => to);
  const rows = new Map<string, number>();
  const places: Place[] = [];
  const byColumn = Map.groupBy(nodes, ({ id }) => columns.get(id) ?? 0);
  for (const column of [...byColumn.keys()].toSorted((a, b) => a - b)) {
    const weighed = (byColumn.get(column) ?? []).map((node, i) => {
      const above = (sources.get(node.id) ?? []).flatMap(({ from }) => rows.get(from) ?? []);
      const mean = above.length === 0 ? i : above.reduce((sum, row) => sum + row, 0) / above.length;
      return { node, mean };
    });
    for (const [row, { node }] of weighed.toSorted((a, b) => a.mean - b.mean).entries()) {
      rows.set(node.id, row);
      places.push({ node, column, row });
    }
  }
  return places;
}

const MOST_COLUMNS = 40;
