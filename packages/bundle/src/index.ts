/** Statements, envelopes and Sigstore bundles: strict readers and writers of one form. @module */
export { keyDetails, suitableKey } from "./algorithm.ts";
export { bundleText, parseBundle } from "./bundle.ts";
export { legacyPae, pae } from "./dsse.ts";
export { cosignHint, namesKey, omsHint } from "./hint.ts";
export {
  BUNDLE_V03,
  IN_TOTO,
  MODEL_SIGNATURE,
  MODEL_SIGNATURE_LEGACY,
  STATEMENT_V1,
} from "./media.ts";
export { readLogEntry } from "./log-entry.ts";
export { readStatement, statementBytes } from "./statement.ts";

export type { KeyUse, SignatureAlgorithm } from "./algorithm.ts";
export type { Bundle, Content, Material } from "./bundle.ts";
export type { Envelope } from "./dsse.ts";
export type { LogEntry } from "./log-entry.ts";
export type { MessageSignature } from "./message.ts";
export type { Statement, Subject } from "./statement.ts";
