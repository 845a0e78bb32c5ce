import { execFileSync } from "node:child_process";
import { mkdirSync, realpathSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { type Listing, type ListOptions, localSource, manifestOf } from "@mlsign/manifest";
import * as manifest from "@mlsign/manifest";
import test from "ava";
import fc from "fast-check";
import { FILES, temporary, write } from "./files.ts";

const ALLOW: ListOptions = { allowSymlinks: true };

test("the package exports these names", (t) => {
  t.snapshot(Object.keys(manifest));
});

test("`list()` takes hidden files, and leaves out git's own at the top only", async (t) => {
  const names = [".DS_Store", ".gitmodules", ".hidden", "sub/.git/config", "sub/.gitignore"];
  const git = [".git/config", ".gitattributes", ".github/w.yml", ".gitignore"];
  const root = tree(temporary(t), [...names, ...git]);
  t.deepEqual(namesOf(await list(root)), names);
  t.deepEqual((await list(root)).ignored, []);
  const all = await list(root, { ignoreGit: false });
  t.deepEqual(namesOf(all), [...names, ...git].toSorted());
});

test("`list()` leaves out exact paths and what is below them, and tells each file", async (t) => {
  const names = ["a", "a.b", "aa", "data/x", "data/deep/y", "dat", "sub/data", "*.json", "b.json"];
  const root = tree(temporary(t), names);
  symlinkSync("/etc/passwd", join(root, "data/link"));
  const ignorePaths = ["a", "./data/", "nothing", "*.json", "b"];
  const listing = await list(root, { ignorePaths });
  t.deepEqual(namesOf(listing), ["a.b", "aa", "b.json", "dat", "sub/data"]);
  t.deepEqual(listing.ignored, ["*.json", "a", "data/deep/y", "data/link", "data/x"]);
});

test("`list()` does not tell git's own, even where a signature names them", async (t) => {
  const root = tree(temporary(t), ["a", ".git/config", ".gitignore"]);
  const listing = await list(root, { ignoreGit: false, ignorePaths: [".git", ".gitignore"] });
  t.deepEqual([namesOf(listing), listing.ignored], [["a"], []]);
});

for (const path of ["", ".", "./", "/", "..", "./.", "../.."]) {
  test(`\`list()\` refuses to ignore "${path}", which is the whole model`, async (t) => {
    const root = tree(temporary(t), ["a"]);
    await t.throwsAsync(list(root, { ignorePaths: [path] }), { code: "usage" } as object);
  });
}

test("`list()` knows an empty model and a missing one", async (t) => {
  const root = tree(temporary(t), [".gitignore", "x/y"]);
  mkdirSync(join(root, "empty/deep"), { recursive: true });
  const ignorePaths = ["x"];
  await t.throwsAsync(list(root, { ignorePaths }), { code: "model-empty" } as object);
  await t.throwsAsync(list(join(root, "empty")), { code: "model-empty" } as object);
  t.deepEqual((await list(root, { ignorePaths, allowEmpty: true })).files, []);
  for (const missing of ["none", "x/y/z"]) {
    await t.throwsAsync(list(join(root, missing)), { code: "model-missing" } as object);
  }
});

test("`list()` of one file has the name `.`", async (t) => {
  const root = write(temporary(t), { "m.bin": "12345" });
  const listing = await list(join(root, "m.bin"));
  t.deepEqual([listing.kind, listing.name, namesOf(listing)], ["file", "m.bin", ["."]]);
  t.is(listing.files[0]?.size, 5);
});

test("`list()` finds the model's name for relative paths", async (t) => {
  const root = tree(temporary(t), ["model/a", "model/sub/b"]);
  const model = relative(process.cwd(), join(root, "model"));
  for (const path of [model, `${model}/`, `${model}/sub/..`]) {
    t.is((await list(path)).name, "model");
  }
});

const specials: [string, (path: string) => void | Promise<void>][] = [
  ["FIFO", (path) => void execFileSync("mkfifo", [path])],
  ["socket", (path) => listen(path)],
];
for (const [what, make] of specials) {
  test(`\`list()\` refuses a ${what}, unless it is ignored`, async (t) => {
    const root = tree(temporary(t), ["a"]);
    await make(join(root, "special"));
    await t.throwsAsync(list(root), { code: "special-file", message: new RegExp(what) } as object);
    t.deepEqual(namesOf(await list(root, { ignorePaths: ["special"] })), ["a"]);
    await t.throwsAsync(list(join(root, "special")), { code: "special-file" } as object);
  });
}

test("`list()` refuses a device", async (t) => {
  await t.throwsAsync(list("/dev/null"), { code: "special-file" } as object);
});

test("`list()` refuses names that are not UTF-8 or hold a backslash", async (t) => {
  for (const name of [Buffer.from([0x61, 0xff]), Buffer.from("a\\b")]) {
    const root = tree(temporary(t), ["ok"]);
    writeFileSync(Buffer.concat([Buffer.from(`${root}/`), name]), "x");
    await t.throwsAsync(list(root), { code: "name-invalid" } as object);
  }
  const directory = tree(temporary(t), ["ok"]);
  mkdirSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xc3, 0x28])]));
  await t.throwsAsync(list(directory), { code: "name-invalid" } as object);
});

test("`list()` takes a name that truly holds a replacement character", async (t) => {
  const root = tree(temporary(t), ["\ufffd", "模型.bin", "file (copy).bin", "a:b", "new\nline"]);
  t.is((await list(root)).files.length, 5);
});

test("`list()` refuses links unless they are allowed or ignored", async (t) => {
  const root = tree(temporary(t), ["a", "sub/b"]);
  symlinkSync("a", join(root, "file"));
  symlinkSync("sub", join(root, "dir"));
  await t.throwsAsync(list(root), { code: "symlink-refused" } as object);
  t.deepEqual(namesOf(await list(root, { ignorePaths: ["file", "dir"] })), ["a", "sub/b"]);
  t.deepEqual(namesOf(await list(root, ALLOW)), ["a", "dir/b", "file", "sub/b"]);
});

test("`list()` follows links to the content they lead to", async (t) => {
  const root = write(temporary(t), { "blobs/1": "one", "snap/x": "own" });
  symlinkSync("../blobs/1", join(root, "snap/model"));
  symlinkSync("../snap", join(root, "blobs/again"));
  const source = localSource(root);
  const result = await manifestOf(source, await source.list(ALLOW), { serialization: FILES });
  const digests = new Map(result.resources.map(({ name, digest }) => [name, digest]));
  t.is(digests.get("snap/model"), digests.get("blobs/1"));
  t.is(digests.get("blobs/again/x"), digests.get("snap/x"));
});

test("`list()` refuses a model that is a link itself, unless links are allowed", async (t) => {
  const directory = temporary(t);
  tree(join(directory, "real"), ["a"]);
  for (const [link, target] of [
    ["dir", "real"],
    ["file", "real/a"],
  ] as const) {
    const path = join(directory, link);
    symlinkSync(target, path);
    for (const spelling of [path, `${path}/`]) {
      await t.throwsAsync(list(spelling), { code: "symlink-refused" } as object);
    }
    const listing = await list(path, ALLOW);
    t.deepEqual([listing.name, listing.root], [link, realpathSync(path)]);
  }
});

/** Where a link may not lead, though links are allowed. */
const escapes: [string, string][] = [
  ["the parent", ".."],
  ["a file outside", "../outside/secret"],
  ["a directory outside", "../outside"],
  ["a sibling with the model's name as prefix", "../model-other/x"],
  ["an absolute path", "/etc/passwd"],
  ["nowhere", "none"],
  ["itself", "link"],
];
for (const [what, target] of escapes) {
  test(`\`list()\` refuses a link to ${what}`, async (t) => {
    const directory = temporary(t);
    tree(directory, ["model/a", "model/sub/b", "outside/secret", "model-other/x"]);
    symlinkSync(target, join(directory, "model/link"));
    await t.throwsAsync(list(join(directory, "model"), ALLOW), {
      code: "symlink-escape",
    } as object);
  });
}

test("`list()` refuses an escape behind a directory link and a second link", async (t) => {
  const directory = temporary(t);
  tree(directory, ["model/sub/b", "outside/secret"]);
  symlinkSync("sub", join(directory, "model/dir"));
  symlinkSync("../../outside", join(directory, "model/sub/out"));
  await t.throwsAsync(list(join(directory, "model"), ALLOW), { code: "symlink-escape" } as object);
  const signed = { ...ALLOW, only: ["dir/out/secret"] };
  await t.throwsAsync(list(join(directory, "model"), signed), { code: "symlink-escape" } as object);
});

test("`list()` refuses cycles: to the directory itself, to one above, and in two steps", async (t) => {
  for (const links of [{ "a/l": "." }, { "a/b/l": "../.." }, { "a/l": "../c", "c/m": "../a" }]) {
    const root = tree(temporary(t), ["a/b/x", "c/y"]);
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(root, name));
    await t.throwsAsync(list(root, ALLOW), { code: "symlink-escape" } as object);
  }
});

test("`list()` refuses a link to a special file", async (t) => {
  const root = tree(temporary(t), ["a", "skip/b"]);
  execFileSync("mkfifo", [join(root, "skip/fifo")]);
  symlinkSync("skip/fifo", join(root, "link"));
  const options = { ...ALLOW, ignorePaths: ["skip"] };
  await t.throwsAsync(list(root, options), { code: "special-file" } as object);
});

test("`list()` of signed names looks at nothing else", async (t) => {
  const root = tree(temporary(t), ["a", "sub/b", "sub/extra"]);
  symlinkSync("/etc", join(root, "stray"));
  execFileSync("mkfifo", [join(root, "fifo")]);
  const only = ["a", "sub/b", "sub", "gone", "gone/x", "a/x"];
  t.deepEqual(namesOf(await list(root, { only })), ["a", "sub/b"]);
  t.deepEqual(namesOf(await list(root, { only, ignorePaths: ["sub"] })), ["a"]);
});

test("`list()` of signed names refuses one that is a link, behind one, special, or outside", async (t) => {
  const directory = temporary(t);
  const root = tree(join(directory, "model"), ["a", "sub/b"]);
  tree(directory, ["secret"]);
  symlinkSync("a", join(root, "link"));
  symlinkSync("sub", join(root, "dir"));
  execFileSync("mkfifo", [join(root, "fifo")]);
  const refused: [string, string][] = [
    ["link", "symlink-refused"],
    ["dir/b", "symlink-refused"],
    ["fifo", "special-file"],
    ["../secret", "name-invalid"],
    ["sub/../../secret", "name-invalid"],
    [join(directory, "secret"), "name-invalid"],
  ];
  for (const [name, code] of refused) {
    await t.throwsAsync(list(root, { only: [name] }), { code } as object, name);
  }
});

test("`list()` pairs names that only case or Unicode form tells apart", async (t) => {
  const root = tree(temporary(t), ["Model.bin", "model.bin", "caf\u00e9", "cafe\u0301", "other"]);
  t.deepEqual((await list(root)).clashes, [
    ["Model.bin", "model.bin"],
    ["cafe\u0301", "caf\u00e9"],
  ]);
});

test("`list()` walks 10,000 files, and gives them in the order of their bytes", async (t) => {
  const names = Array.from({ length: 10_000 }, (_, at) => `d${at % 97}/e${at % 7}/f${at}`);
  const root = tree(temporary(t), names);
  const source = localSource(root);
  const listing = await source.list();
  const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  t.deepEqual(namesOf(listing), sorted);
  const { files } = await manifestOf(source, listing, { serialization: FILES });
  t.is(files.length, 10_000);
});

test("`list()` orders any names by their UTF-8 bytes", async (t) => {
  const part = fc.string({
    unit: fc.constantFrom("a", "B", "-", ".x", "é", "\uff41", "\u{1f389}"),
    minLength: 1,
    maxLength: 4,
  });
  const property = fc.asyncProperty(
    fc.uniqueArray(part, { minLength: 1, maxLength: 8 }),
    async (names) => {
      const root = tree(temporary(t), names);
      const bytes = namesOf(await list(root)).map((name) => Buffer.from(name));
      t.true(
        bytes.every((name, at) => at === 0 || Buffer.compare(bytes[at - 1] as Buffer, name) < 0),
      );
    },
  );
  await t.notThrowsAsync(fc.assert(property, { numRuns: 30 }));
});

test("`manifestOf()` refuses a model whose directory was exchanged after the listing", async (t) => {
  const directory = temporary(t);
  tree(directory, ["model/sub/a", "evil/a"]);
  const source = localSource(join(directory, "model"));
  const listing = await source.list();
  renameSync(join(directory, "model/sub"), join(directory, "aside"));
  symlinkSync("../evil", join(directory, "model/sub"));
  const hashing = manifestOf(source, listing, { serialization: FILES });
  await t.throwsAsync(hashing, { code: "file-changed-while-hashing" } as object);
});

function list(path: string, options?: ListOptions): Promise<Listing> {
  return localSource(path).list(options);
}

function namesOf(listing: Listing): string[] {
  return listing.files.map(({ name }) => name);
}

function tree(root: string, names: readonly string[]): string {
  return write(root, Object.fromEntries(names.map((name) => [name, name])));
}

/** Leaves a socket in the file system. */
async function listen(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  server.unref();
}
