import { readFileSync, writeSync } from "node:fs";
import type { Host } from "./host.ts";

/** The host of a real process. */
export function processHost(): Host {
  const { env, stdin, stdout, stderr } = process;
  const terminal = stderr.isTTY === true && !env.CI;
  return {
    cwd: process.cwd(),
    env,
    clock: () => new Date(),
    out: (text) => write(1, text),
    err: (text) => write(2, text),
    interactive: stdin.isTTY === true && stderr.isTTY === true && !env.CI,
    terminal,
    columns: Math.min(stdout.columns ?? 80, 120),
    colour: stdout.isTTY === true && !env.NO_COLOR && !env.CI && env.TERM !== "dumb",
    ask: async (question, secret) => {
      if (stdin.isTTY !== true || stderr.isTTY !== true) return undefined;
      const { askTerminal } = await import("./ask.ts");
      return askTerminal(question, secret);
    },
    openBrowser: (url) => {
      void import("./browser.ts").then(({ openBrowser }) => openBrowser(url, env));
    },
    onGoogleCloud: () => {
      try {
        const name = readFileSync("/sys/class/dmi/id/product_name", "utf8").trim();
        return name === "Google Compute Engine" || name === "Google";
      } catch {
        return false;
      }
    },
    signal: new AbortController().signal,
  };
}

/** Whole and at once, so that nothing is lost when the process ends; a reader that left is no error. */
function write(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
