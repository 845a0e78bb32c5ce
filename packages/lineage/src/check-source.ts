import { type Finding, finding, type Outcome, printable } from "@mlsign/core";
import type { CertifiedJob } from "./check.ts";
import type { LineageFacts } from "./facts.ts";
import type { ClaimedCommit, LineageClaim } from "./read-lineage.ts";

/** The claimed commit against the signing certificate, and against the repository that is here. */
export function checkSource(
  claim: LineageClaim,
  live: LineageFacts,
  certificate: CertifiedJob | undefined,
): Finding[] {
  const [source] = claim.commits;
  if (source === undefined) return [];
  return [
    ...(source.clean ? [] : [of("fail", "the model was trained from a work tree of no commit")]),
    ...checkCertificate(source, claim.invocation, certificate),
    ...checkRepository(source, live),
  ];
}

function checkCertificate(
  { commit, uri }: ClaimedCommit,
  invocation: string | undefined,
  certificate: CertifiedJob = {},
): Finding[] {
  const pairs: [string, string | undefined, string | undefined, boolean][] = [
    ["commit", certificate.commit, commit, certificate.commit === commit],
    ["repository", certificate.repository, uri, sameRepository(uri, certificate.repository ?? "")],
    ["run", certificate.invocation, invocation, certificate.invocation === invocation],
  ];
  return pairs.flatMap(([what, certified, claimed, same]) => {
    if (certified === undefined || claimed === undefined) return [];
    if (same) return [of("pass", `the signing certificate is of the same ${what}`)];
    const shown = `${printable(certified)}, not of ${printable(claimed)}`;
    return [of("fail", `the signing certificate is of ${what} ${shown}`)];
  });
}

function checkRepository({ commit, tree }: ClaimedCommit, live: LineageFacts): Finding[] {
  const shown = printable(commit.slice(0, 12));
  if (live.source?.commit !== commit) {
    const fix = "run it in a checkout that has the commit";
    return [of("unknown", `commit ${shown} is not in the repository here`, { fix })];
  }
  if (tree !== undefined && tree !== live.source.tree)
    return [of("fail", `commit ${shown} has another tree than was recorded`)];
  const { kind, status, why } = live.source.signature;
  const found = of("pass", `commit ${shown} is in the repository here`);
  if (status === "good") return [found, of("pass", `commit ${shown}: ${printable(why)}`)];
  if (status === "bad") return [found, of("fail", `commit ${shown}: ${printable(why)}`)];
  // Whether commits must be signed, and by whom, is the policy's to say: here it is told.
  const severity = status === "unchecked" && kind !== "none" ? "note" : "warning";
  return [found, of("fail", `commit ${shown}: ${printable(why)}`, { severity })];
}

function of(
  outcome: Outcome,
  message: string,
  options: Partial<Pick<Finding, "fix" | "severity">> = {},
): Finding {
  return finding("lineage-source", outcome, message, options);
}

function sameRepository(uri: string, repository: string): boolean {
  const plain = (text: string): string =>
    text
      .replace(/^git\+/, "")
      .replace(/@[^/@]*(?:\/[^@]*)?$/, "")
      .replace(/\.git$/, "")
      .replace(/\/$/, "");
  return plain(uri) === plain(repository);
}
