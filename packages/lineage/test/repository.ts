import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { type ExecutionContext } from "ava";

const hasGit = (() => {
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
export const withGit: typeof test = hasGit ? test : (test.skip as typeof test);
export const IMAGE: string = `registry.example/train@sha256:${"a".repeat(64)}`;

export interface Fixture {
  readonly dir: string;
  readonly git: (...args: string[]) => string;
  readonly write: (name: string, content: string | Buffer) => void;
  readonly track: () => void;
}

export function repository(t: ExecutionContext): Fixture {
  const dir = mkdtempSync(join(tmpdir(), "mlsign-lineage-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const env = { PATH: process.env["PATH"] ?? "", HOME: dir, GIT_CONFIG_NOSYSTEM: "1" };
  const who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
  const git = (...args: string[]): string =>
    execFileSync("git", [...who, ...args], {
      cwd: dir,
      env,
      encoding: "utf8",
      stdio: "pipe",
    }).trim();
  const write = (name: string, content: string | Buffer): void => {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  };
  const track = (): void => {
    const { oid, size } = md5Of(join(dir, "data.csv"));
    write("data.csv.dvc", `outs:\n- md5: ${oid}\n  size: ${size}\n  hash: md5\n  path: data.csv\n`);
    git("add", "data.csv.dvc", ".gitignore");
    git("commit", "-q", "-m", "data");
  };
  git("init", "-q", "-b", "main");
  git("remote", "add", "origin", "https://me:secret@git.example/org/repo.git");
  write(".gitignore", "/data.csv\n");
  write("data.csv", "a,b\n1,2\n");
  track();
  return { dir, git, write, track };
}

/** DVC's name of a file, without the code under test. */
export function md5Of(file: string): { readonly oid: string; readonly size: number } {
  const content = readFileSync(file);
  return { oid: createHash("md5").update(content).digest("hex"), size: content.length };
}
