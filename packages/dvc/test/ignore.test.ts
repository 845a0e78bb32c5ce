import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { hashData, parseDvcFile } from "@mlsign/dvc";
import test, { type ExecutionContext } from "ava";

function folder(t: ExecutionContext, files: Record<string, string>): string {
  const dir = mkdtempSync(join(tmpdir(), "mlsign-dvc-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

/** What is left of `data`, whose repository's root is `repo` and which lies in `repo/sub`. */
async function kept(t: ExecutionContext, names: readonly string[], rules: Record<string, string>) {
  const files = Object.fromEntries(names.map((name) => [`repo/sub/data/${name}`, name]));
  const dir = folder(t, { "repo/.dvc/config": "", ...files, ...rules });
  const data = await hashData(join(dir, "repo/sub/data"), "md5", { within: dir });
  return data.files.map(({ relpath }) => relpath).toSorted();
}

// Each row is what DVC 3.67 does; test/interop/dvc.test.ts holds random ones against it.
const RULES: [lines: string, names: string[], kept: string[]][] = [
  ["*.txt", ["a.txt", "b/c.txt", "d.bin"], ["d.bin"]],
  ["  *.txt  \r\n# d.bin\r\n\r\n", ["a.txt", "d.bin"], ["d.bin"]],
  ["sub/data/a", ["a", "b/a"], ["b/a"]],
  ["/a", ["a"], ["a"]],
  ["a/", ["a/x", "b/a"], ["b/a"]],
  ["x\n!x", ["x"], ["x"]],
  ["b\n!b/keep", ["b/keep"], []],
  // Below what a rule takes in again, everything is taken in: git would not.
  ["*.txt\n!keep", ["keep/a.txt", "b/a.txt"], ["keep/a.txt"]],
  ["*.txt\n!keep/", ["keep/a.txt"], []],
  ["a/**", ["a/x"], ["a/x"]],
  ["**/a/**", ["a/x", "b"], ["b"]],
  ["sub/**/x", ["x", "y/x", "y/z"], ["y/z"]],
  ["*/", ["a/x"], ["a/x"]],
  ["**/", ["a/x"], ["a/x"]],
  ["[a-c]x", ["ax", "dx", "-x"], ["-x", "dx"]],
  ["[!a]x", ["ax", "bx"], ["ax"]],
  ["[]x]", ["]", "x", "y"], ["y"]],
  ["[a", ["[a", "a"], ["[a", "a"]],
  ["\\!x", ["!x", "x"], ["x"]],
  ["?", ["a", "ab", "😀"], ["ab"]],
  ["a*b*c", ["abc", "a1b2c", "acb"], ["acb"]],
  ["a", ["A", "a"], ["A"]],
  // Python's `.` is no line end, and its `$` also stands before the last one.
  ["x", ["x\n", "a\nb/x", "ab/x"], ["a\nb/x"]],
];
for (const [lines, names, expected] of RULES) {
  test(`hashData() leaves out what ${JSON.stringify(lines)} is about`, async (t) => {
    t.deepEqual(await kept(t, names, { "repo/.dvcignore": lines }), expected);
  });
}

test("hashData() reads the .dvcignore of each directory from DVC's root to the data, and no other", async (t) => {
  const names = ["a", "b", "c", "d", "x/b"];
  t.deepEqual(
    await kept(t, names, { "repo/sub/.dvcignore": "/data/b\nc\n!d\n", "repo/.dvcignore": "d" }),
    ["a", "d", "x/b"],
  );
  // Above the root, and in another directory.
  t.deepEqual(await kept(t, ["a"], { ".dvcignore": "a", "repo/other/.dvcignore": "a" }), ["a"]);
});

test("hashData() reads no .dvcignore that another one ignores", async (t) => {
  const rules = { "repo/.dvcignore": ".dvcignore\n", "repo/sub/.dvcignore": "a\n" };
  t.deepEqual(await kept(t, ["a"], rules), ["a"]);
});

test("hashData() reads no .dvcignore unless told where, nor above", async (t) => {
  const dir = folder(t, { ".dvc/config": "", ".dvcignore": "a", "sub/data/a": "1" });
  const data = join(dir, "sub/data");
  t.is((await hashData(data, "md5")).nfiles, 1);
  t.is((await hashData(data, "md5", { within: join(dir, "sub") })).nfiles, 1);
  t.deepEqual((await hashData(data, "md5", { within: dir })).ignored, ["a"]);
});

test("hashData() leaves out version control at any depth, and inner repositories, and says so", async (t) => {
  const dir = folder(t, {
    "x/.git/config": "1",
    "x/y/.hg/store": "1",
    "x/y/.git": "gitdir: z",
    "x/y/.hgx": "1",
    "z/.dvc/config": "1",
    "z/data": "1",
  });
  const { files, ignored } = await hashData(dir, "md5");
  t.deepEqual(
    files.map(({ relpath }) => relpath),
    ["x/y/.hgx"],
  );
  t.deepEqual(ignored.toSorted(), ["x/.git/", "x/y/.git", "x/y/.hg/", "z/"]);
});

const REFUSED: [what: string, files: Record<string, string>, code: string][] = [
  ["a .dvcignore inside the data", { "data/x/.dvcignore": "" }, "dvc-invalid"],
  ["a .dvcignore that is no text", { ".dvcignore": "\ud800" }, "dvc-invalid"],
  ["a backslash at a line's end", { ".dvcignore": "a\\" }, "dvc-invalid"],
  ["a range that is empty", { ".dvcignore": "[b-a]" }, "dvc-invalid"],
  ["a .dvcignore that is too large", { ".dvcignore": "#".repeat(2 ** 20 + 1) }, "dvc-invalid"],
  ["a .dvcignore that is a directory", { ".dvcignore/x": "" }, "file-unreadable"],
];
for (const [what, files, code] of REFUSED) {
  test(`hashData() refuses ${what}`, async (t) => {
    const dir = folder(t, { ".dvc/config": "", "data/a": "1", ...files });
    if (what.endsWith("no text")) writeFileSync(join(dir, ".dvcignore"), Buffer.from([0xff]));
    await t.throwsAsync(hashData(join(dir, "data"), "md5", { within: dir }), { code } as object);
  });
}

test("hashData() refuses a link that leads nowhere", async (t) => {
  const dir = folder(t, { a: "1" });
  symlinkSync("nowhere", join(dir, "b"));
  await t.throwsAsync(hashData(dir, "md5"), { code: "file-unreadable" } as object);
});

test("hashData() takes patterns that would keep an expression busy for ever", async (t) => {
  const line = `${"a*".repeat(60)}b\n${"**/a/".repeat(60)}b`;
  const name = "a".repeat(200);
  const deep = `${"a/".repeat(100)}c`;
  const begun = Date.now();
  t.deepEqual(await kept(t, [name, deep], { "repo/.dvcignore": line }), [deep, name].toSorted());
  t.true(Date.now() - begun < 2000);
});

test("parseDvcFile() makes a cloud-versioned directory's hash of its files, as DVC does", (t) => {
  const files = `  files:\n  - {relpath: b, md5: ${"b".repeat(32)}, size: 1, cloud: {s: {etag: x, version_id: v}}}\n  - {relpath: a/x, md5: ${"A".repeat(32)}, size: 1}\n`;
  const [out] = parseDvcFile(`outs:\n- path: d\n  hash: md5\n${files}`, "d.dvc").outs;
  t.like(out, { oid: "5be57b1b6f33b7fcde93ea86cc0a7ae2.dir", etagOnly: false });
  const etags = "outs:\n- path: d\n  hash: md5\n  files:\n  - {relpath: b, etag: x}\n";
  t.like(parseDvcFile(etags, "d.dvc").outs[0], { oid: undefined, etagOnly: true });
});
