/**
 * The main job, end to end: signs a real trained model and a directory model, verifies them, and
 * shows that each kind of tampering is refused. Needs no network; exits 1 where anything differs.
 */
import { execFile } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { formatBytes } from "@mlsign/core";
import { table } from "@mlsign/report";
import { startSigstore } from "mlsign-test-sigstore";

const MAIN = resolve(import.meta.dirname, "../packages/cli/src/main.ts");
const folder = mkdtempSync(join(tmpdir(), "mlsign-demo-"));
/** A user's shell, without a CI's identity. */
const env = { PATH: process.env["PATH"] ?? "", HOME: folder };
const rows: string[][] = [];
let surprises = 0;

const sigstore = await startSigstore();
try {
  const models = prepareModels();
  section("A real trained model (a voice activity detector) and a directory model");
  for (const line of models) note(line);

  section("Sign and verify with a key");
  await expect(0, "a new key pair", "keygen", "--out", "trainer");
  await expect(0, "sign the model", "sign", "vad.onnx", "--key", "trainer.key");
  await expect(0, "verify it", "verify", "vad.onnx", "--key", "trainer.pub");
  await expect(0, "sign the directory", "sign", "model", "--key", "trainer.key");
  await expect(0, "verify it", "verify", "model", "--key", "trainer.pub");

  section(
    "Sign with an identity, no key to keep (a Sigstore on 127.0.0.1 stands in for the public one)",
  );
  writeFileSync(
    join(folder, "trust.json"),
    JSON.stringify(sigstore.clientTrustConfig({ rekor: 2, tsa: true })),
  );
  writeFileSync(join(folder, "token"), sigstore.token({ email: "trainer@example.com" }));
  cpSync(join(folder, "vad.onnx"), join(folder, "keyless.onnx"));
  await expect(
    0,
    "sign keyless",
    "sign",
    "keyless.onnx",
    "--trust-config",
    "trust.json",
    "--identity-token",
    "@token",
  );
  await expect(
    0,
    "verify who it was",
    "verify",
    "keyless.onnx",
    ...identity("trainer@example.com"),
    "--require-log",
  );

  section("What a CD job refuses");
  tamper("vad.onnx", (bytes) => bytes.writeUInt8(bytes.readUInt8(100_000) ^ 1, 100_000));
  await expect(1, "one flipped bit", "verify", "vad.onnx", "--key", "trainer.pub");
  tamper("vad.onnx", (bytes) => bytes.writeUInt8(bytes.readUInt8(100_000) ^ 1, 100_000));
  renameSync(join(folder, "model/weights.onnx"), join(folder, "model/weights-old.onnx"));
  await expect(1, "a renamed file", "verify", "model", "--key", "trainer.pub");
  renameSync(join(folder, "model/weights-old.onnx"), join(folder, "model/weights.onnx"));
  writeFileSync(join(folder, "model/custom_ops.py"), "import os\n");
  await expect(1, "an extra file", "verify", "model", "--key", "trainer.pub");
  rmSync(join(folder, "model/custom_ops.py"));
  await expect(0, "(as it was: accepted)", "verify", "model", "--key", "trainer.pub");
  appendFileSync(join(folder, "unsigned.onnx"), "not signed by anybody");
  await expect(1, "no signature", "verify", "unsigned.onnx", "--key", "trainer.pub");
  await expect(0, "another key pair", "keygen", "--out", "stranger");
  await expect(1, "a foreign key", "verify", "vad.onnx", "--key", "stranger.pub");
  await expect(
    1,
    "a foreign identity",
    "verify",
    "keyless.onnx",
    ...identity("somebody@example.com"),
  );
  await expect(2, "nobody named to trust", "verify", "vad.onnx");

  console.log(`\n${table([["what", "exit", "wanted", "mlsign said"], ...rows])}`);
  console.log(surprises === 0 ? "\nall as it must be" : `\n${surprises} not as they must be`);
} finally {
  await sigstore.close();
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = surprises === 0 ? 0 : 1;

/** The ONNX files that an npm package ships, as a model of one file and as one of several. */
function prepareModels(): string[] {
  const require = createRequire(import.meta.url);
  const shipped = dirname(require.resolve("@ricky0123/vad-web/package.json"));
  const onnx = join(shipped, "dist/silero_vad_v5.onnx");
  cpSync(onnx, join(folder, "vad.onnx"));
  mkdirSync(join(folder, "model"));
  cpSync(join(shipped, "dist/silero_vad_legacy.onnx"), join(folder, "model/weights.onnx"));
  writeFileSync(join(folder, "model/config.json"), '{"sample_rate": 16000, "frame": 512}\n');
  writeFileSync(join(folder, "model/README.md"), "# Voice activity detector\n");
  return ["vad.onnx", "model/weights.onnx"].map(
    (name) => `${name}  ${formatBytes(readFileSync(join(folder, name)).length)}`,
  );
}

function identity(who: string): string[] {
  const { oidc } = sigstore.urls;
  return [
    "--trust-config",
    "trust.json",
    "--certificate-identity",
    who,
    "--certificate-oidc-issuer",
    oidc,
  ];
}

function tamper(name: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(join(folder, name));
  change(bytes);
  writeFileSync(join(folder, name), bytes);
}

/** Runs mlsign as a user would, and holds its exit code against the one that it must be. */
async function expect(wanted: number, what: string, ...args: string[]): Promise<void> {
  console.log(`\n$ mlsign ${args.join(" ").replace(sigstore.urls.oidc, "ISSUER")}`);
  const done = await mlsign(args);
  console.log(indent(`${done.stdout}${done.stderr}`.trimEnd()));
  const said =
    /^(?:FAIL\s+\S+\s+(?<fail>[^]*?)(?=\n[A-Z]|\n\n|\n\s+fix:)|.*?: (?<verdict>accepted))/m.exec(
      done.stdout,
    );
  const first =
    said?.groups?.fail ??
    said?.groups?.verdict ??
    done.stderr.replace(/^mlsign: /, "").split("\n")[0] ??
    "";
  const ok = done.exit === wanted;
  if (!ok) surprises += 1;
  rows.push([
    what,
    String(done.exit),
    ok ? "yes" : `no: ${wanted}`,
    first.replace(/\s+/g, " ").slice(0, 90),
  ]);
}

function mlsign(args: string[]): Promise<{ exit: number; stdout: string; stderr: string }> {
  return new Promise((done) => {
    execFile(process.execPath, [MAIN, ...args], { cwd: folder, env }, (error, stdout, stderr) => {
      done({ exit: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

function section(title: string): void {
  console.log(`\n== ${title}`);
}

function note(line: string): void {
  console.log(`   ${line}`);
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}
