/** A repository that real DVC makes, and the DVC library's own answers. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type DvcOut, parseDvcFile } from "@mlsign/dvc";
import type { ExecutionContext } from "ava";
import { type Workshop, workshop } from "./cells.ts";

export interface Repository extends Workshop {
  dvc(...args: readonly string[]): Promise<string>;
  /** Runs a program in the Python that DVC is installed for; JSON comes back. */
  python(program: string, ...args: readonly string[]): Promise<unknown>;
  /** The one output of a `.dvc` file. */
  out(file: string): DvcOut;
}

export async function repository(t: ExecutionContext): Promise<Repository> {
  const shop = await workshop(t, { DVC_NO_ANALYTICS: "1", PYTHONUTF8: "1" });
  const program = shop.programs.paths.dvc ?? "";
  const dvc = async (...args: readonly string[]): Promise<string> =>
    (await shop.ok(program, args)).stdout;
  await dvc("init", "--no-scm", "--quiet");
  return {
    ...shop,
    dvc,
    async python(text, ...args) {
      const { stdout } = await shop.ok(join(dirname(program), "python"), "-c", text, args);
      return JSON.parse(stdout) as unknown;
    },
    out: (file) => {
      const { outs } = parseDvcFile(readFileSync(shop.path(file), "utf8"), file);
      t.is(outs.length, 1);
      return outs[0] as DvcOut;
    },
  };
}
