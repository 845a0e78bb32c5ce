/** Findings as text, JSON, SARIF, JUnit and Markdown: pure, deterministic, escaped. @module */
export { toJson, writeJson } from "./json.ts";
export { toJunit } from "./junit.ts";
export { toMarkdown } from "./markdown.ts";
export { toSarif } from "./sarif.ts";
export { table } from "./table.ts";
export { toText } from "./text.ts";
export { displayWidth } from "./width.ts";

export type { Report, Tool } from "./report.ts";
export type { TextOptions } from "./text.ts";
