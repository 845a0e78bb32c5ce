import { join } from "node:path";
import { decide, type Finding, type Verdict } from "@mlsign/core";
import { hashData } from "@mlsign/dvc";
import {
  type BaseModelFact,
  checkLineage,
  type CollectOptions,
  collectLineage,
  lineagePredicate,
  readLineage,
} from "@mlsign/lineage";
import test, { type ExecutionContext } from "ava";
import { type Fixture, IMAGE, md5Of, repository, withGit } from "./repository.ts";

const BUILD = { builder: "urn:mlsign:builder:local:v1" };
const BASE: BaseModelFact = {
  uri: `pkg:huggingface/org/base@${"c".repeat(40)}`,
  name: "org/base",
  root: "d".repeat(64),
  dirHash1: "e".repeat(64),
  revision: "c".repeat(40),
};

function collect(dir: string, more: Partial<CollectOptions> = {}) {
  return collectLineage({ folder: dir, data: ["data.csv.dvc"], container: IMAGE, ...more });
}

async function claimOf(dir: string, more: Partial<CollectOptions> = {}) {
  return readLineage(lineagePredicate(await collect(dir, more), BUILD));
}

function outcomes(findings: readonly Finding[], code: string): string[] {
  return findings.filter((one) => one.code === code).map(({ outcome }) => outcome);
}

/** A pipeline of two stages, each with an output that git does not hold. */
function pipeline(t: ExecutionContext): Fixture {
  const fixture = repository(t);
  const { dir, git, write } = fixture;
  write(".gitignore", "/data.csv\n/a.bin\n/b.bin\n");
  write("a.bin", "first");
  write("b.bin", "second");
  const stages = ["a", "b"].map((name) => {
    const { oid, size } = md5Of(join(dir, `${name}.bin`));
    const out = `    outs:\n    - path: ${name}.bin\n      hash: md5\n      md5: ${oid}\n      size: ${size}\n`;
    return `  ${name}:\n    cmd: make ${name}\n${out}`;
  });
  write("dvc.lock", `schema: '2.0'\nstages:\n${stages.join("")}`);
  git("add", "-A");
  git("commit", "-q", "-m", "pipeline");
  return fixture;
}

withGit("collectLineage() rolls the outputs of a pipeline up into its lock file", async (t) => {
  const { dir, write } = pipeline(t);
  const live = await collect(dir, { data: ["dvc.lock"] });
  t.deepEqual(live.missing, []);
  const claim = readLineage(lineagePredicate(live, BUILD));
  t.deepEqual(
    claim.datasets.map(({ path, role }) => [path, role]),
    [
      ["a.bin", "datasetPart"],
      ["b.bin", "datasetPart"],
    ],
  );
  t.is(claim.dataFiles.length, 1);
  t.is(decide(checkLineage(claim, { live, containerExists: true })), "accepted");

  const [file] = claim.dataFiles;
  const other = { ...claim, dataFiles: [{ file: file?.file ?? "", sha256: "0".repeat(64) }] };
  t.is(decide(checkLineage(other, { live, containerExists: true })), "refused");
  write("b.bin", "changed");
  const changed = await collect(dir, { data: ["dvc.lock"] });
  t.is(decide(checkLineage(claim, { live: changed, containerExists: true })), "refused");
});

withGit(
  "collectLineage() finds the output of a stage that runs in a folder of its own",
  async (t) => {
    const { dir, git, write } = repository(t);
    write(".gitignore", "/data.csv\n/sub/m.bin\n");
    write("sub/m.bin", "weights");
    const { oid } = await hashData(join(dir, "sub/m.bin"), "md5");
    const out = `    outs:\n    - path: m.bin\n      hash: md5\n      md5: ${oid}\n`;
    write("dvc.lock", `schema: '2.0'\nstages:\n  train:\n    cmd: make\n${out}`);
    write("dvc.yaml", "stages:\n  train:\n    wdir: sub\n    cmd: make\n    outs: [m.bin]\n");
    git("add", "-A");
    git("commit", "-q", "-m", "pipeline");
    const { missing, datasets } = await collect(dir, { data: ["dvc.lock"] });
    t.deepEqual(missing, []);
    t.deepEqual(
      datasets.map(({ path, matches }) => [path, matches]),
      [["sub/m.bin", true]],
    );
  },
);

withGit(
  "checkLineage() is not deceived by line ends, which DVC 2's hash does not see",
  async (t) => {
    const { dir, git, write } = repository(t);
    write("data.csv", "a\r\nb\r\n");
    const { oid } = await hashData(join(dir, "data.csv"), "md5-dos2unix");
    write("data.csv.dvc", `outs:\n- md5: ${oid}\n  path: data.csv\n`);
    git("commit", "-q", "-a", "-m", "as DVC 2 has it");
    const claim = await claimOf(dir);
    const judge = async (): Promise<Finding[]> =>
      checkLineage(claim, { live: await collect(dir), containerExists: true });
    t.is(decide(await judge()), "accepted");
    t.true(
      (await judge()).some(
        ({ severity, message }) => severity === "warning" && /line ends/.test(message),
      ),
    );
    write("data.csv", "a\nb\n");
    t.is((await hashData(join(dir, "data.csv"), "md5-dos2unix")).oid, oid, "the same name");
    t.is(decide(await judge()), "refused");
  },
);

withGit("collectLineage() with two files of data is two data sets", async (t) => {
  const { dir } = pipeline(t);
  const claim = await claimOf(dir, { data: ["dvc.lock", "data.csv.dvc"] });
  const live = await collect(dir, { data: ["dvc.lock", "data.csv.dvc"] });
  t.deepEqual(outcomes(checkLineage(claim, { live, containerExists: true }), "lineage-form"), [
    "fail",
  ]);
});

withGit("checkLineage() holds lock files to the commit, and to the check of pins", async (t) => {
  const { dir, git, write } = repository(t);
  write("requirements.txt", "a==1 --hash=sha256:00\n");
  git("add", "-A");
  git("commit", "-q", "-m", "lock");
  const locks = ["requirements.txt", "none.txt", "../outside.txt"];
  const live = await collect(dir, { locks });
  t.is(live.missing.length, 2, "what is not in the commit is named");
  const claim = readLineage(lineagePredicate(live, BUILD));
  const judged = (verdict: Verdict | undefined, from = live): string[] => {
    const pins = new Map(verdict === undefined ? [] : [["requirements.txt", verdict] as const]);
    return outcomes(checkLineage(claim, { live: from, pins }), "lineage-pins");
  };
  t.deepEqual(judged("accepted"), ["pass"]);
  t.deepEqual(judged("refused"), ["fail"]);
  t.deepEqual(judged("undecided"), ["unknown"]);
  t.deepEqual(judged(undefined), ["unknown"]);
  t.deepEqual(judged("accepted", { ...live, locks: [] }), ["unknown"]);
  const other = { ...live, locks: [{ path: "requirements.txt", sha256: "0".repeat(64) }] };
  t.deepEqual(judged("accepted", other), ["fail"]);
});

withGit(
  "checkLineage() hashes base models again, and knows one without bytes by no digest",
  async (t) => {
    const { dir } = repository(t);
    const claim = await claimOf(dir, { baseModels: [BASE] });
    const judged = async (model: BaseModelFact | undefined): Promise<string[]> => {
      const live = await collect(dir, { baseModels: model === undefined ? [] : [model] });
      return outcomes(checkLineage(claim, { live }), "lineage-base-model");
    };
    t.deepEqual(await judged(BASE), ["pass"]);
    t.deepEqual(await judged({ ...BASE, root: "0".repeat(64) }), ["fail"]);
    t.deepEqual(await judged({ ...BASE, dirHash1: "0".repeat(64) }), ["fail"], "renamed files");
    t.deepEqual(await judged(undefined), ["unknown"]);

    const absent = { ...BASE, root: undefined, dirHash1: undefined };
    const facts = await collect(dir, { baseModels: [absent] });
    t.true(facts.missing.some((text) => text.includes("only its revision")));
    const revision = readLineage(lineagePredicate(facts, BUILD));
    t.deepEqual(outcomes(checkLineage(revision, { live: facts }), "lineage-base-model"), [
      "unknown",
    ]);
    const nameless = { ...absent, revision: undefined };
    const none = lineagePredicate(await collect(dir, { baseModels: [nameless] }), BUILD);
    t.deepEqual(readLineage(none).baseModels, [], "no digest, no dependency");
  },
);

withGit(
  "collectLineage() counts what the training made as no dirt, and nothing else",
  async (t) => {
    const { dir, write } = repository(t);
    write("out/model/weights.bin", "w");
    write("out/model.sig", "{}");
    const outputs = [join(dir, "out/model"), join(dir, "out/model.sig")];
    t.true((await collect(dir, { outputs })).source?.clean);
    write("out/model.py", "x");
    t.false((await collect(dir, { outputs })).source?.clean);
    t.false((await collect(dir)).source?.clean);
  },
);

withGit("collectLineage() says where a run contradicts the checkout", async (t) => {
  const { dir, git } = repository(t);
  const commit = git("rev-parse", "HEAD");
  const run = { runId: "r1", commit, image: IMAGE, dirty: false };
  t.deepEqual((await collect(dir, { run })).missing, []);
  const other = {
    runId: "r1",
    commit: "b".repeat(40),
    image: `registry.example/train@sha256:${"b".repeat(64)}`,
    dirty: true,
  };
  t.is((await collect(dir, { run: other })).missing.length, 3);
  const predicate = JSON.stringify(lineagePredicate(await collect(dir, { run }), BUILD));
  t.regex(predicate, /"mlflow":\{"run_id":"r1"/);
});

withGit(
  "collectLineage() says that a merge ref is the forge's alone, and a clone shallow",
  async (t) => {
    const { dir, git } = repository(t);
    git("checkout", "-q", "--detach");
    const merge = await collect(dir, { ref: "refs/pull/12/merge" });
    t.true(merge.missing.some((text) => text.includes("only the forge")));
    t.is((await collect(dir, { ref: "refs/heads/main" })).source?.ref, "refs/heads/main");
    git("commit", "-q", "--allow-empty", "-m", "second");
    const copy = join(dir, "copy");
    git("clone", "-q", "--depth", "1", `file://${dir}`, copy);
    const shallow = await collect(copy, { data: [] });
    t.true(shallow.source?.shallow);
    t.true(shallow.missing.some((text) => text.includes("shallow")));
  },
);

withGit("collectLineage() reads another commit than the one that is checked out", async (t) => {
  const { dir, git, write, track } = repository(t);
  const claim = await claimOf(dir);
  const commit = git("rev-parse", "HEAD");
  write("data.csv", "next version");
  track();
  const live = await collect(dir, { commit });
  t.is(live.source?.commit, commit);
  t.is(live.source?.clean, undefined);
  const findings = checkLineage(claim, { live, containerExists: true });
  t.deepEqual(outcomes(findings, "lineage-data"), ["unknown"], "the next version is here");
  write("data.csv", "a,b\n1,2\n");
  const back = await collect(dir, { commit });
  t.is(decide(checkLineage(claim, { live: back, containerExists: true })), "accepted");
  const nowhere = await collect(dir, { commit: "b".repeat(40) });
  t.is(nowhere.source, undefined);
  t.is(decide(checkLineage(claim, { live: nowhere, containerExists: true })), "undecided");
});

withGit("checkLineage() tells a run that the certificate names another of", async (t) => {
  const { dir } = repository(t);
  const live = await collect(dir);
  const invocation = "https://git.example/org/repo/actions/runs/1/attempts/1";
  const claim = readLineage(lineagePredicate(live, { ...BUILD, invocation }));
  const check = (named: string) =>
    decide(
      checkLineage(claim, { live, containerExists: true, certificate: { invocation: named } }),
    );
  t.is(check(invocation), "accepted");
  t.is(check(invocation.replace("runs/1", "runs/2")), "refused");
});

test("readLineage() refuses what is no lineage of ours, and a flood", (t) => {
  const of = (
    resolvedDependencies: unknown,
    buildType = "urn:mlsign:buildtype:train:v1",
  ): unknown => ({
    buildDefinition: { buildType, resolvedDependencies },
  });
  for (const hostile of [
    null,
    [],
    "text",
    of([], "urn:other"),
    of({}),
    of([1]),
    of([{ uri: "x" }]),
    of(Array.from({ length: 100_001 }, () => ({ digest: {} }))),
  ]) {
    t.throws(() => readLineage(hostile as null), { code: "manifest-invalid" });
  }
  t.deepEqual(readLineage(of([{ digest: {}, annotations: 5 }]) as null).commits, []);
});
