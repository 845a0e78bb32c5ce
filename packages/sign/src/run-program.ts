import { execFile, type ExecFileException } from "node:child_process";
import { delimiter, isAbsolute } from "node:path";

export interface ProgramOptions {
  readonly input?: string;
  readonly timeoutMs: number;
}

/**
 * Runs a program with an argument list, never a shell, and returns what it prints.
 *
 * @throws the error of `execFile`; what the program printed is not in it.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  options: ProgramOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      [...args],
      // A program may ignore SIGTERM, and would then never end.
      {
        env: { ...process.env, PATH: absolutePath() },
        timeout: options.timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer: MOST_BYTES,
        windowsHide: true,
      },
      (error, stdout) => {
        if (error === null) resolve(stdout);
        else reject(new Error(reasonOf(error)));
      },
    );
    // A program that does not read its input closes the pipe: what it answers decides.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}

/** A relative folder of `PATH` is one that a checkout can fill. */
function absolutePath(): string {
  return (process.env.PATH ?? "").split(delimiter).filter(isAbsolute).join(delimiter);
}

function reasonOf({ code, killed, signal }: ExecFileException): string {
  if (String(code) === "ERR_CHILD_PROCESS_STDIO_MAXBUFFER") return "it printed too much";
  if (killed === true) return "it did not end in time";
  return typeof code === "string"
    ? `it cannot be run (${code})`
    : `it ended with ${code ?? signal}`;
}

const MOST_BYTES = 1024 * 1024;
