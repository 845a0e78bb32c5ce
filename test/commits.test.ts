import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { shell } from "./shell.ts";

const has = (program: string): boolean => {
  try {
    execFileSync(program, ["--version"], { stdio: "ignore" });
    return true;
  } catch (error) {
    return (error as { code?: string }).code !== "ENOENT";
  }
};
const withGit = has("git") && has("ssh-keygen") ? test : test.skip;

withGit(
  "mlsign commits check accepts a range that is signed throughout, and no other",
  async (t) => {
    const { cwd, mlsign, path } = shell(t);
    const env = { ...process.env, HOME: cwd, GIT_CONFIG_NOSYSTEM: "1" };
    const git = (...args: string[]): void => {
      const who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
      execFileSync("git", [...who, ...args], { cwd, env, stdio: "pipe" });
    };
    git("init", "-q", "-b", "main");
    git("commit", "-q", "--allow-empty", "-m", "unsigned");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path("id")]);
    writeFileSync(
      path("allowed_signers"),
      `ana@example.com ${readFileSync(path("id.pub"), "utf8")}`,
    );
    writeFileSync(path("nobody"), "# nobody\n");
    const sign = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${path("id.pub")}`];
    git(...sign, "commit", "-q", "--allow-empty", "-S", "-m", "signed");
    const check = ["commits", "check"];
    const signers = ["--allowed-signers", "allowed_signers"];
    const help = (await mlsign(...check, "--help")).out;
    const example = /\$ mlsign (.+)/.exec(help)?.[1]?.split(" ") ?? [];
    t.is((await mlsign(...example)).exit, 0);
    const good = await mlsign(...check, "HEAD~1..HEAD", ...signers);
    t.is(good.exit, 0, good.out + good.err);
    t.regex(good.out, /signed by ana@example\.com/);
    t.is((await mlsign(...check, "HEAD", ...signers)).exit, 1);
    t.is((await mlsign(...check, "HEAD~1..HEAD", "--allowed-signers", "nobody")).exit, 1);
    t.is((await mlsign(...check, "HEAD..HEAD", ...signers)).exit, 0);
    t.is((await mlsign(...check, "nothing..HEAD", ...signers)).exit, 3);
    for (const range of ["--all", "--output=x", "^HEAD", "a...b", "a b", "$(touch x)"]) {
      t.is((await mlsign(...check, ...signers, "--", range)).exit, 2, range);
    }
  },
);

withGit("mlsign commits check does not pass over what a shallow clone lacks", async (t) => {
  const { cwd, mlsign, path } = shell(t);
  const env = { ...process.env, HOME: cwd, GIT_CONFIG_NOSYSTEM: "1" };
  const git = (...args: string[]): string => {
    const who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
    return execFileSync("git", [...who, ...args], { cwd, env, encoding: "utf8", stdio: "pipe" });
  };
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", path("id")]);
  writeFileSync(path("allowed_signers"), `ana ${readFileSync(path("id.pub"), "utf8")}`);
  const sign = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${path("id.pub")}`];
  git("init", "-q", "-b", "main", "origin");
  const commit = (...how: string[]): string => {
    git(
      "-C",
      "origin",
      ...how,
      "commit",
      "-q",
      "--allow-empty",
      "-m",
      "x",
      ...(how[0] ? ["-S"] : []),
    );
    return git("-C", "origin", "rev-parse", "HEAD").trim();
  };
  const first = commit(...sign);
  commit();
  const last = commit(...sign);
  git("-C", "origin", "config", "uploadpack.allowAnySHA1InWant", "true");
  git("init", "-q", "-b", "main");
  git("fetch", "-q", "--depth=1", `file://${path("origin")}`, first);
  git("fetch", "-q", "--depth=1", `file://${path("origin")}`, last);
  git("update-ref", "refs/heads/main", last);
  const check = ["commits", "check", "--allowed-signers", "allowed_signers"];
  for (const range of [`${first}..${last}`, "HEAD"]) {
    const { exit, out } = await mlsign(...check, range);
    t.is(exit, 3, out);
    t.regex(out, /UNKNOWN +commit-signed +the history before/);
  }
});
