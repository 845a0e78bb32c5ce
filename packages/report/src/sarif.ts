import {
  FINDING_CODES,
  type Finding,
  type FindingCode,
  hexOf,
  type JsonObject,
  printable,
  sha256,
} from "@mlsign/core";
import { type Report, worstFirst } from "./report.ts";

/** SARIF 2.1.0: a rule for each code, a result for each finding that is not a pass. */
export function toSarif(report: Report): JsonObject {
  const rules = Object.keys(FINDING_CODES).toSorted() as FindingCode[];
  const bad = worstFirst(report.findings).filter(
    ({ outcome }) => outcome !== "pass" && outcome !== "not-applicable",
  );
  const seen = new Map<string, number>();
  return {
    $schema:
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: { name: report.tool.name, version: report.tool.version, rules: rules.map(rule) },
        },
        automationDetails: { id: `${report.tool.name}/${report.command}/` },
        invocations: [{ executionSuccessful: report.verdict !== "defect" }],
        properties: { verdict: report.verdict, subject: printable(report.subject) },
        results: bad.map((finding) => result(finding, report, rules, seen)),
      },
    ],
  };
}

function rule(code: FindingCode): JsonObject {
  const text = { text: literal(FINDING_CODES[code]) };
  return { id: code, shortDescription: text, fullDescription: text, help: text };
}

function result(
  finding: Finding,
  report: Report,
  rules: readonly FindingCode[],
  seen: Map<string, number>,
): JsonObject {
  const { code, outcome, severity, message, fix } = finding;
  // The text left out: rewording a message must not make a new alert.
  const identity = hexOf(
    sha256(JSON.stringify([code, finding.location?.path ?? "", finding.subject ?? ""])),
  );
  const count = (seen.get(identity) ?? 0) + 1;
  seen.set(identity, count);
  return {
    ruleId: code,
    ruleIndex: rules.indexOf(code),
    // What could not be checked keeps its severity: it must not pass where a failure would not.
    level: outcome === "error" ? "error" : severity,
    message: { text: literal(message) + (fix === undefined ? "" : `\nfix: ${literal(fix)}`) },
    locations: [location(finding, report)],
    partialFingerprints: { "mlsignFinding/v1": `${identity}:${count}` },
    properties: { outcome },
  };
}

/** Only a path inside the tree becomes a URI: a viewer resolves it against its own root. */
function location(finding: Finding, report: Report): JsonObject {
  const { location: place, subject } = finding;
  const uri = [place?.path, report.subject].map(relativeUri).find((u) => u !== undefined);
  const name = place?.path ?? subject ?? report.subject;
  return {
    ...(uri !== undefined && {
      physicalLocation: {
        artifactLocation: { uri },
        ...(place?.line !== undefined &&
          relativeUri(place.path) !== undefined && {
            region: {
              startLine: place.line,
              ...(place.column !== undefined && { startColumn: place.column }),
            },
          }),
      },
    }),
    logicalLocations: [{ fullyQualifiedName: printable(name), kind: "resource" }],
  };
}

function relativeUri(path: string | undefined): string | undefined {
  if (path === undefined || path.startsWith("/") || /^[a-z]:[\\/]/i.test(path)) return undefined;
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.length === 0 || parts.includes("..")) return undefined;
  return parts.map((part) => encodeURIComponent(part.toWellFormed())).join("/");
}

/** Text in which SARIF sees no placeholder (3.11.5) and no embedded link (3.11.6). */
function literal(text: string): string {
  return printable(text)
    .replace(/[{}]/g, "$&$&")
    .replace(/[[\]\\]/g, "\\$&");
}
