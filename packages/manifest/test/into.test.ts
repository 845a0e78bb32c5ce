import { existsSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { type Listing, localSource, manifestOf, type Serialization } from "@mlsign/manifest";
import test from "ava";
import { FILES, temporary, write } from "./files.ts";

const SHARDS: Serialization = { ...FILES, method: "shards", shardSize: 5 };

for (const serialization of [FILES, SHARDS]) {
  test(`\`manifestOf()\` leaves a copy of the bytes that it hashed (${serialization.method})`, async (t) => {
    const directory = temporary(t);
    const model = { a: "content of a", "deep/er/b": "b", "deep/empty": "", ".git/x": "git" };
    const source = localSource(write(join(directory, "model"), model));
    const into = mkdirIn(directory, "copy");
    const made = await manifestOf(source, await source.list(), { serialization, into });
    const copy = localSource(into);
    const again = await manifestOf(copy, await copy.list(), { serialization });
    t.deepEqual(again.resources, made.resources);
    t.deepEqual(again.files, made.files);
    t.false(existsSync(join(into, ".git")));
  });
}

test("`manifestOf()` copies a model of one file under its own name", async (t) => {
  const directory = write(temporary(t), { "m.bin": "content" });
  const source = localSource(join(directory, "m.bin"));
  const into = mkdirIn(directory, "copy");
  await manifestOf(source, await source.list(), { serialization: FILES, into });
  t.is(readFileSync(join(into, "m.bin"), "utf8"), "content");
});

test("`manifestOf()` copies what a link leads to, not the link", async (t) => {
  const directory = temporary(t);
  const root = write(join(directory, "model"), { "blobs/1": "one" });
  symlinkSync("blobs/1", join(root, "model.bin"));
  const source = localSource(root);
  const into = mkdirIn(directory, "copy");
  const listing = await source.list({ allowSymlinks: true });
  await manifestOf(source, listing, { serialization: FILES, into });
  t.deepEqual(
    (await localSource(into).list()).files.map(({ name }) => name),
    ["blobs/1", "model.bin"],
  );
});

test("`manifestOf()` writes nothing outside, whatever a listing says", async (t) => {
  const directory = temporary(t);
  const source = localSource(write(join(directory, "model"), { a: "a" }));
  const into = mkdirIn(directory, "copy");
  const listing = await source.list();
  for (const name of ["../out", "..", "a/../../out", "."]) {
    const files = [{ ...listing.files[0], name, size: 1, real: join(directory, "model/a") }];
    const hostile: Listing = { ...listing, files };
    await t.throwsAsync(manifestOf(source, hostile, { serialization: FILES, into }), {
      code: "name-invalid",
    } as object);
  }
  t.false(existsSync(join(directory, "out")));
});

test("`manifestOf()` refuses a shard size that gives a million shards, or is none", async (t) => {
  const source = localSource(write(temporary(t), { a: Buffer.alloc(1_000_001) }));
  const listing = await source.list();
  const tiny = { ...SHARDS, shardSize: 1 };
  await t.throwsAsync(manifestOf(source, listing, { serialization: tiny }), {
    code: "limit-exceeded",
  } as object);
  for (const shardSize of [0, -1, 1.5, Number.NaN]) {
    const serialization = { ...SHARDS, shardSize };
    await t.throwsAsync(manifestOf(source, listing, { serialization }), { instanceOf: RangeError });
  }
});

function mkdirIn(directory: string, name: string): string {
  mkdirSync(join(directory, name));
  return join(directory, name);
}
