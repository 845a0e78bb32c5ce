import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import test, { type ExecutionContext } from "ava";
import { digestOf, type SmallRegistry, smallRegistry } from "./oci-registry.ts";
import { type Shell, shell } from "./shell.ts";

const SCHEMAS = resolve(import.meta.dirname, "../packages/cli/schemas");
const BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const ZERO = "0".repeat(64);

interface Pushed {
  readonly user: Shell;
  readonly registry: SmallRegistry;
  /** By digest. */
  readonly ref: string;
}

async function pushed(t: ExecutionContext, model = "model"): Promise<Pushed> {
  const user = shell(t);
  const registry = await smallRegistry(t);
  const { mlsign, path } = user;
  writeFileSync(path("requirements.txt"), `numpy==2.1.0 --hash=sha256:${ZERO}\n`);
  await mlsign("keygen", "--out", "k");
  await mlsign("keygen", "--out", "other");
  t.is((await mlsign("sign", model, "--key", "k.key", "--allow-unsafe", "test")).exit, 0);
  await mlsign("sbom", "create", model, "--deps", "requirements.txt", "-o", "bom.json");
  await mlsign("sbom", "attest", model, "--sbom", "bom.json", "--key", "k.key");
  const { exit, out, err } = await mlsign("push", model, `${registry.host}/models/demo:1.0`);
  t.is(exit, 0, err);
  return { user, registry, ref: out.trim() };
}

for (const model of ["model", "model.onnx"]) {
  test(`mlsign push, verify and pull ${model} by its digest`, async (t) => {
    const { user, registry, ref } = await pushed(t, model);
    const { mlsign, path } = user;
    t.regex(ref, new RegExp(`^${registry.host}/models/demo@sha256:[0-9a-f]{64}$`));
    t.is(ref.split("@")[1], digestOf(registry.manifests.get("1.0") ?? Buffer.alloc(0)));
    registry.seen.length = 0;
    const verified = await mlsign("verify", `oci://${ref}`, "--key", "k.pub");
    t.is(verified.exit, 0, verified.out + verified.err);
    t.regex(verified.out, /bytes-read +from digests: the bytes \(.*\) were not read/);
    const layers = model === "model" ? 3 : 1;
    t.false(registry.seen.some((line) => line.includes("sha256:") && isLayer(line, registry, ref)));
    const pulled = await mlsign("pull", ref, "--into", "out", "--key", "k.pub");
    t.is(pulled.exit, 0, pulled.out + pulled.err);
    t.is(registry.seen.filter((line) => isLayer(line, registry, ref)).length, layers);
    const here = model === "model" ? "out" : "out/model.onnx";
    t.is((await mlsign("verify", here, "--key", "k.pub")).exit, 0);
    t.is((await mlsign("sbom", "verify", here, "--key", "k.pub")).exit, 0);
    if (model === "model.onnx")
      t.deepEqual(readdirSync(path("out")).sort(), [
        "model.onnx",
        "model.onnx.claims.jsonl",
        "model.onnx.sig",
      ]);
    const copied = await mlsign("verify", `oci://${ref}`, "--key", "k.pub", "--into", "copy");
    t.is(copied.exit, 0, copied.out + copied.err);
    t.notRegex(copied.out, /bytes-read/);
    t.true(existsSync(path("copy")));
  });
}

for (const flags of [
  ["--shard-size", "1000000"],
  ["--hash", "blake2b"],
]) {
  test(`mlsign does not decide by digests that were not signed (${flags.join(" ")})`, async (t) => {
    const { mlsign } = shell(t);
    const { host } = await smallRegistry(t);
    await mlsign("keygen", "--out", "k");
    t.is((await mlsign("sign", "model", "--key", "k.key", ...flags)).exit, 0);
    const { out: ref } = await mlsign("push", "model", `${host}/models/demo`);
    const at = ["verify", `oci://${ref.trim()}`, "--key", "k.pub"];
    const looked = await mlsign(...at);
    t.is(looked.exit, 3, looked.out + looked.err);
    t.regex(looked.out, /Cannot tell from digests alone/);
    const read = await mlsign(...at, "--into", "copy");
    t.is(read.exit, 0, read.out + read.err);
    const pulled = await mlsign("pull", ref.trim(), "--into", "out", "--key", "k.pub");
    t.is(pulled.exit, 0, pulled.out + pulled.err);
  });
}

test("mlsign push sends nothing twice, and says what it did as its schema has it", async (t) => {
  const { user, registry } = await pushed(t);
  const { out } = await user.mlsign("push", "model", `${registry.host}/models/demo:1.0`, "--json");
  const document = JSON.parse(out) as object;
  t.like(document, { tag: "1.0", files: 3, sent: 0, bundles: 2, attached: 0 });
  valid(t, "push", document);
});

test("mlsign push refuses what is not signed as it is", async (t) => {
  const user = shell(t);
  const registry = await smallRegistry(t);
  const to = `${registry.host}/models/demo`;
  const unsigned = await user.mlsign("push", "model", to);
  t.is(unsigned.exit, 1);
  t.regex(unsigned.err, /unsigned/);
  await user.mlsign("keygen", "--out", "k");
  await user.mlsign("sign", "model", "--key", "k.key");
  writeFileSync(user.path("model/config.json"), "changed");
  const changed = await user.mlsign("push", "model", to);
  t.is(changed.exit, 1);
  t.regex(changed.err, /not the signed ones/);
  t.is((await user.mlsign("push", "model", `${to}@sha256:${ZERO}`)).exit, 2);
  t.deepEqual(registry.seen, []);
});

test("mlsign verify and pull take no tag, and tell what it is now", async (t) => {
  const { user, registry, ref } = await pushed(t);
  for (const args of [
    ["verify", `oci://${registry.host}/models/demo:1.0`],
    ["pull", `${registry.host}/models/demo:1.0`, "--into", "out"],
    ["sbom", "list", `${registry.host}/models/demo:1.0`],
  ]) {
    const { exit, err } = await user.mlsign(...args, "--key", "k.pub");
    t.is(exit, 2);
    t.true(err.includes(`it is ${ref} now`), err);
  }
});

test("mlsign verify judges by a policy only what lies here", async (t) => {
  const { mlsign } = shell(t);
  for (const model of ["s3://models/x", `oci://registry.example/x@sha256:${ZERO}`]) {
    const { exit, err } = await mlsign("verify", model, "--policy", "p.yaml", "--to", "prod");
    t.is(exit, 2);
    t.regex(err, /cannot judge .* where it lies/);
  }
});

test("mlsign pull fetches no byte of what no trusted signer signed", async (t) => {
  const { user, registry, ref } = await pushed(t);
  registry.seen.length = 0;
  const { exit, out } = await user.mlsign("pull", ref, "--into", "out", "--key", "other.pub");
  t.is(exit, 1);
  t.regex(out, /signature-valid/);
  t.false(registry.seen.some((line) => isLayer(line, registry, ref)));
  t.false(existsSync(user.path("out")));
  for (const [name, body] of registry.manifests)
    if (body.includes('"subject"')) registry.manifests.delete(name);
  const unsigned = await user.mlsign("pull", ref, "--into", "out", "--key", "k.pub");
  t.is(unsigned.exit, 1);
  t.regex(unsigned.err, /unsigned/);
});

test("mlsign pull leaves nothing where a registry serves other bytes for a digest", async (t) => {
  const { user, registry, ref } = await pushed(t);
  const layer = layersOf(registry, ref).find(({ size }) => size === 5000);
  registry.blobs.set(layer?.digest ?? "", Buffer.alloc(5000, 8));
  const { exit, err } = await user.mlsign("pull", ref, "--into", "out", "--key", "k.pub");
  t.is(exit, 3);
  t.regex(err, /other bytes than sha256:/);
  t.deepEqual(
    readdirSync(user.cwd).filter((name) => name.startsWith("out")),
    [],
  );
});

test("strangers' bundles hide no signature, and count for nothing", async (t) => {
  const { user, registry, ref } = await pushed(t);
  const { mlsign, path } = user;
  const model = ref.split("@")[1] ?? "";
  // One by somebody else over the same model, and junk of every kind, ahead of ours.
  await mlsign("sign", "model", "--key", "other.key", "--signature", "other.sig");
  const ours = [...registry.manifests];
  registry.manifests.clear();
  attach(registry, model, readFileSync(path("other.sig")));
  attach(registry, model, Buffer.from("{}"));
  attach(registry, model, Buffer.from("not JSON"));
  attach(registry, model, Buffer.from("x"), { lie: true });
  attach(registry, model, Buffer.from("{}"), { layers: 0 });
  for (const [name, body] of ours) registry.manifests.set(name, body);
  for (const args of [
    ["verify", `oci://${ref}`],
    ["pull", ref, "--into", "out"],
  ]) {
    const { exit, out, err } = await mlsign(...args, "--key", "k.pub");
    t.is(exit, 0, out + err);
    t.is(err.match(/passed over sha256:/g)?.length, 4);
  }
  t.is((await mlsign("verify", "out", "--key", "k.pub")).exit, 0);
  t.is((await mlsign("verify", `oci://${ref}`, "--key", "other.pub")).exit, 0);
});

test("mlsign sbom list reads the registry alone, and says what is unverified", async (t) => {
  const { user, registry, ref } = await pushed(t);
  registry.seen.length = 0;
  const listed = await user.mlsign("sbom", "list", ref, "--key", "k.pub");
  t.is(listed.out, "numpy  2.1.0  pkg:pypi/numpy@2.1.0\n");
  t.false(registry.seen.some((line) => isLayer(line, registry, ref)));
  const open = await user.mlsign("sbom", "list", ref, "--json");
  t.regex(open.err, /unverified/);
  const document = JSON.parse(open.out) as object;
  t.like(document, { verified: false, boms: 1 });
  valid(t, "sbom-list", document);
  const stranger = await user.mlsign("sbom", "list", ref, "--key", "other.pub");
  t.is(stranger.exit, 1);
  t.regex(stranger.out, /no trusted signer attached a bill of materials/);
});

type Layer = { digest: string; size: number; annotations: Record<string, string> };
const PATH = "org.cncf.model.filepath";
const TITLE = "org.opencontainers.image.title";
const hostile: [string, (layers: Layer[]) => void, RegExp][] = [
  ["that leads out", ([first]) => rename(first, "../x"), /name-invalid|its name has/],
  ["that is absolute", ([first]) => rename(first, "/etc/x"), /absolute/],
  ["twice", ([a, b]) => rename(a, b?.annotations[PATH] ?? ""), /there twice/],
  [
    "that differs by case",
    ([a, b]) => rename(a, b?.annotations[PATH]?.toUpperCase() ?? ""),
    /same name/,
  ],
  ["that is a folder as well", ([a]) => rename(a, "sub"), /is a file/],
  ["with a control character", ([a]) => rename(a, "a\u0007"), /control character/],
  ["that is two", ([a]) => void (a && (a.annotations[TITLE] = "other")), /two names/],
  ["that is none", ([a]) => void (a && (a.annotations = {})), /no name/],
];
for (const [what, change, message] of hostile) {
  test(`mlsign pull refuses a layer with a name ${what}`, async (t) => {
    const { user, registry, ref } = await pushed(t);
    const manifest = JSON.parse(
      registry.manifests.get(ref.split("@")[1] ?? "")?.toString() ?? "{}",
    ) as { layers: Layer[] };
    change(manifest.layers);
    const body = Buffer.from(JSON.stringify(manifest));
    registry.manifests.set(digestOf(body), body);
    const evil = `${registry.host}/models/demo@${digestOf(body)}`;
    const { exit, err } = await user.mlsign("pull", evil, "--into", "out", "--key", "k.pub");
    t.not(exit, 0);
    t.regex(err, message);
    t.false(existsSync(user.path("out")));
  });
}

for (const command of ["push", "pull", "sbom list"]) {
  test(`mlsign ${command} --help fits the page`, async (t) => {
    const { exit, out } = await shell(t).mlsign(...command.split(" "), "--help");
    t.is(exit, 0);
    t.deepEqual(
      out.split("\n").filter((line) => line.length > 100),
      [],
    );
  });
}

function rename(layer: Layer | undefined, name: string): void {
  if (layer !== undefined) layer.annotations = { [PATH]: name, [TITLE]: name };
}

function layersOf(registry: SmallRegistry, ref: string): Layer[] {
  const body = registry.manifests.get(ref.split("@")[1] ?? "");
  return (JSON.parse(body?.toString() ?? "{}") as { layers: Layer[] }).layers;
}

function isLayer(line: string, registry: SmallRegistry, ref: string): boolean {
  return layersOf(registry, ref).some(({ digest }) => line.endsWith(`/blobs/${digest}`));
}

/** What anybody who may push can do. */
function attach(
  registry: SmallRegistry,
  subject: string,
  content: Buffer,
  { lie = false, layers = 1 } = {},
): void {
  const digest = lie ? `sha256:${ZERO}` : digestOf(content);
  registry.blobs.set(digest, content);
  const layer = { mediaType: BUNDLE, digest, size: content.length };
  const body = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      artifactType: BUNDLE,
      config: layer,
      layers: Array.from({ length: layers }, () => layer),
      subject: { mediaType: "x", digest: subject, size: 1 },
    }),
  );
  registry.manifests.set(digestOf(body), body);
}

function valid(t: ExecutionContext, name: string, document: object): void {
  const file = resolve(SCHEMAS, `${name}.v1.schema.json`);
  const ajv = new Ajv2020({ strict: true, strictRequired: false, allowUnionTypes: true });
  const validate = ajv.compile(JSON.parse(readFileSync(file, "utf8")) as object);
  t.true(validate(document), JSON.stringify(validate.errors));
}
