import { fstatSync, readFileSync, writeSync } from "node:fs";
import type { Host } from "./host.ts";

/** The host of a real process. */
export function processHost(): Host {
  const { env } = process;
  return {
    cwd: process.cwd(),
    env,
    clock: () => new Date(),
    out: (text) => write(1, text),
    err: (text) => write(2, text),
    get interactive() {
      return isTerminal(0) && isTerminal(2) && !env.CI;
    },
    get terminal() {
      return isTerminal(2) && !env.CI;
    },
    get columns() {
      return isTerminal(1) ? Math.min(process.stdout.columns ?? 80, 120) : 80;
    },
    get colour() {
      return isTerminal(1) && !env.NO_COLOR && !env.CI && env.TERM !== "dumb";
    },
    ask: async (question, secret) => {
      if (!isTerminal(0) || !isTerminal(2)) return undefined;
      const { askTerminal } = await import("./terminal/ask.ts");
      return askTerminal(question, secret);
    },
    openBrowser: (url) => {
      void import("./terminal/browser.ts").then(({ openBrowser }) => openBrowser(url, env));
    },
    onGoogleCloud: () => {
      try {
        const name = readFileSync("/sys/class/dmi/id/product_name", "utf8").trim();
        return name === "Google Compute Engine" || name === "Google";
      } catch {
        return false;
      }
    },
  };
}

/** Asked of the descriptor first: the streams of a process cost milliseconds to make. */
function isTerminal(descriptor: 0 | 1 | 2): boolean {
  try {
    if (!fstatSync(descriptor).isCharacterDevice()) return false;
  } catch {
    return false;
  }
  const name = (["stdin", "stdout", "stderr"] as const)[descriptor];
  return process[name].isTTY === true;
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
