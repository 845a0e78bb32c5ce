import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ExecutionContext } from "ava";
import { type Host, run } from "mlsign";

interface Done {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

export interface Shell {
  readonly cwd: string;
  /** Runs one command line in this process, as a user without a terminal. */
  readonly mlsign: (...args: string[]) => Promise<Done>;
  /** The same with parts of the world changed. */
  readonly as: (world: Partial<Host>, ...args: string[]) => Promise<Done>;
  readonly path: (name: string) => string;
}

/** A new folder with a small model in it, removed when the test ends. */
export function shell(t: ExecutionContext): Shell {
  const cwd = mkdtempSync(join(tmpdir(), "mlsign-test-"));
  t.teardown(() => rmSync(cwd, { recursive: true, force: true }));
  mkdirSync(join(cwd, "model/sub"), { recursive: true });
  writeFileSync(join(cwd, "model/config.json"), "{}\n");
  writeFileSync(join(cwd, "model/sub/weights.bin"), Buffer.alloc(5000, 7));
  writeFileSync(join(cwd, "model/notes.txt"), "notes\n");
  writeFileSync(join(cwd, "model.onnx"), "not really a model\n");
  writeFileSync(join(cwd, "eval.json"), '{"auc": 0.93}\n');
  const as = async (world: Partial<Host>, ...args: string[]): Promise<Done> => {
    let [out, err] = ["", ""];
    const host: Host = {
      cwd,
      env: { HOME: cwd },
      clock: () => new Date(),
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      interactive: false,
      terminal: false,
      columns: 80,
      colour: false,
      ask: async () => undefined,
      openBrowser: () => {},
      onGoogleCloud: () => false,
      signal: new AbortController().signal,
      ...world,
    };
    const exit = await run(args, host);
    return { exit, out, err };
  };
  return { cwd, as, mlsign: (...args) => as({}, ...args), path: (name) => join(cwd, name) };
}
