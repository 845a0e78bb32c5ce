/** What real DVC writes beside data: its files of each form, its cache, its remotes. */
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  dirJson,
  hashData,
  parseDvcConfig,
  parseDvcFile,
  parseDvcLock,
  remoteKey,
} from "@mlsign/dvc";
import test from "ava";
import { available } from "./cells.ts";
import { repository } from "./dvc-repository.ts";
import { distinct, hostileTrees, plainTrees, writeTree } from "./dvc-trees.ts";

const NEEDS = { peers: ["dvc"] } as const;
const SEED = Number(process.env.MLSIGN_SEED ?? 20_261_124);

test("files have DVC's hashes, also those that YAML could read as numbers", async (t) => {
  if (!(await available(t, NEEDS))) return;
  const repo = await repository(t);
  const contents = {
    empty: "",
    // Their MD5 digests are 401013266745e5661589292315434968 and 93240121540327474319550261818423.
    exponent: "46793",
    digits: "1518375",
    "a: 'b' # \u{1f600}\u0085\ufeff": "x",
    "sub/😀 .bin": "y".repeat(3_000_000),
  };
  for (const [name, content] of Object.entries(contents)) repo.write(name, content);
  await repo.dvc("add", ...Object.keys(contents));
  for (const name of Object.keys(contents)) {
    const out = repo.out(`${name}.dvc`);
    t.is(join(name, "..", out.path), name);
    const { oid, size } = await hashData(repo.path(name), out.algorithm);
    t.deepEqual([oid, size], [out.oid, out.size]);
  }
});

test("DVC refuses a .dvcignore inside a data directory, and leaves out linked directories and inner repositories", async (t) => {
  if (!(await available(t, NEEDS))) return;
  const repo = await repository(t);
  for (const name of [
    "ignore/sub/.dvcignore",
    "ignore/x",
    "links/x",
    "inner/x",
    "inner/r/.dvc/c",
  ]) {
    repo.write(name, name);
  }
  symlinkSync(repo.path("inner"), repo.path("links/linked"));
  await repo.refused(/\.dvcignore/, repo.programs.paths.dvc, "add", "ignore");
  await t.throwsAsync(hashData(repo.path("ignore"), "md5"), { code: "dvc-invalid" } as object);
  await repo.dvc("add", "links", "inner");
  t.is(repo.out("links.dvc").nfiles, 1);
  await t.throwsAsync(hashData(repo.path("links"), "md5"), { code: "symlink-refused" } as object);
  const inner = await hashData(repo.path("inner"), "md5");
  t.is(repo.out("inner.dvc").oid, inner.oid);
  t.deepEqual(inner.ignored, ["r/"]);
});

test("names that are no UTF-8 have the hash that DVC's library gives, though its program refuses them", async (t) => {
  if (!(await available(t, NEEDS))) return;
  const repo = await repository(t);
  mkdirSync(repo.path("bytes"));
  const names = [
    "bad\xff",
    "\xed\xa0\x80",
    "\xc0\xaf",
    "\xf4\x90\x80\x80",
    "caf\xe9.txt",
    "\xe2\x82",
  ];
  for (const name of names) {
    writeFileSync(
      Buffer.concat([Buffer.from(`${repo.path("bytes")}/`), Buffer.from(name, "latin1")]),
      name,
    );
  }
  await repo.refused(/surrogates not allowed/, repo.programs.paths.dvc, "add", "bytes");
  const tree = await repo.python(DIRECTORY, "bytes");
  const { oid, files } = await hashData(repo.path("bytes"), "md5");
  t.deepEqual(tree, { oid, json: dirJson(files) });
});

test("100 entries of DVC 2's form have the hashes that DVC 3 holds against them", async (t) => {
  if (!(await available(t, NEEDS))) return;
  t.log(`seed ${SEED}`);
  const repo = await repository(t);
  const trees = [...hostileTrees(50, SEED), ...plainTrees(50, SEED)];
  const files: string[] = [];
  for (const [index, tree] of trees.entries()) {
    writeTree(repo.path(`data/${index}`), tree);
    const { oid, size, nfiles } = await hashData(repo.path(`data/${index}`), "md5-dos2unix");
    const entry = `- md5: ${oid}\n  size: ${size}\n  nfiles: ${nfiles}\n  path: '${index}'\n`;
    repo.write(`data/${index}.dvc`, `outs:\n${entry}`);
    files.push(`data/${index}.dvc`);
  }
  const told = (await repo.python(LEGACY, ...files)) as [stated: string, real: string][];
  t.is(told.length, 100);
  for (const [index, [stated, real]] of told.entries()) t.is(stated, real, files[index]);
  let differ = 0;
  for (const index of trees.keys()) {
    const { oid } = await hashData(repo.path(`data/${index}`), "md5");
    if (oid !== repo.out(`data/${index}.dvc`).oid) differ += 1;
  }
  t.true(differ > 30, "the two algorithms must differ on many");
});

test("dvc.lock of a pipeline: stages, loops, directories; each output has its hash", async (t) => {
  if (!(await available(t, NEEDS))) return;
  const repo = await repository(t);
  repo.write("raw/a\n.txt", "1\r\n");
  repo.write("raw/sub/b", "2");
  repo.write("params.yaml", "lr: 0.1\n");
  for (const name of ["sub", "in-a", "in-b"]) mkdirSync(repo.path(name));
  repo.write("dvc.yaml", PIPELINE);
  await repo.dvc("repro");
  const lock = readFileSync(repo.path("dvc.lock"), "utf8");
  const stages = parseDvcLock(lock, "dvc.lock", PIPELINE);
  const names = stages.map(({ name = "" }) => name).toSorted((x, y) => (x < y ? -1 : 1));
  t.deepEqual(names, ["each@a", "each@b", "prepare", "train"]);
  for (const { name, wdir = "missing", cmd, deps, outs } of stages) {
    t.truthy(cmd);
    for (const entry of [...deps, ...outs]) {
      const at = join(repo.dir, wdir, entry.path);
      const { oid, size } = await hashData(at, entry.algorithm, { within: repo.dir });
      t.deepEqual([oid, size], [entry.oid, entry.size], `${name}: ${entry.path}`);
    }
  }
});

test("a local remote holds each object where remoteKey() says, and the configuration names it", async (t) => {
  if (!(await available(t, NEEDS))) return;
  const repo = await repository(t);
  const store = repo.path("st ore#1");
  await repo.dvc("remote", "add", "--default", "main", store);
  await repo.dvc("remote", "add", "other", "s3://user@bucket/path");
  await repo.dvc("remote", "modify", "other", "endpointurl", "http://127.0.0.1:9/x?y=#z");
  await repo.dvc("remote", "modify", "other", "version_aware", "true");
  await repo.dvc("remote", "modify", "other", "secret_access_key", "SECRET # word");
  repo.write("data/x", "1");
  repo.write("data/y/z", "2");
  await repo.dvc("add", "data");
  await repo.dvc("push");
  const config = parseDvcConfig(readFileSync(repo.path(".dvc/config"), "utf8"), "config");
  t.is(config.defaultRemote, "main");
  const [main, other] = config.remotes;
  t.is(resolve(repo.path(".dvc"), main?.url ?? ""), store);
  t.like(other, { url: "s3://bucket/path", versionAware: true });
  t.is(other?.endpointUrl, "http://127.0.0.1:9/x?y=#z");
  t.false(JSON.stringify(config).includes("SECRET"));
  const { oid, files } = await hashData(repo.path("data"), "md5");
  t.is(repo.out("data.dvc").oid, oid);
  for (const key of [oid, ...files.map(({ md5 }) => md5)]) {
    t.true(existsSync(join(store, remoteKey(key, "md5"))), key);
  }
});

test("a cloud-versioned directory has the hash that DVC makes of its list of files", async (t) => {
  if (!(await available(t, NEEDS))) return;
  const repo = await repository(t);
  // DVC writes these as the line ends that they were in YAML 1.1: whoever reads YAML 1.2 sees spaces.
  const tree = hostileTrees(20, SEED).flat();
  const readable = tree.filter(([path]) => !/[\u0085\u2028\u2029]/.test(path));
  writeTree(repo.path("data"), distinct(readable));
  await repo.dvc("add", "data");
  const { oid, nfiles } = await hashData(repo.path("data"), "md5");
  t.is(repo.out("data.dvc").oid, oid);
  t.is(await repo.python(CLOUD, "data.dvc"), nfiles);
  const text = readFileSync(repo.path("data.dvc"), "utf8");
  t.regex(text, /^  files:$/m);
  t.regex(text, /^ +version_id: v0$/m);
  t.notRegex(text, /\.dir/);
  t.like(parseDvcFile(text, "data.dvc").outs[0], { oid, etagOnly: false });
  const told = (await repo.python(LEGACY, "data.dvc")) as [stated: string, real: string][];
  t.deepEqual(told, [[oid, oid]]);
});

const PIPELINE = `
stages:
  prepare:
    cmd: cp -r raw prepared
    deps: [raw]
    params: [lr]
    outs: [prepared]
  train:
    wdir: sub
    cmd: cat ../prepared/sub/* > model.bin
    deps: [../prepared]
    outs:
    - model.bin
  each:
    foreach: [a, b]
    do:
      wdir: in-\${item}
      cmd: echo \${item} > \${item}.txt
      outs: ["\${item}.txt"]
`;
/** For each \`.dvc\` file the hash that it states, and the one that DVC makes of the data. */
const LEGACY = `
import json, sys
from dvc.repo import Repo
from dvc.dvcfile import load_file
repo = Repo()
with repo.lock:
    outs = [load_file(repo, name).stage.outs[0] for name in sys.argv[1:]]
    print(json.dumps([[out.hash_info.value, out.get_hash().value] for out in outs]))
`;
/** A directory as DVC's library sees it, without the database that takes no such names. */
const DIRECTORY = `
import json, sys, tempfile
from dvc_data.hashfile.build import build
from dvc_data.hashfile.db import HashFileDB
from dvc_objects.fs import LocalFileSystem
fs = LocalFileSystem()
_, _, tree = build(HashFileDB(fs, tempfile.mkdtemp()), sys.argv[1], fs, "md5", dry_run=True)
print(json.dumps({"oid": tree.hash_info.value, "json": tree.as_bytes().decode()}))
`;
/** Has DVC write its file anew as after a push to a remote that keeps versions. */
const CLOUD = `
import json, sys
from dvc.repo import Repo
from dvc.dvcfile import load_file
repo = Repo()
with repo.lock:
    stage = load_file(repo, sys.argv[1]).stage
    [out] = stage.outs
    files = out.get_obj().as_list(with_meta=True)
    for number, file in enumerate(files):
        file.update(etag=file["md5"], version_id=f"v{number}", remote="store")
    out.files, out.obj = files, None
    stage.dump()
    print(json.dumps(len(files)))
`;
