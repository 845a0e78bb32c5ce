import { decide, exitOfVerdict, type Finding, finding, printable } from "@mlsign/core";
import type { Commit, CommitSignature } from "@mlsign/git";
import { Command } from "commander";
import type { Host } from "../host.ts";
import { checkFormat, printReport, type ReportFormat } from "../print-report.ts";
import type { Action } from "../program.ts";
import { readFile } from "../trust-options.ts";
import { VERSION } from "../version.ts";

interface Options {
  readonly allowedSigners: string;
  readonly format?: ReportFormat;
  readonly json?: boolean;
}

export function commitsCommand(host: Host, action: Action): Command {
  const check = new Command("check")
    .description("refuse a range that holds a commit which nobody allowed has signed")
    .argument("<range>", "A..B, or one revision and all that lead to it")
    .requiredOption("--allowed-signers <file>", "who may sign, as ssh-keygen(1) has it")
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
  const git = await import("@mlsign/git");
  const file = options.allowedSigners;
  const allowedSigners = git.parseAllowedSigners(readFile(file, host).toString("utf8"), file);
  const oids = await git.commitRange(host.cwd, range);
  const commits = await git.readCommits(host.cwd, new Set(oids));
  const findings = oids.flatMap((oid) => {
    const commit = commits.get(oid);
    return commit === undefined
      ? []
      : [judge(commit, git.verifyCommit(commit, { allowedSigners }))];
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
  switch (signature.status) {
    case "good":
      return finding("commit-signed", "pass", `${short} ${signature.why}`, more);
    case "unchecked": {
      // A forge signs the merges that it makes with a key of its own, which says nothing of who asked.
      const forge = commit.parents.length > 1 && FORGES.has(commit.committer.email);
      const why = forge ? "was made and signed by the forge, not by a person" : signature.why;
      return finding("commit-signed", "unknown", `${short} ${printable(why)}`, more);
    }
    default:
      return finding("commit-signed", "fail", `${short} ${printable(signature.why)}`, {
        ...more,
        fix: "have it signed with a key of the allowed signers, and pushed again",
      });
  }
}

const FORGES = new Set(["noreply@github.com", "noreply@gitlab.com"]);
const HELP = `
SSH signatures are checked by mlsign itself, with no program and nothing of the repository's
configuration. OpenPGP and X.509 signatures are reported as not checked (exit 3). Who is named as
author or committer proves nothing; the signature does. As a server's update hook:
mlsign commits check "$old..$new" --allowed-signers /etc/mlsign/allowed_signers

Example:
  $ mlsign commits check HEAD~0..HEAD --allowed-signers allowed_signers
`;
