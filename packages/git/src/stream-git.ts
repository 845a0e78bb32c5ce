import { spawn } from "node:child_process";
import { once } from "node:events";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { gitCommand, gitFailure } from "./run-git.ts";

/**
 * Runs git as `runGit` does, and hands on what it prints as it comes: for output that need not fit
 * in memory. Whoever stops reading ends it.
 *
 * @throws MlsignError `git-missing` or `git-failed`
 */
export async function* streamGit(
  folder: string,
  args: readonly string[],
  input: Iterable<string> = [],
): AsyncGenerator<Buffer> {
  const { program, args: all, env } = gitCommand(folder, args);
  const child = spawn(program, all, { env, stdio: ["pipe", "pipe", "pipe"] });
  const ended = once(child, "close").then(
    ([code]: (number | null)[]) => code,
    (error: unknown) => error,
  );
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    if (said.length < MOST_CHARACTERS) said += chunk.toString("utf8");
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  // git may end before it has read all: how it ends says whether that is well.
  const fed = pipeline(Readable.from(input), child.stdin).catch(() => {});
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const code = await ended;
    if (code !== 0) {
      const error = code instanceof Error ? code : new Error(`git ended with ${String(code)}`);
      throw gitFailure(error, args, said);
    }
    await fed;
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
    await ended;
  }
}

const MOST_CHARACTERS = 4096;
const TIMEOUT_MS = 600_000;
