import { rootOf } from "@mlsign/manifest";
import { packModel } from "@mlsign/registry";
import test from "ava";
import { readLfsPointer } from "../src/hub/lfs-pointer.ts";
import { layerType } from "../src/oci/media.ts";
import { unpackManifest } from "../src/oci/model-manifest.ts";

const SHA = "a".repeat(64);
const manifestOf = (...names: string[]) => ({
  kind: "directory" as const,
  name: "demo",
  serialization: {
    method: "files" as const,
    hashType: "sha256" as const,
    allowSymlinks: false,
    ignorePaths: [],
  },
  files: names.map((path, size) => ({ path, size, digests: { sha256: SHA } })),
  resources: [],
  root: rootOf([]),
  dirHash1: undefined,
  unread: [],
});

const types: [string, string][] = [
  ["model.safetensors", "weight"],
  ["a/b/weights.bin", "weight"],
  ["no-extension", "weight"],
  ["config.json", "weight.config"],
  ["MLmodel", "weight.config"],
  ["README.md", "doc"],
  ["LICENSE", "doc"],
  ["license.txt", "doc"],
  ["train.py", "code"],
  ["eval.CSV", "dataset"],
];
for (const [name, kind] of types)
  test(`layerType() calls ${name} ${kind}`, (t) =>
    t.is(layerType(name), `application/vnd.cncf.model.${kind}.v1.raw`));

test("packModel() gives the same bytes for the same model, and they can be unpacked", (t) => {
  const packed = packModel(manifestOf("a.json", "sub/b.bin"), undefined);
  t.is(packed.digest, packModel(manifestOf("a.json", "sub/b.bin"), undefined).digest);
  t.not(packed.digest, packModel(manifestOf("b.json", "sub/b.bin"), undefined).digest);
  t.deepEqual(unpackManifest(packed.body), [...packed.layers]);
  t.deepEqual(packModel(manifestOf("."), "model.onnx").layers, [
    { name: "model.onnx", size: 0, digest: `sha256:${SHA}` },
  ]);
});

test("packModel() refuses names that nobody could pull, and more than a manifest holds", (t) => {
  for (const names of [["../x"], ["a", "A"], ["a", "a/b"], ["a\u0001"]])
    t.throws(() => packModel(manifestOf(...names), undefined), { code: "name-invalid" } as object);
  const many = Array.from({ length: 10_001 }, (_, at) => `f${at}`);
  t.throws(() => packModel(manifestOf(...many), undefined), { code: "limit-exceeded" } as object);
  const long = Array.from({ length: 9_000 }, (_, at) => `${"d".repeat(200)}/${at}`);
  t.throws(() => packModel(manifestOf(...long), undefined), { code: "limit-exceeded" } as object);
});

const layer = {
  mediaType: "application/vnd.cncf.model.weight.v1.raw",
  digest: `sha256:${SHA}`,
  size: 1,
  annotations: { "org.cncf.model.filepath": "a" },
};
const config = { mediaType: "application/vnd.cncf.model.config.v1+json" };
const impostors: [string, object][] = [
  [
    "an image",
    { config: { mediaType: "application/vnd.oci.image.config.v1+json" }, layers: [layer] },
  ],
  ["an index", { manifests: [] }],
  ["a model without files", { config, layers: [] }],
  [
    "an archive",
    { config, layers: [{ ...layer, mediaType: layer.mediaType.replace("raw", "tar") }] },
  ],
  ["another hash", { config, layers: [{ ...layer, digest: `sha512:${SHA}${SHA}` }] }],
  ["a malformed layer", { config, layers: [{ ...layer, size: -1 }] }],
  ["a layer without a name", { config, layers: [{ ...layer, annotations: {} }] }],
];
for (const [what, manifest] of impostors)
  test(`unpackManifest() refuses ${what}`, (t) => {
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, ...manifest }));
    t.throws(() => unpackManifest(body), { code: "model-missing" } as object);
  });

test("unpackManifest() refuses the same name twice", (t) => {
  const body = Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [layer, layer] }));
  t.throws(() => unpackManifest(body), { code: "name-invalid" } as object);
});

const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${SHA}\nsize 12345\n`;
const notPointers: [string, string][] = [
  ["more lines", `${POINTER}x\n`],
  ["a line of an extension", POINTER.replace("oid", "ext-0-foo sha256:1\noid")],
  ["no last newline", POINTER.trimEnd()],
  ["Windows' line ends", POINTER.replaceAll("\n", "\r\n")],
  ["another version", POINTER.replace("v1", "v2")],
  ["capitals", POINTER.replace(SHA, SHA.toUpperCase())],
  ["a size with a zero before it", POINTER.replace("12345", "012345")],
  ["a size that is too large", POINTER.replace("12345", "9999999999999999")],
  ["a byte before it", ` ${POINTER}`],
];
test("readLfsPointer() reads a pointer", (t) => {
  t.deepEqual(readLfsPointer(Buffer.from(POINTER)), { sha256: SHA, size: 12345 });
});
for (const [what, text] of notPointers)
  test(`readLfsPointer() takes no file with ${what} for a pointer`, (t) =>
    t.is(readLfsPointer(Buffer.from(text)), undefined));
