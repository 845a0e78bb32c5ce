import { execFile } from "node:child_process";

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
      { timeout: options.timeoutMs, maxBuffer: 1024 * 1024, windowsHide: true },
      (error, stdout) => {
        if (error === null) return resolve(stdout);
        const why = error.killed
          ? "it did not end in time"
          : `it ended with ${error.code ?? error.signal}`;
        reject(new Error(why));
      },
    );
    // A program that does not read its input closes the pipe: what it answers decides.
    child.stdin?.on("error", () => {});
    child.stdin?.end(options.input ?? "");
  });
}
