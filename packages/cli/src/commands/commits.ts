import { decide, exitOfVerdict, type Finding, finding, MlsignError, printable } from "@mlsign/core";
import type { Commit, CommitSignature, CommitTrust } from "@mlsign/git";
import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import {
  addCommitTrustOptions,
  type CommitTrustFlags,
  withCommitTrust,
} from "../options/commit-trust-options.ts";
import { checkFormat, printReport, type ReportFormat } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";

interface Options extends CommitTrustFlags {
  readonly format?: ReportFormat;
  readonly json?: boolean;
}

export function commitsCommand(host: Host, action: Action): Command {
  const check = new Command("check")
    .description("refuse a range that holds a commit which nobody allowed has signed")
    .argument("<range>", "A..B, or one revision and all that lead to it");
  addCommitTrustOptions(check)
    .option("--config <file>", "options as YAML (flags win)")
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--json", "the same as --format json")
    .addHelpText("after", HELP)
    .action((range: string, options: Options) => action(checkCommits(range, options, host)));
  return new Command("commits")
    .description("check who signed the commits of a repository")
    .helpCommand(false)
    .addCommand(check);
}

async function checkCommits(range: string, options: Options, host: Host): Promise<number> {
  checkFormat(options);
  const findings = await withCommitTrust(options, host, (trust) => {
    if (trust !== undefined) return judgeRange(range, trust, host);
    throw new MlsignError("trust-missing", "Cannot check commits: nobody was named who may sign", {
      hint: "give --allowed-signers, --gpg-keys, or --gitsign-identity with --gitsign-issuer",
    });
  });
  const none = finding("commit-signed", "pass", "the range holds no commit");
  const all = findings.length === 0 ? [none] : findings;
  const verdict = decide(all);
  const tool = { name: "mlsign", version: VERSION };
  printReport(
    { tool, command: "commits check", subject: range, verdict, findings: all },
    options,
    host,
  );
  return exitOfVerdict(verdict);
}

async function judgeRange(range: string, trust: CommitTrust, host: Host): Promise<Finding[]> {
  const git = await import("@mlsign/git");
  const { oids, before } = await git.commitRange(host.cwd, range);
  const known = new Set([...oids, ...before]);
  const findings: Finding[] = [];
  for (let at = 0; at < oids.length; at += AT_ONCE) {
    const batch = oids.slice(at, at + AT_ONCE);
    const commits = await git.readCommits(host.cwd, new Set(batch));
    for (const commit of batch.flatMap((oid) => commits.get(oid) ?? [])) {
      findings.push(judge(commit, await git.verifyCommit(commit, trust)));
      if (!commit.parents.every((parent) => known.has(parent))) findings.push(cutOff(commit));
    }
  }
  return findings;
}

/** In a shallow clone git lists what it has, and says nothing of what lies between. */
function cutOff({ oid }: Commit): Finding {
  return finding("commit-signed", "unknown", `the history before ${oid.slice(0, 12)} is not here`, {
    subject: oid,
    fix: "fetch the whole range: the clone is shallow",
  });
}

function judge(commit: Commit, signature: CommitSignature): Finding {
  const short = commit.oid.slice(0, 12);
  const subject = commit.oid;
  const evidence = {
    kind: signature.kind,
    author: commit.author.email,
    committer: commit.committer.email,
    fingerprint: signature.fingerprint ?? null,
  };
  const more = { subject, evidence };
  // A forge signs the merges that it makes with a key of its own, which says nothing of who asked.
  const forge =
    signature.kind === "openpgp" && commit.parents.length > 1 && FORGES.has(commit.committer.email);
  const why = forge ? `${signature.why}: a merge that the forge made, not a person` : signature.why;
  switch (signature.status) {
    case "good":
      return finding("commit-signed", "pass", `${short} ${printable(why)}`, more);
    case "unchecked":
      return finding("commit-signed", "unknown", `${short} ${printable(why)}`, more);
    default:
      return finding("commit-signed", "fail", `${short} ${printable(why)}`, {
        ...more,
        fix: forge
          ? "give the forge's own key with --gpg-keys, or merge with a key of the allowed signers"
          : "have it signed with a key of the allowed signers, and pushed again",
      });
  }
}

const FORGES = new Set(["noreply@github.com", "noreply@gitlab.com"]);
const AT_ONCE = 1000;
const HELP = `
Nothing of the repository's configuration is looked at. SSH signatures and certificates
(cert-authority) are checked by mlsign itself; OpenPGP signatures by gpg, with a keyring of the
given keys alone; X.509 signatures by gitsign. What could not be checked is unknown (exit 3). Who
is named as author or committer proves nothing; the signature does. As a server's update hook:
mlsign commits check "$2..$3" --allowed-signers /etc/mlsign/allowed_signers

Example:
  $ mlsign commits check HEAD~0..HEAD --allowed-signers allowed_signers
`;
