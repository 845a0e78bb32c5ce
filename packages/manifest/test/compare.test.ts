import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import {
  compareDigests,
  compareNames,
  isIgnored,
  listOptionsFor,
  localSource,
  type Manifest,
  manifestOf,
  omsPredicate,
  readModelStatement,
  type Serialization,
  type SignedManifest,
} from "@mlsign/manifest";
import test from "ava";
import fc from "fast-check";
import { FILES, temporary, write } from "./files.ts";

const SHARDS: Serialization = { ...FILES, method: "shards", shardSize: 4 };
const GIT = [".git", ".gitattributes", ".github", ".gitignore"];
const model = { a: "content of a", "sub/b": "content of b", "sub/c": "" };

test("`compareNames()` sees what is missing and what is extra, before any byte is read", async (t) => {
  const root = write(temporary(t), model);
  const signed = await sign(root, FILES);
  t.like(compareNames(signed, await localSource(root).list()), { same: true });
  rmSync(join(root, "sub/c"));
  write(root, { extra: "x", "sub/more": "y" });
  const difference = compareNames(signed, await localSource(root).list());
  t.deepEqual(difference, {
    same: false,
    missing: ["sub/c"],
    extra: ["extra", "sub/more"],
    resized: [],
    uncovered: [],
  });
});

test("`compareNames()` sees sizes where shards tell them, and empty files that they don't cover", async (t) => {
  const root = write(temporary(t), model);
  const signed = await sign(root, SHARDS);
  appendFileSync(join(root, "a"), "!");
  writeFileSync(join(root, "sub/b"), "");
  write(root, { "sub/new": "" });
  const difference = compareNames(signed, await localSource(root).list());
  t.deepEqual(difference.resized, ["a", "sub/b"]);
  t.deepEqual(difference.uncovered, ["sub/c", "sub/new"]);
  t.deepEqual([difference.same, difference.extra, difference.missing], [false, [], []]);
});

for (const serialization of [FILES, SHARDS]) {
  test(`\`compareDigests()\` tells changed, missing, extra and renamed files (${serialization.method})`, async (t) => {
    const root = write(temporary(t), { ...model, gone: "gone", old: "same content" });
    const signed = await sign(root, serialization);
    t.like(compareDigests(signed, await manifest(root, signed)), { same: true, renamed: [] });
    writeFileSync(join(root, "a"), "Content of a");
    rmSync(join(root, "gone"));
    renameSync(join(root, "old"), join(root, "sub/new"));
    write(root, { extra: "extra" });
    t.deepEqual(compareDigests(signed, await manifest(root, signed)), {
      same: false,
      changed: ["a"],
      missing: ["gone"],
      extra: ["extra"],
      renamed: [["old", "sub/new"]],
    });
  });

  test(`\`compareDigests()\` finds any flipped byte of any file (${serialization.method})`, async (t) => {
    const names = Object.keys(model).filter((name) => name !== "sub/c");
    const root = write(temporary(t), model);
    const signed = await sign(root, serialization);
    const property = fc.asyncProperty(
      fc.constantFrom(...names),
      fc.nat(11),
      fc.integer({ min: 1, max: 255 }),
      async (name, at, mask) => {
        const path = join(root, name);
        const good = readFileSync(path);
        const bad = Buffer.from(good);
        bad.writeUInt8((bad[at] ?? 0) ^ mask, at);
        writeFileSync(path, bad);
        const { changed, same } = compareDigests(signed, await manifest(root, signed));
        writeFileSync(path, good);
        t.deepEqual([changed, same], [[name], false]);
      },
    );
    await t.notThrowsAsync(fc.assert(property, { numRuns: 50 }));
  });

  test(`\`compareDigests()\` finds contents exchanged between names (${serialization.method})`, async (t) => {
    const root = write(temporary(t), { a: "same size A", b: "same size B" });
    const signed = await sign(root, serialization);
    write(root, { a: "same size B", b: "same size A" });
    const { changed, renamed } = compareDigests(signed, await manifest(root, signed));
    t.deepEqual([changed, renamed], [["a", "b"], []]);
  });
}

test("`compareDigests()` pairs each renamed file once", async (t) => {
  const root = write(temporary(t), { a: "x", b: "x" });
  const signed = await sign(root, FILES);
  renameSync(join(root, "a"), join(root, "c"));
  renameSync(join(root, "b"), join(root, "d"));
  write(root, { e: "x" });
  const { renamed, extra, missing } = compareDigests(signed, await manifest(root, signed));
  t.deepEqual(
    [renamed, extra, missing],
    [
      [
        ["a", "c"],
        ["b", "d"],
      ],
      ["e"],
      [],
    ],
  );
});

test("`compareDigests()` will not compare what was made in different ways", async (t) => {
  const root = write(temporary(t), model);
  const signed = await sign(root, FILES);
  const source = localSource(root);
  for (const other of [SHARDS, { ...FILES, hashType: "blake3" } as const]) {
    const made = await manifestOf(source, await source.list(), { serialization: other });
    t.throws(() => compareDigests(signed, made), { instanceOf: TypeError });
  }
});

test("`compareDigests()` of one file takes `.` and the file's own name, no other", async (t) => {
  const root = write(temporary(t), { "m.bin": "x" });
  const path = join(root, "m.bin");
  const dot = await sign(path, FILES);
  const named = await sign(root, FILES);
  t.deepEqual(
    [dot, named].map(({ files }) => files[0]?.path),
    [".", "m.bin"],
  );
  for (const signed of [dot, named]) {
    t.true(compareNames(signed, await localSource(path).list()).same);
    t.true(compareDigests(signed, await manifest(path, signed)).same);
  }
  t.false(compareNames(dot, await localSource(root).list()).same);
  renameSync(path, join(root, "other.bin"));
  const other = await localSource(join(root, "other.bin")).list();
  t.true(compareNames(dot, other).same);
  t.deepEqual(compareNames(named, other).missing, ["m.bin"]);
});

test("`listOptionsFor()` lists as the signer did, with what the caller adds", async (t) => {
  const root = write(temporary(t), {
    ...model,
    ".gitignore": "x",
    skip: "s",
    own: "o",
    "model.sig": "g",
  });
  const signed = await sign(root, { ...FILES, ignorePaths: [...GIT, "skip", "own", "model.sig"] });
  t.deepEqual(
    signed.files.map(({ path }) => path),
    Object.keys(model),
  );
  const listing = await localSource(root).list(listOptionsFor(signed, { ignorePaths: ["sub/b"] }));
  t.deepEqual(listing.ignored, ["model.sig", "own", "skip", "sub/b"]);
  t.deepEqual(compareNames(signed, listing).missing, ["sub/b"]);
});

test("`listOptionsFor()` leaves git's own out of an old signature, unless it signs them", async (t) => {
  const root = write(temporary(t), { a: "a", ".git/config": "x", ".gitignore": "y" });
  const unsaid = { ...(await sign(root, FILES)) };
  t.true(compareNames(unsaid, await localSource(root).list(listOptionsFor(unsaid))).same);
  const source = localSource(root);
  const all = await source.list({ ignoreGit: false, ignorePaths: [".git"] });
  const said = signedOf(await manifestOf(source, all, { serialization: FILES }));
  t.true(compareNames(said, await source.list(listOptionsFor(said))).same);
  rmSync(join(root, ".gitignore"));
  t.deepEqual(compareNames(said, await source.list(listOptionsFor(said))).missing, [".gitignore"]);
});

test("`listOptionsFor()` can look at signed names alone, and still refuses a link there", async (t) => {
  const root = write(temporary(t), model);
  const signed = await sign(root, FILES);
  write(root, { extra: "x" });
  symlinkSync("a", join(root, "stray"));
  const source = localSource(root);
  const options = listOptionsFor(signed, { ignoreUnsigned: true });
  t.true(compareNames(signed, await source.list(options)).same);
  rmSync(join(root, "a"));
  t.deepEqual(compareNames(signed, await source.list(options)).missing, ["a"]);
  symlinkSync("sub/b", join(root, "a"));
  await t.throwsAsync(source.list(options), { code: "symlink-refused" } as object);
});

test("`listOptionsFor()` lists an emptied model, whose files are missing", async (t) => {
  const root = write(temporary(t), { a: "a" });
  const signed = await sign(root, FILES);
  rmSync(join(root, "a"));
  t.deepEqual(compareNames(signed, await localSource(root).list(listOptionsFor(signed))).missing, [
    "a",
  ]);
});

test("`isIgnored()` knows a path and what is below it", (t) => {
  const table: [string, boolean][] = [
    ["data", true],
    ["data/x/y", true],
    ["database", false],
    ["sub/data", false],
    ["one/file", true],
    ["one", false],
  ];
  for (const [name, expected] of table)
    t.is(isIgnored(name, ["./data/", "one/file"]), expected, name);
});

async function sign(path: string, serialization: Serialization): Promise<SignedManifest> {
  const source = localSource(path);
  const { ignorePaths } = serialization;
  return signedOf(await manifestOf(source, await source.list({ ignorePaths }), { serialization }));
}

function signedOf(made: Manifest): SignedManifest {
  return readModelStatement({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: made.name, digest: { sha256: made.root } }],
    predicateType: "https://model_signing/signature/v1.0",
    predicate: omsPredicate(made),
  });
}

async function manifest(path: string, { serialization }: SignedManifest): Promise<Manifest> {
  const source = localSource(path);
  return manifestOf(source, await source.list(), { serialization });
}
