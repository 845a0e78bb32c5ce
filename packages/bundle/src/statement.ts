import {
  canonicalJson,
  isRecord,
  JSON_LIMITS,
  type JsonObject,
  type JsonValue,
  MlsignError,
  parseJson,
} from "@mlsign/core";
import { STATEMENT_V1 } from "./media.ts";

export interface Subject {
  readonly name?: string;
  /** Lower-case hex by algorithm name. */
  readonly digest: Readonly<Record<string, string>>;
  readonly annotations?: JsonObject;
}

/** An in-toto statement (v1; v0.1 on reading). */
export interface Statement {
  readonly type: string;
  readonly subject: readonly Subject[];
  readonly predicateType: string;
  readonly predicate: JsonValue;
}

/**
 * Reads an in-toto statement from the very bytes that were verified.
 *
 * @throws MlsignError `json-invalid` or `manifest-invalid`
 */
export function readStatement(payload: Uint8Array): Statement {
  const value = parseJson(payload, JSON_LIMITS);
  if (!isRecord(value)) throw invalid("it is not an object");
  const { _type: type, subject, predicateType, predicate } = value as Record<string, JsonValue>;
  if (typeof type !== "string" || !STATEMENTS.includes(type)) {
    throw invalid(`its type is ${JSON.stringify(type)}, not "${STATEMENT_V1}"`);
  }
  if (typeof predicateType !== "string" || predicateType === "") throw invalid("no predicateType");
  if (!Array.isArray(subject) || subject.length === 0) throw invalid("it has no subject");
  return {
    type,
    subject: (subject as JsonValue[]).map(readSubject),
    predicateType,
    predicate: predicate ?? null,
  };
}

/** The payload bytes of a v1 statement: canonical, so that the same input gives the same bytes. */
export function statementBytes(statement: Omit<Statement, "type">): Buffer {
  const { subject, predicateType, predicate } = statement;
  return Buffer.from(
    canonicalJson({
      _type: STATEMENT_V1,
      subject: subject as unknown as JsonValue,
      predicateType,
      predicate,
    }),
  );
}

function readSubject(value: JsonValue): Subject {
  if (!isRecord(value) || !isRecord(value.digest)) throw invalid("a subject has no digest");
  const { name, annotations } = value;
  const digests = Object.entries(value.digest);
  if (digests.length === 0 || digests.length > MOST_DIGESTS) throw invalid("a subject's digests");
  if (digests.some(([, hex]) => typeof hex !== "string")) throw invalid("a digest is not a string");
  if (name !== undefined && typeof name !== "string") throw invalid("a subject's name");
  return {
    ...(name !== undefined && { name }),
    digest: value.digest as Record<string, string>,
    ...(isRecord(annotations) && { annotations: annotations as JsonObject }),
  };
}

function invalid(what: string): MlsignError {
  return new MlsignError("manifest-invalid", `Cannot read statement: ${what}`);
}

const MOST_DIGESTS = 32;
const STATEMENTS = [STATEMENT_V1, "https://in-toto.io/Statement/v0.1"];
