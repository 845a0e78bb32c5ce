import { type Finding, finding, MlsignError, printable } from "@mlsign/core";
import { type Certificate, fulcioClaims, type SubjectName } from "@mlsign/x509";
import type { IdentityRule, Matcher } from "./trust.ts";

/**
 * Whether the certificate's subject, and its issuer of identities, are the trusted ones.
 *
 * @throws MlsignError `usage` where the caller's pattern is no regular expression.
 */
export function checkIdentity(leaf: Certificate, rule: IdentityRule): Finding[] {
  const found = leaf.names.map((name) => name.value);
  const evidence = { found, wanted: describe(rule.identity) };
  const matches = leaf.names.some(
    (name) => typeFits(name, rule.identity) && fits(name.value, rule.identity),
  );
  const names =
    found.length === 0 ? "nobody" : found.map((name) => `"${printable(name)}"`).join(", ");
  const findings = [
    matches
      ? finding("identity-match", "pass", `signed by ${names}`, { evidence })
      : finding("identity-match", "fail", `signed by ${names}, not by ${describe(rule.identity)}`, {
          evidence,
          fix: "trust this signer only if you know why it signed",
        }),
  ];
  if (rule.issuer === undefined) return findings;
  const issuer = fulcioClaims(leaf).issuer;
  const vouched = issuer === undefined ? "no issuer" : `"${printable(issuer)}"`;
  const issuers = { found: issuer ?? null, wanted: rule.issuer };
  return [
    ...findings,
    issuer === rule.issuer
      ? finding("issuer-match", "pass", `identity vouched for by ${vouched}`, { evidence: issuers })
      : finding(
          "issuer-match",
          "fail",
          `identity vouched for by ${vouched}, not by "${rule.issuer}"`,
          {
            evidence: issuers,
          },
        ),
  ];
}

function fits(value: string, matcher: Matcher): boolean {
  if ("exact" in matcher) return value === matcher.exact;
  // Anchored here, so that no pattern matches a part; `.` crosses no line, `u` reads code points.
  return new RegExp(`^(?:${checkedPattern(matcher.pattern)})$`, "u").test(value);
}

/** By itself, as `a)|(?:b` would be a pattern only within ours, and leave its anchors. */
function checkedPattern(pattern: string): string {
  try {
    return new RegExp(pattern, "u").source;
  } catch (cause) {
    const what = `Cannot match identities by "${printable(pattern)}": no regular expression`;
    throw new MlsignError("usage", what, { cause });
  }
}

/** `https://…` can only be a URI, so that an e-mail or user name spelled alike is not taken for it. */
function typeFits(name: SubjectName, matcher: Matcher): boolean {
  if (name.type === "other") return false;
  const wanted = "exact" in matcher ? matcher.exact : matcher.pattern;
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(wanted)
    ? name.type === "uri"
    : name.type !== "uri" || "pattern" in matcher;
}

function describe(matcher: Matcher): string {
  return "exact" in matcher ? `"${matcher.exact}"` : `/^(?:${matcher.pattern})$/`;
}
