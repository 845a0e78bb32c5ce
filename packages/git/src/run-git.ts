import { execFile } from "node:child_process";
import { isAbsolute } from "node:path";
import { messageOf, MlsignError, printable, systemCode } from "@mlsign/core";

/**
 * Runs git with its configuration pinned: no system or user configuration, and nothing that a
 * repository's own configuration could have executed (lineage.md 7). Arguments are a list, never
 * a shell's text.
 *
 * @throws MlsignError `git-missing` or `git-failed`
 */
export function runGit(
  folder: string,
  args: readonly string[],
  options: { input?: string | Buffer; maxBytes?: number } = {},
): Promise<Buffer> {
  const command = gitCommand(folder, args);
  return new Promise((resolve, reject) => {
    const child = execFile(
      command.program,
      command.args,
      {
        encoding: "buffer",
        env: command.env,
        maxBuffer: options.maxBytes ?? 256 * 1024 * 1024,
        timeout: 120_000,
        killSignal: "SIGKILL",
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(gitFailure(error, args, stderr.toString("utf8")));
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}

/**
 * The command line that `runGit` runs. git is looked for in the absolute folders of `PATH` alone: a
 * relative one is a folder that a repository can fill.
 */
export function gitCommand(
  folder: string,
  args: readonly string[],
): { program: string; args: string[]; env: Record<string, string> } {
  const path = (process.env.PATH ?? "").split(":").filter(isAbsolute).join(":");
  const kept = QUARANTINE.flatMap((name) => {
    const value = process.env[name];
    return value === undefined || process.env.GIT_QUARANTINE_PATH === undefined
      ? []
      : [[name, value] as const];
  });
  return {
    program: "git",
    args: [...PINNED, "-c", `safe.directory=${folder}`, "-C", folder, ...args],
    env: { PATH: path, ...ENVIRONMENT, ...Object.fromEntries(kept) },
  };
}

export function gitFailure(error: Error, args: readonly string[], stderr: string): MlsignError {
  if (systemCode(error) === "ENOENT") {
    return new MlsignError("git-missing", "Cannot read the repository: git is not installed", {
      cause: error,
    });
  }
  const line = stderr.split("\n").find((text) => text.trim() !== "") ?? messageOf(error);
  return new MlsignError(
    "git-failed",
    `Cannot run git ${args[0] ?? ""}: ${printable(line.trim())}`,
    {
      cause: error,
    },
  );
}

/** Where a server's hook finds what is pushed, before it is taken (git-receive-pack(1)). */
const QUARANTINE = [
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_QUARANTINE_PATH",
];
/** Replacements, grafts and a graph of the repository's making would show another history. */
const PINNED = [
  "--no-replace-objects",
  "--no-pager",
  "--no-optional-locks",
  "-c",
  "core.fsmonitor=false",
  "-c",
  "core.commitGraph=false",
  "-c",
  "core.hooksPath=/dev/null",
  "-c",
  "core.sshCommand=false",
  "-c",
  "core.untrackedCache=false",
  "-c",
  "credential.helper=",
  "-c",
  "protocol.allow=never",
  "-c",
  "diff.external=",
  "-c",
  "log.showSignature=false",
  "-c",
  "log.showRoot=true",
  "-c",
  "core.quotePath=false",
];
const ENVIRONMENT = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_NO_LAZY_FETCH: "1",
  GIT_GRAFT_FILE: "/dev/null",
  LC_ALL: "C",
  HOME: "/nonexistent",
};
