import { execFile } from "node:child_process";
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
  return new Promise((resolve, reject) => {
    const child = execFile(
      "git",
      [...PINNED, "-c", `safe.directory=${folder}`, "-C", folder, ...args],
      {
        encoding: "buffer",
        env: { PATH: process.env.PATH ?? "", ...ENVIRONMENT },
        maxBuffer: options.maxBytes ?? 256 * 1024 * 1024,
        timeout: 120_000,
      },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else reject(failure(error, args, stderr.toString("utf8")));
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}

function failure(error: Error, args: readonly string[], stderr: string): MlsignError {
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

/** Replacement objects would show another history than the one that was signed. */
const PINNED = [
  "--no-replace-objects",
  "--no-pager",
  "--no-optional-locks",
  "-c",
  "core.fsmonitor=false",
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
  "core.quotePath=false",
];
const ENVIRONMENT = {
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_TERMINAL_PROMPT: "0",
  GIT_NO_LAZY_FETCH: "1",
  LC_ALL: "C",
  HOME: "/nonexistent",
};
