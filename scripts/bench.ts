/**
 * Measures what the design promises, each as a ratio to a reference in the same run: reference and
 * candidate take turns, and medians are compared. `--quick` scales the sizes down, `--markdown`
 * prints the README's table. It is a benchmark, not a test: it exits 0 whatever it finds.
 */
import { execFile } from "node:child_process";
import { randomFillSync } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";
import { formatBytes } from "@mlsign/core";
import { localSource, manifestOf, type Serialization } from "@mlsign/manifest";
import { table } from "@mlsign/report";
import { startSigstore } from "mlsign-test-sigstore";
import { find } from "./peers/install.ts";

/** Another program's runs are started; this one's run here. Times are in milliseconds. */
type Run = () => Promise<number>;

const run = promisify(execFile);
const quick = process.argv.includes("--quick");
const PROGRAM = resolve(import.meta.dirname, "../dist/mlsign.mjs");
const MiB = 1024 * 1024;
const scale = quick ? 8 : 1;
const ROUNDS = quick ? 3 : 5;
const FILES: Serialization = {
  method: "files",
  hashType: "sha256",
  allowSymlinks: false,
  ignorePaths: [],
};
const rows: string[][] = [["what", "target", "measured", "ratio"]];

const folder = mkdtempSync(join(tmpdir(), "mlsign-bench-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(1));

console.log(
  `${cpus()[0]?.model ?? "unknown"}, ${availableParallelism()} threads, Node ${process.version}`,
);
const before = loadavg()[0]?.toFixed(1) ?? "?";
await hashing();
await manySmallFiles();
await startUp();
await gates();
await memory();
console.log(process.argv.includes("--markdown") ? markdown(rows) : table(rows, 120));
// What else ran then takes threads away: the rows about several threads mean nothing with company.
console.log(`load while this ran: ${loadavg()[0]?.toFixed(1)}, before: ${before}`);

async function hashing(): Promise<void> {
  const size = (2048 * MiB) / scale;
  const big = randomFile("big", size);
  const openssl = opensslOver([big]);
  const own = digest(big, FILES);
  const gib = `${formatBytes(size)} file`;
  await compare(`${gib}, sha256, to openssl`, 0.9, openssl, own, size);
  for (const shardSize of [1_000_000_000 / scale, (128 * MiB) / scale]) {
    const shards = digest(big, { ...FILES, method: "shards", shardSize });
    await compare(`${gib}, shards of ${formatBytes(shardSize)}, to sha256`, 1.7, own, shards, size);
  }
  const blake3 = digest(big, { ...FILES, hashType: "blake3" });
  await compare(`${gib}, blake3, to sha256`, 1.8, own, blake3, size);
  rmSync(big);

  const count = 64 / scale;
  const directory = join(folder, "many");
  mkdirSync(directory);
  const files = Array.from({ length: count }, (_, at) => randomFile(`many/f${at}`, 32 * MiB));
  const many = digest(directory, FILES);
  const what = `${count} x 32 MiB, sha256, to one openssl`;
  await compare(what, 1.7, opensslOver(files), many, count * 32 * MiB);
  rmSync(directory, { recursive: true });
}

async function manySmallFiles(): Promise<void> {
  const count = 20_000 / scale;
  const directory = smallFiles("small", count, 4096);
  const own = digest(directory, FILES);
  const what = `${count} x 4 KiB, sha256`;
  const perSecond = (ms: number): string => `${Math.round((count / ms) * 1000)} files/s`;
  const alone = median([await own(), await own(), await own()]);
  rows.push([what, "-", `${Math.round(alone)} ms, ${perSecond(alone)}`, "-"]);
  const found = find("model-signing");
  if ("reason" in found) {
    skip(`${what}, to PyPI model-signing`, found.reason);
    return;
  }
  const python = join(dirname(found.program), "python");
  await compare(`${what}, to PyPI model-signing`, 5, peer(python, directory), own, count * 4096);
}

/** Whole processes, start to end. */
async function startUp(): Promise<void> {
  if (!existsSync(PROGRAM)) {
    skip("verify of 1 MiB, to node -e 0", "dist/mlsign.mjs is not built");
    return;
  }
  const model = randomFile("model.bin", MiB);
  const nothing = processTime(["-e", "0"]);
  for (const [what, target, command] of await verifyCommands(model)) {
    await pairs(
      `verify of 1 MiB ${what}, to node -e 0`,
      target,
      nothing,
      processTime([PROGRAM, ...command]),
    );
  }
}

/** Signs the model in both ways, and gives the command that verifies each. */
async function verifyCommands(model: string): Promise<[string, number, string[]][]> {
  const at = (name: string): string => join(folder, name);
  const call = (...args: string[]): unknown =>
    run(process.execPath, [PROGRAM, ...args], { cwd: folder });
  await call("keygen", "--out", at("k"));
  await call("sign", model, "--key", at("k.key"), "--signature", at("key.sig"));

  const sigstore = await startSigstore();
  writeFileSync(at("trust.json"), JSON.stringify(sigstore.clientTrustConfig()));
  writeFileSync(at("token"), sigstore.token({ email: "alice@example.com" }));
  const trust = ["--trust-config", at("trust.json")];
  const token = ["--identity-token", `@${at("token")}`, "--yes"];
  await call("sign", model, ...token, ...trust, "--signature", at("keyless.sig"));
  await sigstore.close();

  const identity = ["--certificate-identity", "alice@example.com"];
  const issuer = ["--certificate-oidc-issuer", sigstore.urls.oidc];
  return [
    ["with a key", 2, ["verify", model, "--key", at("k.pub"), "--signature", at("key.sig")]],
    [
      "keyless",
      3.5,
      ["verify", model, ...identity, ...issuer, ...trust, "--signature", at("keyless.sig")],
    ],
  ];
}

/** The gate with local facts, and what a deployment pays for a promotion that was signed. */
async function gates(): Promise<void> {
  if (!existsSync(PROGRAM)) {
    skip("promotion gate, to node -e 0", "dist/mlsign.mjs is not built");
    return;
  }
  const at = (name: string): string => join(folder, name);
  const call = (...args: string[]): unknown =>
    run(process.execPath, [PROGRAM, ...args], { cwd: folder });
  const model = at("gated.txt");
  writeFileSync(model, "0.5 0.25\n".repeat(100_000));
  const people = ["gk", "g1", "g2", "g3", "g4"];
  for (const name of people) await call("keygen", "--out", at(name));
  await call("sign", model, "--key", at("gk.key"));
  await call("scan", "attest", model, "--key", at("gk.key"));
  for (const name of people.slice(1))
    await call("approve", model, "--to", "prod", "--key", at(`${name}.key`));
  writeFileSync(at("gate.yaml"), gatePolicy(people.map((name) => [name, at(`${name}.pub`)])));
  const to = ["--policy", at("gate.yaml"), "--to", "prod"];
  const nothing = processTime(["-e", "0"]);
  await pairs(
    "verify --policy, five claims, to node -e 0",
    6,
    nothing,
    processTime([PROGRAM, "verify", model, ...to]),
  );
  await call("promote", model, ...to, "--key", at("gk.key"));
  await pairs(
    "verify --vsa, six claims, to node -e 0",
    3.5,
    nothing,
    processTime([PROGRAM, "verify", model, "--vsa", "--to", "prod", "--key", at("gk.pub")]),
  );
}

function gatePolicy(people: readonly (readonly [name: string, file: string])[]): string {
  const identities = people.map(([name, file]) => {
    const pem = readFileSync(file, "utf8").trim().replaceAll("\n", "\n      ");
    return `  ${name}:\n    publicKey: |\n      ${pem}\n`;
  });
  return `schema: urn:mlsign:policy:v1
name: prod
version: 1
expires: 2100-01-01T00:00:00Z
mode: enforce
target: { to: prod }
trust: { transparency: none, reason: a benchmark }
identities:
${identities.join("")}require:
  - { id: signature, type: signature, by: [gk] }
  - { id: scan, type: scan, by: [gk] }
  - { id: approval, type: approval, by: [g1, g2, g3, g4], threshold: 4, distinctFrom: [signature] }
`;
}

/** Most memory of the whole process, Node's own included. */
async function memory(): Promise<void> {
  const main = existsSync(PROGRAM)
    ? PROGRAM
    : resolve(import.meta.dirname, "../packages/cli/src/main.ts");
  const sparse = join(folder, "sparse");
  const size = (8192 * MiB) / scale;
  writeFileSync(sparse, "");
  truncateSync(sparse, size);
  const count = 100_000 / scale;
  const tree = smallFiles("tree", count, 16);
  const idle = await peak(["-e", "0"]);
  rows.push(["peak memory of node -e 0", "-", formatBytes(idle), "-"]);
  for (const [what, path, limit] of [
    [`peak memory, one sparse file of ${formatBytes(size)}`, sparse, 120],
    [`peak memory, ${count} small files`, tree, 250],
  ] as const) {
    const most = await peak([main, "digest", path]);
    rows.push([what, `<= ${limit} MiB`, formatBytes(most), verdict(most <= limit * MiB)]);
    progress();
  }
}

async function peak(args: readonly string[]): Promise<number> {
  const tell = 'process.on("exit",()=>console.error("peak "+process.resourceUsage().maxRSS))';
  const { stderr } = await run(process.execPath, [
    "--import",
    `data:text/javascript,${tell}`,
    ...args,
  ]);
  return Number(/^peak (\d+)$/m.exec(stderr)?.[1]) * 1024;
}

/** How much faster the candidate is than the reference, over the same bytes. */
async function compare(
  what: string,
  target: number,
  reference: Run,
  candidate: Run,
  bytes: number,
): Promise<void> {
  const [slow, fast] = await interleaved(reference, candidate, ROUNDS);
  const rate = (ms: number): string => `${formatBytes((bytes / ms) * 1000)}/s`;
  const ratio = slow / fast;
  rows.push([
    what,
    `>= ${target}`,
    `${rate(fast)} to ${rate(slow)}`,
    `${ratio.toFixed(2)} ${verdict(ratio >= target)}`,
  ]);
  progress();
}

/** How much longer the candidate takes than the reference: whole processes, in turns. */
async function pairs(what: string, target: number, reference: Run, candidate: Run): Promise<void> {
  const [base, own] = await interleaved(reference, candidate, quick ? 7 : 25);
  const ratio = own / base;
  rows.push([
    what,
    `<= ${target.toFixed(1)}`,
    `${own.toFixed(0)} ms to ${base.toFixed(0)} ms`,
    `${ratio.toFixed(2)} ${verdict(ratio <= target)}`,
  ]);
  progress();
}

async function interleaved(a: Run, b: Run, rounds: number): Promise<[number, number]> {
  // The first of each fills caches and compiles.
  await a();
  await b();
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    times[0].push(await a());
    times[1].push(await b());
  }
  return [median(times[0]), median(times[1])];
}

function digest(path: string, serialization: Serialization): Run {
  return async () => {
    const started = performance.now();
    const source = localSource(path);
    await manifestOf(source, await source.list(), { serialization });
    return performance.now() - started;
  };
}

function opensslOver(files: readonly string[]): Run {
  return timed("openssl", ["dgst", "-sha256", ...files]);
}

function processTime(args: readonly string[]): Run {
  return timed(process.execPath, args);
}

function timed(program: string, args: readonly string[]): Run {
  return async () => {
    const started = performance.now();
    await run(program, [...args], { maxBuffer: 64 * MiB });
    return performance.now() - started;
  };
}

/** The peer's own time to hash, without its start. */
function peer(python: string, directory: string): Run {
  const program = `
import sys, time, model_signing
started = time.perf_counter()
model_signing.hashing.hash(sys.argv[1])
print((time.perf_counter() - started) * 1000)`;
  return async () => Number((await run(python, ["-c", program, directory])).stdout);
}

function randomFile(name: string, size: number): string {
  const path = join(folder, name);
  const chunk = randomFillSync(Buffer.alloc(Math.min(size, 32 * MiB)));
  const fd = openSync(path, "w");
  for (let at = 0; at < size; at += chunk.length)
    writeSync(fd, chunk, 0, Math.min(chunk.length, size - at));
  closeSync(fd);
  return path;
}

function smallFiles(name: string, count: number, size: number): string {
  const content = randomFillSync(Buffer.alloc(size));
  for (let at = 0; at < count; at += 1) {
    const directory = join(folder, name, `d${at % 200}`);
    if (at < 200) mkdirSync(directory, { recursive: true });
    content.writeUInt32LE(at, 0);
    writeFileSync(join(directory, `file-${at}.bin`), content);
  }
  return join(folder, name);
}

/** The targets are for the full sizes: of small ones, what starts before the hashing is a large part. */
function verdict(met: boolean): string {
  if (quick) return "(not judged)";
  return met ? "met" : "MISSED";
}

function markdown([head = [], ...body]: readonly string[][]): string {
  return [head, head.map(() => "---"), ...body].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function skip(what: string, why: string): void {
  rows.push([what, "-", `skipped: ${why}`, "-"]);
}

function progress(): void {
  console.error(rows.at(-1)?.join("  "));
}
