import { execFile } from "node:child_process";
import { isAbsolute } from "node:path";
import { systemCode } from "@mlsign/core";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ProgramOptions {
  readonly cwd: string;
  readonly env: Environment;
  readonly input?: string | Buffer;
  readonly timeoutMs?: number;
}

/** How a program ended; `failed` is one that did not end by itself, or printed too much. */
export type Ended =
  | { readonly how: "exit"; readonly code: number; readonly out: string; readonly err: string }
  | { readonly how: "missing" }
  | { readonly how: "failed"; readonly why: string };

/**
 * Runs a program with an argument list, bounded in time and output. It is looked for in the
 * absolute folders of `PATH` alone: a relative one is a folder that a repository can fill.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<Ended> {
  const path = (options.env.PATH ?? "").split(":").filter(isAbsolute).join(":");
  return new Promise((resolve) => {
    const child = execFile(
      program,
      [...args],
      {
        cwd: options.cwd,
        env: { ...options.env, PATH: path },
        timeout: options.timeoutMs ?? TIMEOUT_MS,
        killSignal: "SIGKILL",
        maxBuffer: MOST_BYTES,
        windowsHide: true,
      },
      (error, out, err) => {
        if (error === null) return resolve({ how: "exit", code: 0, out, err });
        if (systemCode(error) === "ENOENT") return resolve({ how: "missing" });
        if (typeof error.code === "number")
          return resolve({ how: "exit", code: error.code, out, err });
        const why = error.killed ? "it did not end in time" : "it did not end by itself";
        const much = String(error.code) === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER";
        return resolve({ how: "failed", why: much ? "it printed too much" : why });
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}

const TIMEOUT_MS = 30_000;
const MOST_BYTES = 1024 * 1024;
