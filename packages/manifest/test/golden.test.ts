import { createHash } from "node:crypto";
import { join } from "node:path";
import {
  dirHash1,
  localSource,
  type Manifest,
  manifestOf,
  omsPredicate,
  readModelStatement,
  type Resource,
  rootOf,
  type Serialization,
} from "@mlsign/manifest";
import test from "ava";
import { FILES, temporary, write } from "./files.ts";

const SMALL_SHARDS: Serialization = { ...FILES, method: "shards", shardSize: 8 };

const sample = {
  ...table(["0", "1", "2", "3"], (i) => [`f${i}`, `This is file f${i} in root.`]),
  ...table(["00", "01", "02", "10", "11", "12"], (ij) => {
    return [`d${ij[0]}/f${ij}`, `This is file f${ij} in d${ij[0]}.`];
  }),
};
const deep = table(["0", "1", "2", "3"], (i) => [`d0/d1/d2/d3/d4/f${i}`, `This is file f${i}.`]);

/** Recipes and roots of the Python implementation's own tests (oms.md 4.2). */
const goldens: [string, Record<string, string>, string, Serialization, RegExp][] = [
  ["a file", { file_model: "This is a simple model" }, "file_model", FILES, /^002d162f.*e178$/],
  ["a directory", sample, ".", FILES, /^143cc682.*8df7$/],
  ["a deep directory", deep, ".", FILES, /^18b5a45f.*6d7a$/],
  ["an empty file", { empty_file_model: "" }, "empty_file_model", FILES, /^5df6e0e2.*9456$/],
  ["a deep directory in shards", deep, ".", SMALL_SHARDS, /^fe81b684.*8497$/],
];
for (const [what, files, model, serialization, root] of goldens) {
  test(`\`manifestOf()\` gives the golden root of ${what}`, async (t) => {
    const directory = write(temporary(t), files);
    const manifest = await manifestIn(join(directory, model), serialization);
    t.regex(manifest.root, root);
    const signed = readModelStatement({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: manifest.name, digest: { sha256: manifest.root } }],
      predicateType: "https://model_signing/signature/v1.0",
      predicate: omsPredicate(manifest),
    });
    t.deepEqual(signed.resources, manifest.resources);
    t.is(signed.computedRoot, manifest.root);
    t.true(signed.specOrder);
  });
}

test("`manifestOf()` orders names by code point, not by path part (OMS 5.2.1)", async (t) => {
  const names = ["onnx-q/x", "onnx.json", "onnx/model.bin", "z.txt", "\uff41", "\u{1f389}"];
  const directory = write(
    temporary(t),
    table(names, (name) => [name, name]),
  );
  const manifest = await manifestIn(directory, FILES);
  t.deepEqual(
    manifest.resources.map(({ name }) => name),
    names,
  );
});

test("`dirHash1()` is Go's h1 over paths in byte order", (t) => {
  const W = createHash("sha256").update("W").digest("hex");
  const braces = createHash("sha256").update("{}").digest("hex");
  const sorted = dirHash1([
    { path: "b", sha256: braces },
    { path: "a", sha256: W },
  ]);
  t.regex(sorted, /^2c4f6e06.*3976$/);
  const card = dirHash1([
    { path: "config.json", sha256: braces },
    { path: "model.safetensors", sha256: W },
  ]);
  t.is(card, "9f11a9a89ccd204f3988c3e9ab303e7b45a9217195c3a53971ae23407cdaba48");
});

test("`dirHash1()` refuses a name with a newline, which could pass for two lines", async (t) => {
  const files = [{ path: "a\nb", sha256: "0".repeat(64) }];
  t.throws(() => dirHash1(files), { code: "name-invalid" } as object);
  const directory = write(temporary(t), { "a\nb": "x" });
  const manifest = await manifestIn(directory, FILES);
  t.is(manifest.dirHash1, undefined);
  t.is(manifest.resources[0]?.name, "a\nb");
});

test("`manifestOf()` names a single file `.`, and its shards `.:start:end`", async (t) => {
  const directory = write(temporary(t), { m: "This is a simple model" });
  const manifest = await manifestIn(join(directory, "m"), SMALL_SHARDS);
  t.deepEqual(
    manifest.resources.map(({ name }) => name),
    [".:0:8", ".:16:22", ".:8:16"],
  );
  // The Python implementation sorts by number, and so has another root for the same digests.
  t.regex(rootOf(manifest.resources.toSorted(byStart)), /^57d54248.*6573$/);
  t.is(manifest.name, "m");
});

test("`manifestOf()` gives the same root for whatever cut of threads", async (t) => {
  const directory = write(temporary(t), sample);
  const roots = new Set<string>();
  for (const workers of [0, 1, 3]) {
    const listing = await localSource(directory).list();
    const source = localSource(directory);
    roots.add((await manifestOf(source, listing, { serialization: FILES, workers })).root);
  }
  t.is(roots.size, 1);
});

test("`manifestOf()` takes a sha256 beside any other digest, in one pass", async (t) => {
  const directory = write(temporary(t), sample);
  const plain = await manifestIn(directory, FILES);
  for (const hashType of ["blake2b", "blake3"] as const) {
    for (const method of ["files", "shards"] as const) {
      const serialization: Serialization = {
        ...FILES,
        method,
        hashType,
        shardSize: method === "shards" ? 7 : undefined,
      };
      const manifest = await manifestIn(directory, serialization, ["sha256"]);
      t.is(manifest.dirHash1, plain.dirHash1);
      const digests = manifest.files.map(({ digests: { sha256 } }) => sha256);
      t.deepEqual(
        digests,
        plain.resources.map(({ digest }) => digest),
      );
    }
  }
});

test("`manifestOf()` hashes each shard as the bytes that it names", async (t) => {
  const directory = write(temporary(t), { a: "0123456789abcdef-" });
  const manifest = await manifestIn(directory, SMALL_SHARDS);
  const digests = ["01234567", "89abcdef", "-"].map((text) => {
    return createHash("sha256").update(text).digest("hex");
  });
  t.deepEqual(manifest.resources, [
    { name: "a:0:8", algorithm: "sha256", digest: digests[0] },
    { name: "a:16:17", algorithm: "sha256", digest: digests[2] },
    { name: "a:8:16", algorithm: "sha256", digest: digests[1] },
  ]);
});

async function manifestIn(
  path: string,
  serialization: Serialization,
  also: readonly "sha256"[] = [],
): Promise<Manifest> {
  const source = localSource(path);
  return manifestOf(source, await source.list(), { serialization, also });
}

function table<T>(
  items: readonly T[],
  entry: (item: T) => [string, string],
): Record<string, string> {
  return Object.fromEntries(items.map(entry));
}

function byStart(a: Resource, b: Resource): number {
  return Number(a.name.split(":")[1]) - Number(b.name.split(":")[1]);
}
