import { IN_TOTO, readStatement, type Statement } from "@mlsign/bundle";
import { decide, type Finding, finding, messageOf, MlsignError, printable } from "@mlsign/core";
import { type BundleResult, type Trust, verifyBundle } from "@mlsign/verify";
import type { ClaimLine } from "./claims-file.ts";
import { type ModelIdentity, type SubjectMatch, matchSubject } from "./subject.ts";

export interface VerifyClaimsOptions {
  readonly now: Date;
  readonly trust: Trust;
  /**
   * Whether a root alone is enough: `model.sig`'s manifest was verified in this run, or the caller
   * asked about a root and has no files.
   */
  readonly manifestVerified: boolean;
  readonly requireLog?: boolean;
  readonly requireTimestamp?: boolean;
}

/** A line, what it says, and whether it counts for this model. */
export interface VerifiedClaim {
  readonly line: ClaimLine;
  readonly statement: Statement | undefined;
  readonly match: SubjectMatch | undefined;
  /** `counts`: signed by whom the caller trusts, about this very model. */
  readonly status: "counts" | "untrusted" | "other-model" | "renamed" | "unbound" | "damaged";
  readonly result: BundleResult | undefined;
  readonly findings: readonly Finding[];
}

/**
 * Verifies each claim on its own. A line that is damaged, about another model, or signed by
 * somebody else is told and never skipped; lines about an older model are notes.
 */
export async function verifyClaims(
  lines: readonly ClaimLine[],
  model: ModelIdentity,
  options: VerifyClaimsOptions,
): Promise<VerifiedClaim[]> {
  const claims: VerifiedClaim[] = [];
  for (const line of lines) claims.push(await verifyClaim(line, model, options));
  return claims;
}

async function verifyClaim(
  line: ClaimLine,
  model: ModelIdentity,
  options: VerifyClaimsOptions,
): Promise<VerifiedClaim> {
  const place = {
    subject: `${line.file}:${line.line}`,
    location: { path: line.file, line: line.line },
  };
  const damaged = (why: string): VerifiedClaim => ({
    line,
    statement: undefined,
    match: undefined,
    status: "damaged",
    result: undefined,
    findings: [finding("claim-form", "fail", `claim ${line.line} is damaged: ${why}`, place)],
  });
  const { bundle } = line;
  if (bundle === undefined) return damaged(line.fault ?? "it is no bundle");
  const { content } = bundle;
  if (content.kind !== "dsse" || content.payloadType !== IN_TOTO)
    return damaged("it is no statement");
  let statement: Statement;
  try {
    statement = readStatement(content.payload);
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    return damaged(messageOf(error));
  }
  const match = bestMatch(statement, model);
  const result = await verifyBundle(bundle, options.trust, { ...options, use: "claim" });
  const trusted = decide(result.findings) === "accepted";
  const status = statusOf(match, trusted, options.manifestVerified);
  return {
    line,
    statement,
    match,
    status,
    result,
    findings: [tell(statement, status, result, place)],
  };
}

function bestMatch(statement: Statement, model: ModelIdentity): SubjectMatch {
  const matches = new Set(statement.subject.map((subject) => matchSubject(subject, model)));
  const order: SubjectMatch[] = ["both", "root", "renamed", "other"];
  return order.find((match) => matches.has(match)) ?? "other";
}

function statusOf(
  match: SubjectMatch,
  trusted: boolean,
  manifestVerified: boolean,
): VerifiedClaim["status"] {
  if (match === "other") return "other-model";
  if (match === "renamed") return "renamed";
  if (match === "root" && !manifestVerified) return "unbound";
  return trusted ? "counts" : "untrusted";
}

function tell(
  statement: Statement,
  status: VerifiedClaim["status"],
  result: BundleResult,
  place: { subject: string },
): Finding {
  const type = printable(statement.predicateType);
  switch (status) {
    case "counts":
      return finding("claim-valid", "pass", `claim of type "${type}"`, place);
    case "other-model":
      return finding(
        "claim-subject",
        "fail",
        `claim of type "${type}" is about another or an older model`,
        {
          ...place,
          severity: "note",
        },
      );
    case "renamed":
      return finding(
        "claim-subject",
        "fail",
        `claim of type "${type}" is about the same contents under other names`,
        place,
      );
    case "unbound":
      return finding(
        "claim-subject",
        "unknown",
        `claim of type "${type}" binds no names, and the model's signature was not verified`,
        place,
      );
    default: {
      const why =
        result.findings.find((f) => f.outcome !== "pass" && f.severity === "error")?.message ?? "";
      return finding(
        "claim-valid",
        "fail",
        `claim of type "${type}" is not by a trusted signer: ${why}`,
        place,
      );
    }
  }
}
