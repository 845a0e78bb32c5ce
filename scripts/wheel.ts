/** Makes the Python wheel: `node scripts/wheel.ts DIR` bundles the program and packs it for pip. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const ROOT = resolve(import.meta.dirname, "..");
const [out] = process.argv.slice(2);
if (out === undefined) {
  process.stderr.write("usage: node scripts/wheel.ts DIR\n");
  process.exitCode = 2;
} else {
  execFileSync(process.execPath, [join(ROOT, "scripts/build.ts")], { cwd: ROOT, stdio: "ignore" });
  const folder = mkdtempSync(join(tmpdir(), "mlsign-wheel-"));
  try {
    // Made in a copy: the checkout stays as it is.
    cpSync(join(ROOT, "packages/python"), folder, { recursive: true });
    cpSync(join(ROOT, "dist"), join(folder, "src/mlsign/program"), { recursive: true });
    const pip = ["-m", "pip", "wheel", "--no-deps", "--wheel-dir", resolve(out), folder];
    // The same bytes for the same commit: no file has a time of its own.
    const env = { ...process.env, SOURCE_DATE_EPOCH: "315532800" };
    execFileSync("python3", pip, { stdio: ["ignore", "ignore", "inherit"], env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
