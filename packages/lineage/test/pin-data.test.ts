import { createHash } from "node:crypto";
import { decide } from "@mlsign/core";
import { dirJson } from "@mlsign/dvc";
import {
  checkLineage,
  collectLineage,
  type DataRemote,
  lineagePredicate,
  mergePins,
  pinsKey,
  readLineage,
  readPins,
} from "@mlsign/lineage";
import { MemoryBucket } from "./memory-store.ts";
import { IMAGE, repository, withGit } from "./repository.ts";

const BUILD = { builder: "urn:mlsign:builder:local:v1" };
const md5 = (content: string): string => createHash("md5").update(content).digest("hex");
const casKey = (oid: string): string => `dvc/files/md5/${oid.slice(0, 2)}/${oid.slice(2)}`;

function remoteOf(bucket: MemoryBucket, over: Partial<DataRemote> = {}): DataRemote {
  return {
    name: "store",
    url: "s3://data/dvc",
    bucket: "data",
    prefix: "dvc",
    versionAware: false,
    store: bucket.store(),
    ...over,
  };
}

const collect = (folder: string, remote?: DataRemote, data = "data.csv.dvc") =>
  collectLineage({ folder, data: [data], container: IMAGE, remote });

const CONTENT = "a,b\n1,2\n";

withGit("collectLineage() pins the version of the object that holds a file", async (t) => {
  const { dir } = repository(t);
  const bucket = new MemoryBucket();
  const key = casKey(md5(CONTENT));
  const versionId = bucket.put(key, CONTENT);
  const facts = await collect(dir, remoteOf(bucket));
  t.deepEqual(facts.missing, []);
  const pin = { key, versionId, size: CONTENT.length, checksums: { MD5: md5(CONTENT) } };
  t.deepEqual(facts.datasets[0]?.pins, { remote: "s3://data/dvc", objects: [pin] });
  const predicate = lineagePredicate(facts, BUILD);
  t.regex(JSON.stringify(predicate), /"downloadLocation":"s3:\/\/data\/dvc\/files\/md5\//);
  t.deepEqual(readLineage(predicate).datasets[0]?.pins, [
    { remote: "s3://data/dvc", objects: [pin] },
  ]);
});

withGit("collectLineage() pins a directory's list and each of its members once", async (t) => {
  const { dir, git, write } = repository(t);
  const files = { "a.csv": "1", "b/c.csv": "2", "d.csv": "1" };
  for (const [name, content] of Object.entries(files)) write(`set/${name}`, content);
  const list = dirJson(Object.entries(files).map(([relpath, it]) => ({ relpath, md5: md5(it) })));
  const oid = `${md5(list)}.dir`;
  write("set.dvc", `outs:\n- md5: ${oid}\n  hash: md5\n  path: set\n`);
  write(".gitignore", "/data.csv\n/set\n");
  git("add", "set.dvc", ".gitignore");
  git("commit", "-q", "-m", "set");
  const bucket = new MemoryBucket();
  bucket.put(casKey(oid), list);
  bucket.put(casKey(md5("1")), "1");
  bucket.put(casKey(md5("2")), "2");
  const { datasets, missing } = await collect(dir, remoteOf(bucket), "set.dvc");
  t.deepEqual(missing, []);
  t.deepEqual(
    datasets[0]?.pins?.objects.map(({ key }) => key),
    [casKey(oid), casKey(md5("1")), casKey(md5("2"))],
  );
  // A list that somebody replaced has another MD5, and leads nowhere.
  bucket.put(casKey(oid), dirJson([{ relpath: "evil.csv", md5: md5("1") }]));
  const replaced = await collect(dir, remoteOf(bucket), "set.dvc");
  t.is(replaced.datasets[0]?.pins, undefined);
  t.regex(replaced.missing[0] ?? "", /"set" are not pinned: .*hash/);
});

withGit("collectLineage() names what it cannot pin", async (t) => {
  const { dir } = repository(t);
  const key = casKey(md5(CONTENT));
  const cases: [RegExp, (bucket: MemoryBucket) => void][] = [
    [/is not there/, () => undefined],
    [/of another size/, (bucket) => void bucket.put(key, "short")],
    [/of other content/, (bucket) => void bucket.put(key, "a,b\n1,3\n")],
    [/without a version/, (bucket) => void bucket.put(key, CONTENT, { versioned: false })],
    [
      /hidden from this caller/,
      (bucket) => {
        bucket.put(key, CONTENT);
        bucket.hide(key);
      },
    ],
  ];
  for (const [why, arrange] of cases) {
    const bucket = new MemoryBucket();
    arrange(bucket);
    const { datasets, missing } = await collect(dir, remoteOf(bucket));
    t.is(datasets[0]?.pins, undefined, String(why));
    t.regex(missing.join(), why);
  }
});

withGit(
  "collectLineage() pins the versions that DVC wrote for a version-aware remote",
  async (t) => {
    const { dir, git, write } = repository(t);
    const bucket = new MemoryBucket();
    const first = bucket.put("dvc/data.csv", CONTENT);
    bucket.put("dvc/data.csv", "a,b\n9,9\n");
    const recorded = `outs:\n- md5: ${md5(CONTENT)}\n  size: ${CONTENT.length}\n  hash: md5\n  path: data.csv\n`;
    write("data.csv.dvc", `${recorded}  cloud:\n    store:\n      version_id: ${first}\n`);
    git("commit", "-q", "-a", "-m", "cloud");
    const { datasets, missing } = await collect(dir, remoteOf(bucket, { versionAware: true }));
    t.deepEqual(missing, []);
    t.is(datasets[0]?.pins?.objects[0]?.versionId, first);
    write("data.csv.dvc", recorded);
    git("commit", "-q", "-a", "-m", "not pushed");
    const unpushed = await collect(dir, remoteOf(bucket, { versionAware: true }));
    t.regex(unpushed.missing.join(), /tells no version/);
  },
);

withGit("collectLineage() leaves what another remote keeps", async (t) => {
  const { dir, git, write } = repository(t);
  write(
    "data.csv.dvc",
    `outs:\n- md5: ${md5(CONTENT)}\n  hash: md5\n  path: data.csv\n  remote: cold\n`,
  );
  git("commit", "-q", "-a", "-m", "cold");
  const bucket = new MemoryBucket();
  const { missing } = await collect(dir, remoteOf(bucket));
  t.regex(missing.join(), /kept in the remote cold/);
  t.deepEqual(bucket.asked, []);
});

withGit("checkLineage() judges the pinned objects as the bucket has them", async (t) => {
  const { dir } = repository(t);
  const key = casKey(md5(CONTENT));
  const judged = async (arrange: (bucket: MemoryBucket) => void) => {
    const bucket = new MemoryBucket();
    bucket.put(key, CONTENT);
    const remote = remoteOf(bucket);
    const live = await collect(dir, remote);
    const claim = readLineage(lineagePredicate(live, BUILD));
    arrange(bucket);
    const [dataset] = claim.datasets;
    const readings = await readPins(remote, dataset?.pins[0]?.objects ?? []);
    const looked = new Map([[pinsKey(remote.url, { path: "data.csv" }), readings]]);
    const findings = checkLineage(claim, { live, containerExists: true, remote: looked });
    return {
      verdict: decide(findings),
      remote: findings.find(({ code }) => code === "lineage-remote"),
      unasked: decide(checkLineage(claim, { live, containerExists: true })),
    };
  };
  const same = await judged(() => undefined);
  t.is(same.verdict, "accepted");
  t.is(same.remote?.outcome, "pass");
  t.is(same.unasked, "undecided");
  t.is((await judged((bucket) => bucket.remove(key))).verdict, "refused");
  t.is((await judged((bucket) => bucket.hide(key))).verdict, "undecided");
  const shadowed = await judged((bucket) => void bucket.put(key, "a,b\n6,6\n"));
  t.is(shadowed.verdict, "accepted");
  t.is(shadowed.remote?.severity, "warning");
  t.regex(shadowed.remote?.message ?? "", /newer versions over 1 pinned/);
});

withGit("mergePins() takes the pins of every claim of the same story", async (t) => {
  const { dir } = repository(t);
  const bucket = new MemoryBucket();
  bucket.put(casKey(md5(CONTENT)), CONTENT);
  const bare = readLineage(lineagePredicate(await collect(dir), BUILD));
  const pinned = readLineage(lineagePredicate(await collect(dir, remoteOf(bucket)), BUILD));
  t.deepEqual(mergePins(bare, [bare, pinned, pinned]), pinned);
});

withGit("readLineage() refuses pins that are none", async (t) => {
  const { dir } = repository(t);
  const bucket = new MemoryBucket();
  bucket.put(casKey(md5(CONTENT)), CONTENT);
  const text = JSON.stringify(lineagePredicate(await collect(dir, remoteOf(bucket)), BUILD));
  for (const [from, to] of [
    [/"size":\d+,"checksums"/, '"size":-1,"checksums"'],
    [/"versionId":"[^"]*","size"/, '"versionId":"","size"'],
    [/"checksums":\{[^}]*\}/, '"checksums":{"MD5":1}'],
    [/"mlsign.remote":\{"url":"[^"]*"/, '"mlsign.remote":{"url":1'],
  ] as const) {
    const damaged = text.replace(from, to);
    t.not(damaged, text);
    t.throws(() => readLineage(JSON.parse(damaged)), { code: "manifest-invalid" });
  }
});
