import { join } from "node:path";
import { localSource, manifestOf, type Serialization, wholeFiles } from "@mlsign/manifest";
import test from "ava";
import { FILES, temporary, write } from "./files.ts";

const TREE = { "b/a": "1", "b-a": "22", b: "x".repeat(5000), é: "4" };
const FORMS: Serialization[] = [
  FILES,
  { ...FILES, hashType: "blake2b" },
  { ...FILES, hashType: "blake3" },
  { ...FILES, method: "shards", shardSize: 1024 },
];

for (const serialization of FORMS) {
  const form = `${serialization.method} and ${serialization.hashType}`;
  test(`\`wholeFiles()\` of ${form} is the manifest of whole files by SHA-256`, async (t) => {
    const { b: _, ...tree } = TREE;
    const root = write(temporary(t), { ...tree, c: TREE.b });
    const source = localSource(root);
    const listing = await source.list();
    const direct = await manifestOf(source, listing, { serialization: FILES });
    const manifest = await manifestOf(source, listing, { serialization, also: ["sha256"] });
    const { resources, root: oms, dirHash1, serialization: own } = wholeFiles(manifest);
    t.deepEqual(
      { resources, oms, dirHash1, own },
      {
        resources: direct.resources,
        oms: direct.root,
        dirHash1: direct.dirHash1,
        own: FILES,
      },
    );
  });
}

test("`wholeFiles()` has no dirHash1 where a name holds a newline, and wants the digests", async (t) => {
  const root = write(temporary(t), { "a\nb": "1" });
  const source = localSource(root);
  const listing = await source.list();
  const serialization: Serialization = { ...FILES, hashType: "blake2b" };
  const both = await manifestOf(source, listing, { serialization, also: ["sha256"] });
  t.is(wholeFiles(both).dirHash1, undefined);
  const one = localSource(join(root));
  const bare = await manifestOf(one, await one.list(), { serialization });
  t.throws(() => wholeFiles(bare), { message: /No sha256/ });
});
