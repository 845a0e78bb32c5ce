import { type Finding, finding, type JsonObject, SCAN_OUTCOMES } from "@mlsign/core";
import type { FileScan, Observation, ScanVerdict } from "./report.ts";
import type { TreeScan } from "./scan-files.ts";
import { covers, hasExpired, type Waiver } from "./waivers.ts";

export interface JudgeOptions {
  readonly waivers?: readonly Waiver[];
  /** For the waivers. */
  readonly now: Date;
}

/** What a scan comes to: one finding for a file that is good, and one for each thing that is not. */
export function scanFindings(
  { files, unread }: TreeScan,
  { waivers = [], now }: JudgeOptions,
): Finding[] {
  const live = waivers.filter((waiver) => !hasExpired(waiver, now));
  return [
    ...files.flatMap((file) => findingsOf(file, live)),
    ...unread.map(({ path, message, defect }) =>
      finding(
        "scan-readable",
        defect ? "error" : "unknown",
        `${shown(path)} was not scanned: ${message}`,
        {
          location: { path },
        },
      ),
    ),
    ...waivers.flatMap((waiver) => waiverFinding(waiver, files, now)),
  ];
}

function findingsOf(file: FileScan, waivers: readonly Waiver[]): Finding[] {
  const { path, sha256, formats, verdict } = file;
  const bad = file.observations.filter((each) => SCAN_OUTCOMES[each.verdict].outcome !== "pass");
  if (bad.length === 0) {
    const { code } = SCAN_OUTCOMES[verdict];
    const what = formats.join(", ") || "data";
    const imports = verdict === "allowed" ? "imports only what is allowed" : "runs nothing";
    const told = file.observations.filter(({ rule }) => rule === "chat-template");
    return [
      finding(code, "pass", `${shown(path)} ${imports} (${what})`, {
        location: { path },
        evidence: { verdict, sha256 },
      }),
      ...told.map(({ message }) =>
        finding(code, "pass", `${shown(path)} ${message}`, { location: { path } }),
      ),
    ];
  }
  const worst = bad.toSorted((a, b) => rank(b.verdict) - rank(a.verdict));
  const findings = worst.slice(0, MOST_OF_A_FILE).map((each) => findingOf(file, each, waivers));
  const more = bad.length - findings.length;
  if (more > 0) {
    // The worst of those that are not told one by one is not milder than any of them.
    const next = worst[MOST_OF_A_FILE] ?? bad[0];
    if (next !== undefined) {
      const message = `has ${more} more of the kind`;
      findings.push(
        findingOf(file, { verdict: next.verdict, rule: next.rule, message, within: [] }, waivers),
      );
    }
  }
  return findings;
}

function findingOf(file: FileScan, observation: Observation, waivers: readonly Waiver[]): Finding {
  const { path, sha256 } = file;
  const { verdict, rule, message, within, offset, import: name } = observation;
  const { code, outcome, severity } = SCAN_OUTCOMES[verdict];
  const place = within.length === 0 ? "" : ` (in ${within.map(shown).join(" > ")})`;
  const evidence: JsonObject = {
    verdict,
    rule,
    sha256,
    ...(within.length > 0 && { within: [...within] }),
    ...(offset !== undefined && { offset }),
    ...(name !== undefined && { import: { ...name } }),
  };
  const text = `${shown(path)} ${message}${place}`;
  const waiver = waivers.find((each) => covers(each, sha256, observation));
  if (waiver === undefined) {
    return finding(code, outcome, text, {
      severity,
      location: { path },
      evidence,
      fix: FIXES[verdict],
    });
  }
  const { reason, expires } = waiver;
  return finding(code, outcome, `${text}; waived until ${expires}: ${reason}`, {
    severity: "note",
    location: { path },
    evidence: { ...evidence, waiver: { reason, expires } },
  });
}

/** A waiver that does nothing is told: it was meant for other bytes, or its time is over. */
function waiverFinding(waiver: Waiver, files: readonly FileScan[], now: Date): Finding[] {
  const file = files.find(({ sha256 }) => sha256 === waiver.sha256);
  const about = file === undefined ? `SHA-256 ${waiver.sha256.slice(0, 12)}…` : shown(file.path);
  const evidence = { ...waiver };
  if (hasExpired(waiver, now)) {
    return [
      finding("scan-waiver", "fail", `the waiver for ${about} expired on ${waiver.expires}`, {
        severity: "warning",
        evidence,
        ...(file !== undefined && { location: { path: file.path } }),
      }),
    ];
  }
  const used = file?.observations.some((each) => covers(waiver, waiver.sha256, each)) ?? false;
  if (used) return [];
  return [
    finding("scan-waiver", "fail", `the waiver for ${about} is for nothing that was found`, {
      severity: "note",
      evidence,
    }),
  ];
}

function rank(verdict: ScanVerdict): number {
  return Object.keys(SCAN_OUTCOMES).indexOf(verdict);
}

/** A name as it is, unless it needs quotes. */
function shown(name: string): string {
  return /^[\w./@+-]+$/.test(name) ? name : JSON.stringify(name);
}

const MOST_OF_A_FILE = 20;
const FIXES: Readonly<Record<ScanVerdict, string>> = {
  "safe-format": "",
  allowed: "",
  executable: "if the program is meant, waive it by its digest (--waivers)",
  "unknown-import": "if the names are yours, waive them by the file's digest (--waivers)",
  unscannable: "save the model anew, as safetensors where that is possible",
  dangerous: "do not load it; find out who made it",
};
