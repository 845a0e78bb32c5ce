/** Models in real registries: what mlsign pushes is read by others, and what breaks is taken up. */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, ftruncateSync, openSync, closeSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import test, { type ExecutionContext } from "ava";
import { peers } from "../../scripts/peers.ts";
import { orasProgram, syftProgram } from "../../scripts/peers/oci-clients.ts";
import {
  type Registry,
  type RegistryKind,
  registryProgram,
  type RegistryStart,
  startRegistry,
} from "../../scripts/peers/registries.ts";
import { MLSIGN, NODE, type Workshop, workshop, writeModel } from "./cells.ts";

const KINDS = ["olareg", "docker-registry"] as const;
const BOM_TYPE = "https://cyclonedx.org/bom";

for (const kind of KINDS) {
  test(`what mlsign pushed to ${kind} is read by mlsign, oras and cosign`, async (t) => {
    const ready = await pushed(t, kind);
    if (ready === undefined) return;
    await readByMlsign(t, ready);
    const oras = await orasProgram();
    if (!missing(t, oras)) await readByOras(t, ready, oras.program);
    const { cosign, skipped } = await peers();
    if (cosign === undefined) t.log(`skipped: cosign: ${skipped.cosign}`);
    else await readByCosign(t, ready, cosign);
  });

  test(`mlsign push goes on after ${kind} was killed midway, in flat memory`, async (t) => {
    const shop = await workshop(t);
    const store = shop.path("store");
    const first = await started(t, kind, { login: "none", dir: shop.dir, store });
    if (first === undefined) return;
    // Sparse: it costs no disk here, and as many bytes on the wire as any.
    const large = openSync(shop.write("model.safetensors", ""), "r+");
    ftruncateSync(large, LARGE);
    closeSync(large);
    await shop.ok(NODE, MLSIGN, "keygen", "--out", "k");
    await shop.ok(
      NODE,
      MLSIGN,
      "sign",
      "model.safetensors",
      "--key",
      "k.key",
      "--allow-unsafe",
      "it is empty",
    );
    const { port } = new URL(`http://${first.host}`);
    const args = [MLSIGN, "push", "model.safetensors", `${first.host}/models/large`];
    const child = spawn(NODE, args, {
      cwd: shop.dir,
      env: { HOME: shop.dir, PATH: process.env.PATH },
    });
    let [out, err, most] = ["", "", 0];
    child.stdout.on("data", (data: Buffer) => (out += data.toString()));
    child.stderr.on("data", (data: Buffer) => (err += data.toString()));
    const ended = once(child, "exit");
    let killed = false;
    while (child.exitCode === null) {
      most = Math.max(most, residentBytes(child.pid ?? 0));
      if (!killed && sizeOf(store) > LARGE / 4) {
        killed = true;
        await first.stop();
        await started(t, kind, { login: "none", dir: shop.dir, store, port: Number(port) });
      }
      await sleep(20);
    }
    const [code] = (await ended) as [number];
    t.is(code, 0, err);
    t.true(killed, "it was killed while it took the file");
    t.true(most < 400 * 1024 * 1024, `${most} bytes`);
    const pulled = await shop.ok(
      NODE,
      MLSIGN,
      "pull",
      out.trim(),
      "--into",
      "pulled",
      "--key",
      "k.pub",
    );
    t.regex(pulled.stdout, /accepted/);
    rmSync(shop.path("pulled"), { recursive: true });
    rmSync(store, { recursive: true });
  });
}

test("mlsign push and pull log in as docker login left it", async (t) => {
  for (const [kind, login] of [
    ["olareg", "basic"],
    ["olareg", "token"],
    ["docker-registry", "basic"],
  ] as const) {
    const shop = await workshop(t);
    const registry = await started(t, kind, { login, dir: shop.dir });
    if (registry === undefined) return;
    writeModel(shop);
    await shop.ok(NODE, MLSIGN, "keygen", "--out", "k");
    await shop.ok(NODE, MLSIGN, "sign", "model", "--key", "k.key");
    const to = `${registry.host}/models/demo`;
    const refused = await shop.run(NODE, MLSIGN, "push", "model", to);
    t.is(refused.code, 3);
    const auth = Buffer.from("trainer:hunter2").toString("base64");
    shop.write(".docker/config.json", JSON.stringify({ auths: { [registry.host]: { auth } } }));
    const { stdout } = await shop.ok(NODE, MLSIGN, "push", "model", to);
    await shop.ok(NODE, MLSIGN, "pull", stdout.trim(), "--into", "out", "--key", "k.pub");
  }
});

test("every package that syft finds in a model is in its bill of materials, or told as missing", async (t) => {
  // Built where it is missing, which takes minutes.
  t.timeout(1_200_000);
  const syft = await syftProgram();
  if ("reason" in syft) {
    t.log(`skipped: syft: ${syft.reason}`);
    t.pass();
    return;
  }
  const ready = await pushed(t, "olareg");
  if (ready === undefined) return;
  const { shop, ref } = ready;
  await shop.ok(NODE, MLSIGN, "pull", ref, "--into", "entry", "--key", "k.pub");
  const env = ["env", "SYFT_CHECK_FOR_APP_UPDATE=false"];
  const scanned = await shop.ok(
    env[0],
    env[1] ?? "",
    syft.program,
    "scan",
    "dir:entry",
    "-o",
    "json",
    "-q",
  );
  const { artifacts } = JSON.parse(scanned.stdout) as { artifacts: { purl: string }[] };
  const found = artifacts.map(({ purl }) => purl).filter((purl) => purl !== "");
  t.true(found.includes("pkg:pypi/numpy@2.1.0"), "it looks at the lock file");
  const listed = await shop.ok(NODE, MLSIGN, "sbom", "list", ref, "--key", "k.pub", "--json");
  const { packages } = JSON.parse(listed.stdout) as { packages: { purl: string | null }[] };
  const ours = new Set(packages.map(({ purl }) => purl));
  const gone = found.filter((purl) => !ours.has(purl));
  t.deepEqual(gone, [], "none is missing of a model whose lock files were all given");
});

const LARGE = 512 * 1024 * 1024;

interface Ready {
  readonly shop: Workshop;
  readonly registry: Registry;
  readonly ref: string;
}

/** A signed model with a bill of materials, pushed; `undefined` where there is no such registry. */
async function pushed(t: ExecutionContext, kind: RegistryKind): Promise<Ready | undefined> {
  const shop = await workshop(t);
  const registry = await started(t, kind, { login: "none", dir: shop.dir });
  if (registry === undefined) return undefined;
  writeModel(shop);
  const hash = `--hash=sha256:${createHash("sha256").update("wheel").digest("hex")}`;
  shop.write("model/requirements.txt", `numpy==2.1.0 ${hash}\nscipy==1.14.1 ${hash}\n`);
  await shop.ok(NODE, MLSIGN, "keygen", "--out", "k");
  await shop.ok(NODE, MLSIGN, "sign", "model", "--key", "k.key");
  const lock = ["--deps", "model/requirements.txt"];
  await shop.ok(NODE, MLSIGN, "sbom", "create", "model", lock, "-o", "bom.json");
  await shop.ok(NODE, MLSIGN, "sbom", "attest", "model", "--sbom", "bom.json", "--key", "k.key");
  const to = `${registry.host}/models/demo:1.0`;
  const { stdout } = await shop.ok(NODE, MLSIGN, "push", "model", to);
  return { shop, registry, ref: stdout.trim() };
}

async function readByMlsign(t: ExecutionContext, { shop, ref }: Ready): Promise<void> {
  const key = ["--key", "k.pub"];
  const verified = await shop.ok(NODE, MLSIGN, "verify", `oci://${ref}`, key);
  t.regex(verified.stdout, /bytes-read +from digests/);
  await shop.ok(NODE, MLSIGN, "pull", ref, "--into", "pulled", key);
  await shop.ok(NODE, MLSIGN, "verify", "pulled", key);
  await shop.ok(NODE, MLSIGN, "sbom", "verify", "pulled", key);
  const listed = await shop.ok(NODE, MLSIGN, "sbom", "list", ref, key);
  t.regex(listed.stdout, /^numpy +2\.1\.0 +pkg:pypi\/numpy@2\.1\.0$/m);
  const again = await shop.ok(NODE, MLSIGN, "push", "model", tagOf(ref), "--json");
  t.like(JSON.parse(again.stdout) as object, { sent: 0, attached: 0, reference: ref });
  await shop.ok(NODE, MLSIGN, "keygen", "--out", "other");
  const stranger = await shop.run(NODE, MLSIGN, "pull", ref, "--into", "no", "--key", "other.pub");
  t.is(stranger.code, 1);
  t.false(existsSync(shop.path("no")));
}

async function readByOras(t: ExecutionContext, { shop, ref }: Ready, oras: string): Promise<void> {
  await shop.ok(oras, "pull", "--plain-http", "--output", "fetched", ref);
  for (const name of ["config.json", "weights/part-1.safetensors", "weights/empty"])
    t.deepEqual(
      readFileSync(shop.path(`fetched/${name}`)),
      readFileSync(shop.path(`model/${name}`)),
    );
  const { stdout } = await shop.ok(oras, "discover", "--plain-http", "--format", "json", ref);
  t.is(stdout.match(/dev\.sigstore\.bundle\.predicateType/g)?.length, 2);
}

/** Claims are about the model's root, not about the manifest that they refer to. */
async function readByCosign(
  t: ExecutionContext,
  { shop, ref }: Ready,
  cosign: string,
): Promise<void> {
  const tree = await shop.ok(cosign, "tree", ref, "--allow-http-registry");
  t.true(tree.stdout.includes(BOM_TYPE));
  const got = await shop.ok(cosign, "download", "attestation", "--allow-http-registry", ref);
  const bundles = got.stdout.split("\n").filter((line) => line.startsWith("{"));
  t.is(bundles.length, 2);
  const claims = readFileSync(shop.path("model/claims.jsonl"), "utf8").trim();
  const bom = bundles.find((line) => payloadOf(line) === payloadOf(claims));
  shop.write("bom.bundle", bom ?? "");
  const root = (await shop.ok(NODE, MLSIGN, "digest", "model", "--format", "root")).stdout.trim();
  const digest = ["--digest", root.replace(/^sha256:/, ""), "--digestAlg", "sha256"];
  const how = ["--bundle", "bom.bundle", "--insecure-ignore-tlog", "--type", BOM_TYPE, ...digest];
  await shop.ok(cosign, "verify-blob-attestation", "--key", "k.pub", ...how);
  const other = await shop.run(cosign, "verify-blob-attestation", "--key", "other.pub", ...how);
  t.not(other.code, 0);
}

function tagOf(ref: string): string {
  return `${ref.split("@")[0]}:1.0`;
}

async function started(
  t: ExecutionContext,
  kind: RegistryKind,
  options: RegistryStart,
): Promise<Registry | undefined> {
  const found = await registryProgram(kind);
  if (missing(t, found)) return undefined;
  const registry = await startRegistry(kind, found.program, options);
  t.teardown(registry.stop);
  return registry;
}

/** What cannot be had skips a test with the reason; in CI it must be there. */
function missing(
  t: ExecutionContext,
  found: { readonly program: string } | { readonly reason: string },
): found is { readonly reason: string } {
  if ("program" in found) return false;
  if (process.env.CI) t.fail(found.reason);
  else t.log(`skipped: ${found.reason}`);
  t.pass();
  return true;
}

function payloadOf(bundle: string): string {
  return (JSON.parse(bundle) as { dsseEnvelope: { payload: string } }).dsseEnvelope.payload;
}

function residentBytes(pid: number): number {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]);
    return pages * 4096;
  } catch {
    return 0;
  }
}

function sizeOf(folder: string): number {
  if (!existsSync(folder)) return 0;
  const total = execFileSync("du", ["-sb", folder], { encoding: "utf8", stdio: "pipe" });
  return Number(total.split("\t")[0]);
}
