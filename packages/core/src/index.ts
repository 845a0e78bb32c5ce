/** What every other package speaks: errors, findings, verdicts, digests, strict JSON. @module */
export { readBody } from "./body.ts";
export { canonicalJson } from "./canonical.ts";
export { ERROR_CODES, FINDING_CODES } from "./codes.ts";
export { decide } from "./decide.ts";
export { equalHex, hexOf, isHex, sha256 } from "./digest.ts";
export { EXIT, MlsignError, exitOf, exitOfVerdict, messageOf, systemCode } from "./errors.ts";
export { finding } from "./finding.ts";
export { decodeBase64, decodeUtf8, JSON_LIMITS, parseJson } from "./json.ts";
export { isRecord } from "./record.ts";
export { SCAN_OUTCOMES } from "./scan-outcome.ts";
export { byUtf8, formatBytes, printable } from "./text.ts";

export type { Category, ErrorCode, FindingCode } from "./codes.ts";
export type { Verdict } from "./decide.ts";
export type { DigestAlgorithm } from "./digest.ts";
export type { Fact } from "./fact.ts";
export type { Evidence, Finding, Location, Outcome, Severity } from "./finding.ts";
export type { JsonLimits, JsonObject, JsonValue } from "./json.ts";
export type {
  EdgeStatus,
  LineageEdge,
  LineageGraph,
  LineageNode,
  LineageNodeKind,
} from "./lineage-graph.ts";
export type { Clock, OnProgress, Progress } from "./progress.ts";
