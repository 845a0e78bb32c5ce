import {
  decide,
  EXIT,
  exitOfVerdict,
  type Finding,
  type JsonObject,
  printable,
} from "@mlsign/core";
import type { NewClaim } from "@mlsign/evidence";
import { toJson } from "@mlsign/report";
import type { Host } from "../host.ts";
import { say, writeJson } from "../terminal/output.ts";
import { printReport } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { type ClaimTarget, writeClaims } from "./write-claims.ts";

/** A claim that is not signed yet, with what was found while it was made. */
export interface ClaimDraft extends NewClaim {
  readonly findings: readonly Finding[];
}

export interface AttestDraftOptions {
  readonly command: string;
  /** The model, as the user named it. */
  readonly model: string;
  /** What the claim is about beside the model, for people and for `--json`. */
  readonly what: string;
  readonly evidence: JsonObject;
  readonly json?: boolean;
}

/**
 * Signs what was found good beside the model, and says what is not so good. What was refused is
 * reported and not signed.
 */
export async function attestDraft(
  draft: ClaimDraft,
  target: ClaimTarget,
  options: AttestDraftOptions,
  host: Host,
): Promise<number> {
  const { command, model, what, evidence, json = false } = options;
  const verdict = decide(draft.findings);
  const { findings } = draft;
  const tool = { name: "mlsign", version: VERSION };
  const report = { tool, command, subject: model, verdict, findings };
  if (verdict === "refused" || verdict === "defect") {
    printReport(report, { json }, host);
    say(host, "nothing was signed");
    return exitOfVerdict(verdict);
  }
  tellFindings(findings, host);
  const { file, added } = await writeClaims([draft], target, host);
  const shown = printable(file);
  say(host, added === 0 ? `${shown} holds this claim already` : `added ${what} to ${shown}`);
  if (json) {
    const { root, dirHash1 = null } = target.manifest;
    writeJson(host, {
      schema: "urn:mlsign:evidence-attest:v1",
      command,
      model,
      claims: file,
      added,
      predicateType: draft.predicateType,
      root,
      dirHash1,
      evidence,
      findings: toJson(report).findings ?? [],
    });
  }
  return EXIT.accepted;
}

/** What did not refuse, and is still no pass, a line each. */
export function tellFindings(findings: readonly Finding[], host: Host): void {
  const told = findings.flatMap(({ outcome, severity, message, fix }) => {
    const hint = fix === undefined ? "" : ` (${printable(fix)})`;
    if (outcome === "unknown") return [`not checked: ${printable(message)}${hint}`];
    if (outcome === "not-applicable") return [`not compared: ${printable(message)}`];
    if (outcome !== "fail" || severity === "note") return [];
    return [`warning: ${printable(message)}${hint}`];
  });
  for (const line of told.slice(0, MOST_LINES)) say(host, line);
  if (told.length > MOST_LINES) say(host, `and ${told.length - MOST_LINES} more of the kind`);
}

const MOST_LINES = 20;
