import { type Finding, printable } from "@mlsign/core";
import { placeOf, type Report, worstFirst, wordOf } from "./report.ts";

/**
 * JUnit XML: a test case a finding. What failed with severity `error` is a failure, what could not
 * be checked an error (never skipped: that would be green), and what does not apply is skipped.
 */
export function toJunit(report: Report): string {
  const findings = worstFirst(report.findings);
  const suite = `${report.tool.name} ${report.command}`;
  const counts = attributes({
    tests: findings.length,
    failures: findings.filter((f) => wordOf(f) === "FAIL").length,
    errors: findings.filter((f) => f.outcome === "unknown" || f.outcome === "error").length,
    skipped: findings.filter((f) => f.outcome === "not-applicable").length,
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites${attributes({ name: suite })}${counts}>`,
    `  <testsuite${attributes({ name: `${suite} ${report.subject}` })}${counts}>`,
    "    <properties>",
    `      <property${attributes({ name: "verdict", value: report.verdict })}/>`,
    `      <property${attributes({ name: "version", value: report.tool.version })}/>`,
    "    </properties>",
    ...findings.flatMap((finding) => testcase(finding, suite.replaceAll(" ", "."))),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function testcase(finding: Finding, classname: string): string[] {
  const name = [finding.code, finding.location?.path ?? finding.subject].filter(Boolean).join(" ");
  const head = `    <testcase${attributes({ classname, name, time: 0 })}`;
  const body = outcome(finding);
  return body === undefined ? [`${head}/>`] : [`${head}>`, `      ${body}`, "    </testcase>"];
}

function outcome(finding: Finding): string | undefined {
  const word = wordOf(finding);
  const details = [
    finding.message,
    ...[placeOf(finding)].filter((place) => place !== undefined).map((place) => `at: ${place}`),
    ...(finding.fix === undefined ? [] : [`fix: ${finding.fix}`]),
  ];
  const text = details.map(xml).join("\n");
  const about = attributes({ type: finding.code, message: finding.message });
  switch (word) {
    case "FAIL":
      return `<failure${about}>${text}</failure>`;
    case "ERROR":
    case "UNKNOWN":
      return `<error${about}>${word}: ${text}</error>`;
    case "N/A":
      return `<skipped${attributes({ message: finding.message })}/>`;
    case "WARN":
    case "NOTE":
      return `<system-out>${word}: ${text}</system-out>`;
    case "PASS":
      return undefined;
  }
}

function attributes(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${xml(String(value))}"`)
    .join("");
}

/** Escaped, and without what XML 1.0 (2.2) has no way to write. */
function xml(text: string): string {
  return printable(text)
    .replace(/[\ufffe\uffff]/g, "")
    .replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}
