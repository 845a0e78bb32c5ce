import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { CARD, requirements } from "./model-files.ts";
import { type Shell, shell } from "./shell.ts";

const hasGit = (() => {
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
/** `test`, or a skipped one where there is no git. */
export const withGit: typeof test = hasGit ? test : (test.skip as typeof test);
const DATA = "a,b\n1,2\n";

export interface Repository extends Shell {
  readonly git: (...args: string[]) => void;
  readonly write: (name: string, content: string) => void;
}

/** A repository as an ML engineer has it, with a model in it that was just trained. */
export async function repository(t: ExecutionContext, settings: string): Promise<Repository> {
  const user = shell(t);
  const env = { PATH: process.env["PATH"] ?? "", HOME: user.cwd, GIT_CONFIG_NOSYSTEM: "1" };
  const git = (...args: string[]): void => {
    const who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
    execFileSync("git", [...who, ...args], { cwd: user.cwd, env, stdio: "pipe" });
  };
  const write = (name: string, content: string): void => writeFileSync(user.path(name), content);
  await user.mlsign("keygen", "--out", "k");
  git("init", "-q", "-b", "main");
  git("remote", "add", "origin", "https://git.example/org/repo.git");
  const md5 = createHash("md5").update(DATA).digest("hex");
  const sha256 = createHash("sha256").update(DATA).digest("hex");
  write(".gitignore", "/data.csv\n/k.*\n/release.*\n/model/\n/eval.json\n/token\n/trust.json\n");
  write("data.csv", DATA);
  write("data.csv.dvc", `outs:\n- md5: ${md5}\n  hash: md5\n  path: data.csv\n`);
  write("requirements.txt", requirements("pkg", "1.0", "wheel"));
  const card = CARD.replace("name: tx", "name: data.csv").replace("a".repeat(64), sha256);
  write("README.md", card);
  if (settings !== "") write("mlsign.yaml", settings);
  git("add", "-A", ":!model.onnx");
  git("commit", "-q", "-m", "train");
  return { ...user, git, write };
}
