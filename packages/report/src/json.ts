import type { Fact, Finding, JsonObject, JsonValue } from "@mlsign/core";
import { type Report, worstFirst } from "./report.ts";

/** The document that `schemas/report.v1.schema.json` describes. Names in it are data: not escaped. */
export function toJson(report: Report): JsonObject {
  return {
    schema: "urn:mlsign:report:v1",
    tool: { name: report.tool.name, version: report.tool.version },
    command: report.command,
    subject: report.subject,
    verdict: report.verdict,
    findings: worstFirst(report.findings).map(findingJson),
    ...(report.facts && { facts: report.facts.map(factJson) }),
  };
}

/**
 * JSON text, indented, ending in a newline. Characters that move, hide or reorder text on a
 * terminal are written as `\u` escapes, which changes no value.
 */
export function writeJson(document: JsonValue): string {
  const text = JSON.stringify(document, null, 2).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (c) =>
    c === "\n" ? c : escapeUnits(c),
  );
  return `${text}\n`;
}

function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`,
  ).join("");
}

function findingJson(finding: Finding): JsonObject {
  const { code, outcome, severity, message, fix, subject, location, evidence } = finding;
  return {
    code,
    outcome,
    severity,
    message,
    ...(fix !== undefined && { fix }),
    ...(subject !== undefined && { subject }),
    ...(location !== undefined && {
      location: {
        path: location.path,
        ...(location.line !== undefined && { line: location.line }),
        ...(location.column !== undefined && { column: location.column }),
      },
    }),
    ...(evidence !== undefined && { evidence }),
  };
}

function factJson(fact: Fact): JsonObject {
  // A collector's value is not typed as JSON: dates and absent members become what JSON has.
  const value = JSON.parse(JSON.stringify(fact.value ?? null)) as JsonValue;
  return { kind: fact.kind, source: fact.source, at: fact.at, value };
}
