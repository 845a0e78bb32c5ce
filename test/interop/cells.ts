import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Finding, FindingCode } from "@mlsign/core";
import type { ExecutionContext } from "ava";
import {
  isolated,
  type PeerName,
  type Peers,
  peers,
  type PrivateSigstore,
  type Result,
  run,
  SIGSTORE_PEERS,
  startPrivateSigstore,
} from "../../scripts/peers.ts";

export const ROOT: string = resolve(import.meta.dirname, "../..");
/** Public vectors, which live beside the checkout. */
export const VECTORS: string = resolve(ROOT, "../shared/vectors");
export const NODE: string = process.execPath;
/** mlsign's command line, from source: the first argument of `NODE`. */
export const MLSIGN: string = join(ROOT, "packages/cli/src/main.ts");

const EXPECTED = JSON.parse(readFileSync(new URL("peers.json", import.meta.url), "utf8")) as {
  peers: string[];
  vectors: string[];
};
const IN_CI = !["", "0", "false"].includes(process.env.CI ?? "");

/**
 * Whether a test can run. What is missing skips it with the reason; in CI it fails, where
 * `peers.json` says that it must be there.
 */
export async function available(
  t: ExecutionContext,
  needs: { readonly peers?: readonly PeerName[]; readonly vectors?: readonly string[] },
): Promise<boolean> {
  const { skipped } = await peers();
  const missing = [
    ...(needs.peers ?? [])
      .filter((name) => skipped[name] !== undefined)
      .map((name) => [name, skipped[name], EXPECTED.peers.includes(name)] as const),
    ...(needs.vectors ?? [])
      .filter((name) => !existsSync(join(VECTORS, name)))
      .map((name) => [name, "no such vectors", EXPECTED.vectors.includes(name)] as const),
  ];
  for (const [name, reason, expected] of missing) {
    if (IN_CI && expected) t.fail(`${name} must be here: ${reason}`);
    else t.log(`skipped: ${name}: ${reason}`);
  }
  if (missing.length > 0) t.pass();
  return missing.length === 0;
}

/** One Sigstore for a file's tests, or none where one of its servers is missing. */
export async function sharedSigstore(): Promise<PrivateSigstore | undefined> {
  const { skipped } = await peers();
  return SIGSTORE_PEERS.some((name) => skipped[name] !== undefined)
    ? undefined
    : startPrivateSigstore();
}

/** Arguments, grouped as reads best. */
export type Args = string | readonly Args[];

/** A directory of one's own, and programs that run in it. */
export interface Workshop {
  readonly dir: string;
  readonly programs: Peers;
  path(name: string): string;
  /** Writes a file, and its directories. */
  write(name: string, data: string | Uint8Array): string;
  run(program: string | undefined, ...args: readonly Args[]): Promise<Result>;
  /** As `run`, and the test fails unless the program exits with 0. */
  ok(program: string | undefined, ...args: readonly Args[]): Promise<Result>;
  /** As `run`, and the test fails unless the program refuses with this text. */
  refused(text: RegExp, program: string | undefined, ...args: readonly Args[]): Promise<Result>;
}

export async function workshop(
  t: ExecutionContext,
  env: Readonly<Record<string, string>> = {},
): Promise<Workshop> {
  const dir = mkdtempSync(join(tmpdir(), "mlsign-interop-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const path = (name: string): string => join(dir, name);
  async function here(program: string | undefined, ...args: readonly Args[]): Promise<Result> {
    if (program === undefined) throw new TypeError(`no program for ${args.join(" ")}`);
    return run(program, flat(args), { cwd: dir, env: { ...isolated(dir), ...env } });
  }
  return {
    dir,
    programs: await peers(),
    path,
    write(name, data) {
      mkdirSync(dirname(path(name)), { recursive: true });
      writeFileSync(path(name), data, { mode: 0o600 });
      return path(name);
    },
    run: here,
    async ok(program, ...args) {
      const result = await here(program, ...args);
      t.is(result.code, 0, `${flat(args).slice(0, 2).join(" ")}: ${result.stdout}${result.stderr}`);
      return result;
    },
    async refused(text, program, ...args) {
      const result = await here(program, ...args);
      t.not(result.code, 0, `${flat(args).slice(0, 2).join(" ")} must refuse`);
      t.regex(result.stdout + result.stderr, text);
      return result;
    },
  };
}

function flat(args: Args): string[] {
  return typeof args === "string" ? [args] : args.flatMap(flat);
}

/** A model of three files, in a directory `model`. */
export function writeModel(shop: Workshop): string {
  shop.write("model/config.json", "{}\n");
  shop.write("model/weights/part-1.safetensors", new Uint8Array(70_000).fill(7));
  shop.write("model/weights/empty", "");
  return "model";
}

/** mlsign refuses what is judged: exit 1, and a failed finding of this code. */
export async function mlsignRefuses(
  t: ExecutionContext,
  shop: Workshop,
  code: FindingCode,
  ...args: readonly Args[]
): Promise<void> {
  const result = await shop.run(NODE, MLSIGN, "verify", "--json", ...args);
  t.is(result.code, 1, result.stdout + result.stderr);
  const { findings } = JSON.parse(result.stdout) as { findings: readonly Finding[] };
  const failed = findings.filter(({ outcome }) => outcome === "fail").map((found) => found.code);
  t.true(failed.includes(code), `${code} is not among ${failed.join(", ")}`);
}
