/** Draws a model's lineage as text, data and a page, with every name made harmless. @module */
export { toCsv } from "./csv.ts";
export { toDot } from "./dot.ts";
export { toJson } from "./json.ts";
export { toMermaid } from "./mermaid.ts";
export { toOpenLineage } from "./openlineage.ts";
export { toHtml } from "./page.ts";
export { toProv } from "./prov.ts";
export { toTree } from "./tree.ts";

export type { PageBundle, PageOptions } from "./page.ts";
export type { TreeOptions } from "./tree.ts";
