/** Files that frameworks write, made once and kept with the peers. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { ExecutionContext } from "ava";
import { mustRun, peers } from "../../scripts/peers.ts";
import { debianFrameworks, type Frameworks } from "../../scripts/peers/frameworks.ts";
import { PEERS_DIR } from "../../scripts/peers/install.ts";
import { ROOT } from "./cells.ts";

const MAKER = join(ROOT, "scripts/scan-frameworks.py");

export interface Corpus {
  readonly what: string;
  readonly folder: string;
  readonly files: readonly string[];
}

/** Releases that the allow list was not made from: PyPI's of 2024, and Debian's of 2023. */
export async function frameworkCorpora(t: ExecutionContext): Promise<Corpus[]> {
  const { paths, skipped } = await peers();
  const found: Corpus[] = [];
  const python = paths["scan-frameworks"];
  if (python === undefined) t.log(`skipped: PyPI's frameworks: ${skipped["scan-frameworks"]}`);
  else found.push(await made("pypi", { python, env: process.env }));
  const debian = await debianFrameworks();
  if ("reason" in debian) t.log(`skipped: Debian's frameworks: ${debian.reason}`);
  else found.push(await made("debian", debian));
  return found;
}

/** Pickles and arrays that came with packages: made by other people, in the years before. */
export async function othersCorpus(): Promise<Corpus | undefined> {
  const python = (await peers()).paths["scan-frameworks"];
  if (python === undefined) return undefined;
  const patterns = ["pkl", "npy", "npz", "pickle"].map(
    (ending) => `lib/*/site-packages/**/*.${ending}`,
  );
  const root = join(python, "../..");
  const folder = join(PEERS_DIR, "scan-corpus", "others");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const files = globSync(patterns, { cwd: root }).map((path) => {
    const name = `${String(createHash("sha256").update(path).digest("hex")).slice(0, 8)}-${basename(path)}`;
    cpSync(join(root, path), join(folder, name));
    return name;
  });
  return { what: "others", folder, files: files.toSorted() };
}

async function made(what: string, { python, env }: Frameworks): Promise<Corpus> {
  const version = createHash("sha256").update(readFileSync(MAKER)).digest("hex").slice(0, 12);
  const folder = join(PEERS_DIR, "scan-corpus", `${what}-${version}`);
  if (!existsSync(folder)) {
    const partial = `${folder}.partial`;
    rmSync(partial, { recursive: true, force: true });
    await mustRun(python, [MAKER, partial, "2"], { env, timeout: 300_000 });
    renameSync(partial, folder);
  }
  const { files } = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")) as {
    files: { file: string }[];
  };
  return { what, folder, files: files.map(({ file }) => file) };
}
