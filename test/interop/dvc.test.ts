/**
 * Real DVC makes repositories, and packages/dvc calls everything in them what DVC calls it.
 * `MLSIGN_SEED` is the seed of the random trees: it is printed.
 */
import { readFileSync } from "node:fs";
import { dirJson, dirOid, hashData, parseDirObject, remoteKey } from "@mlsign/dvc";
import test, { type ExecutionContext } from "ava";
import { available } from "./cells.ts";
import { type Repository, repository } from "./dvc-repository.ts";
import { hostileTrees, ignoreFiles, plainTrees, writeTree } from "./dvc-trees.ts";

const NEEDS = { peers: ["dvc"] } as const;
const SEED = Number(process.env.MLSIGN_SEED ?? 20_261_124);
const HOSTILE = 250;
const GROUPS = 40;
const PER_GROUP = 5;

/** DVC's file, DVC's object in the cache and our own hash agree. */
async function agrees(
  t: ExecutionContext,
  repo: Repository,
  data: string,
): Promise<readonly string[]> {
  const out = repo.out(`${data}.dvc`);
  const own = await hashData(repo.path(data), out.algorithm, { within: repo.dir });
  t.deepEqual([out.oid, out.size, out.nfiles], [own.oid, own.size, own.nfiles], data);
  const object = repo.path(`.dvc/cache/${remoteKey(own.oid, out.algorithm)}`);
  const content = readFileSync(object);
  t.is(content.toString("latin1"), dirJson(own.files), data);
  // On Windows a backslash leads elsewhere: such a name is hashed, but not taken from a stranger.
  if (own.files.some(({ relpath }) => relpath.includes("\\"))) {
    t.throws(() => parseDirObject(content, own.oid), { code: "dvc-invalid" } as object);
  } else t.is(dirOid(parseDirObject(content, own.oid)), own.oid);
  return own.ignored;
}

test(`${HOSTILE} random directories of hostile names have DVC's hashes`, async (t) => {
  if (!(await available(t, NEEDS))) return;
  t.log(`seed ${SEED}`);
  const repo = await repository(t);
  const names = hostileTrees(HOSTILE, SEED).map((tree, index) => {
    writeTree(repo.path(`data/${index}`), tree);
    return `data/${index}`;
  });
  await repo.dvc("add", ...names);
  for (const name of names) await agrees(t, repo, name);
});

test(`${GROUPS * PER_GROUP} random directories under random .dvcignore files have DVC's hashes`, async (t) => {
  if (!(await available(t, NEEDS))) return;
  t.log(`seed ${SEED}`);
  const repo = await repository(t);
  const trees = plainTrees(GROUPS * PER_GROUP, SEED);
  const [own = "", ...rest] = ignoreFiles(1 + 2 * GROUPS, SEED);
  // The first two match nothing here, though they would further down.
  repo.write(".dvcignore", `**/\n*/\n${own}`);
  const names = trees.map((tree, index) => {
    const group = index % GROUPS;
    repo.write(`g-${group}/.dvcignore`, rest[2 * group] ?? "");
    repo.write(`g-${group}/deep/.dvcignore`, rest[2 * group + 1] ?? "");
    const name = `g-${group}/${index % 2 === 0 ? "deep/" : ""}tree-${index}`;
    writeTree(repo.path(name), tree);
    return name;
  });
  await repo.dvc("add", ...names);
  const ignored: number[] = [];
  for (const name of names) ignored.push((await agrees(t, repo, name)).length);
  const some = ignored.filter((count) => count > 0).length;
  t.true(some > names.length / 10, `only ${some} directories had anything ignored`);
  t.log(`${some} of ${names.length} have something ignored`);
});
