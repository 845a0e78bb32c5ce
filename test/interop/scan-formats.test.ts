/** Files that the frameworks themselves write: the harmless ones pass, and the others do not. */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FileScan, scanFiles } from "@mlsign/scan";
import test, { type ExecutionContext } from "ava";
import { mustRun, peers } from "../../scripts/peers.ts";
import { available } from "./cells.ts";

const MAKER = join(import.meta.dirname, "make-formats.py");

/** Of the files that do harm, the ones that are not read, and so are not known to. */
const LEAST: Readonly<Record<string, string>> = {
  "bz2.joblib": "unscannable",
  "lzma.joblib": "unscannable",
  "xz.joblib": "unscannable",
  "operator.onnx": "unknown-import",
};

test("scanFiles() passes what frameworks write, and finds what does harm in their formats", async (t) => {
  if (!(await available(t, { peers: ["scan-formats"] }))) return;
  const { paths } = await peers();
  const folder = mkdtempSync(join(tmpdir(), "mlsign-formats-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  await mustRun(paths["scan-formats"] ?? "", [MAKER, folder], { timeout: 300_000 });
  const good = await scanFolder(t, join(folder, "good"));
  t.true(good.length >= 45, `${good.length} files`);
  const flagged = good.filter(({ verdict }) => verdict !== "safe-format" && verdict !== "allowed");
  t.deepEqual(
    flagged.map(({ path, observations }) => [path, observations]),
    [],
  );
  const evil = await scanFolder(t, join(folder, "evil"));
  t.true(evil.length >= 13, `${evil.length} files`);
  t.deepEqual(
    evil.map(({ path, verdict }) => [path, verdict]),
    evil.map(({ path }) => [path, LEAST[path] ?? "dangerous"]),
  );
});

async function scanFolder(t: ExecutionContext, folder: string): Promise<readonly FileScan[]> {
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  const inputs = names.flatMap((path) => {
    const file = join(folder, path);
    const { size } = statSync(file);
    return statSync(file).isFile() ? [{ path, file, size }] : [];
  });
  const { files, unread } = await scanFiles(inputs);
  t.deepEqual(unread, []);
  return files;
}
