import { join } from "node:path";
import { decide } from "@mlsign/core";
import {
  checkLineage,
  collectLineage,
  dataHistory,
  lineagePredicate,
  readLineage,
} from "@mlsign/lineage";
import { IMAGE, md5Of, repository, withGit } from "./repository.ts";

const collect = (dir: string) =>
  collectLineage({ folder: dir, data: ["data.csv.dvc"], container: IMAGE });
const BUILD = { builder: "urn:mlsign:builder:local:v1" };

withGit(
  "collectLineage() states one source, one data set, one container, and checks out",
  async (t) => {
    const { dir, git } = repository(t);
    const live = await collect(dir);
    t.deepEqual(live.missing, []);
    const predicate = lineagePredicate(live, BUILD);
    t.notRegex(JSON.stringify(predicate), /secret/);
    const claim = readLineage(predicate);
    t.is(claim.commits[0]?.commit, git("rev-parse", "HEAD"));
    const findings = checkLineage(claim, { live, containerExists: true });
    t.is(decide(findings), "accepted", JSON.stringify(findings));
    const certificate = {
      commit: claim.commits[0]?.commit ?? "",
      repository: "https://git.example/org/repo",
    };
    t.is(decide(checkLineage(claim, { live, containerExists: true, certificate })), "accepted");
  },
);

withGit("collectLineage() is the same bytes for the same state", async (t) => {
  const { dir } = repository(t);
  const once = JSON.stringify(lineagePredicate(await collect(dir), BUILD));
  t.is(JSON.stringify(lineagePredicate(await collect(dir), BUILD)), once);
});

withGit("collectLineage() names what is missing", async (t) => {
  const { dir, git, write } = repository(t);
  git("remote", "remove", "origin");
  write("train.py", "edited");
  write("data.csv", "other bytes");
  const { missing } = await collectLineage({ folder: dir, data: ["data.csv.dvc", "nothing.dvc"] });
  t.is(missing.length, 5);
  for (const word of [
    /no remote/,
    /work tree/,
    /not those that the commit names/,
    /nothing\.dvc is not in the commit/,
    /no container/,
  ]) {
    t.true(
      missing.some((text) => word.test(text)),
      String(word),
    );
  }
  const tagged = await collectLineage({
    folder: dir,
    data: ["data.csv.dvc"],
    container: "train:v1",
  });
  t.true(tagged.missing.some((text) => text.includes("its tag can move")));
  for (const container of ["train", "train:latest"]) {
    await t.throwsAsync(collectLineage({ folder: dir, data: [], container }), {
      code: "reference-invalid",
    });
  }
});

const attacks: [string, (claim: ReturnType<typeof readLineage>) => unknown][] = [
  [
    "another data hash",
    (claim) => ({ ...claim, datasets: claim.datasets.map((d) => ({ ...d, oid: "0".repeat(32) })) }),
  ],
  [
    "other bytes of the same MD5",
    (claim) => ({
      ...claim,
      datasets: claim.datasets.map((d) => ({ ...d, sha256: "0".repeat(64) })),
    }),
  ],
  ["two sources", (claim) => ({ ...claim, commits: [...claim.commits, ...claim.commits] })],
  ["no container", (claim) => ({ ...claim, containers: [] })],
  [
    "another tree",
    (claim) => ({ ...claim, commits: claim.commits.map((c) => ({ ...c, tree: "0".repeat(40) })) }),
  ],
  ["no data", (claim) => ({ ...claim, datasets: [] })],
  [
    "a container without digest",
    (claim) => ({ ...claim, containers: [{ uri: "x", digest: "sha256:" }] }),
  ],
  [
    "a dirty tree",
    (claim) => ({ ...claim, commits: claim.commits.map((c) => ({ ...c, clean: false })) }),
  ],
];
for (const [what, attack] of attacks) {
  withGit(`checkLineage() refuses ${what}`, async (t) => {
    const { dir } = repository(t);
    const live = await collect(dir);
    const claim = attack(readLineage(lineagePredicate(live, BUILD))) as ReturnType<
      typeof readLineage
    >;
    t.is(decide(checkLineage(claim, { live, containerExists: true })), "refused");
  });
}

withGit("checkLineage() never accepts what it could not look at", async (t) => {
  const { dir, write, track } = repository(t);
  const claim = readLineage(lineagePredicate(await collect(dir), BUILD));
  t.is(decide(checkLineage(claim, { live: await collect(dir) })), "undecided");
  write("data.csv", "next version");
  track();
  t.is(
    decide(checkLineage(claim, { live: await collect(dir), containerExists: true })),
    "undecided",
  );
});

withGit(
  "checkLineage() holds the certificate's commit and repository against the claim",
  async (t) => {
    const { dir } = repository(t);
    const live = await collect(dir);
    const claim = readLineage(lineagePredicate(live, BUILD));
    const other = { commit: "b".repeat(40) };
    t.is(
      decide(checkLineage(claim, { live, containerExists: true, certificate: other })),
      "refused",
    );
    const elsewhere = { repository: "https://git.example/org/other" };
    t.is(
      decide(checkLineage(claim, { live, containerExists: true, certificate: elsewhere })),
      "refused",
    );
  },
);

withGit("collectLineage() reads .dvc files from the commit, not from the work tree", async (t) => {
  const { dir, write } = repository(t);
  write(
    "data.csv.dvc",
    "outs:\n- md5: 00000000000000000000000000000000\n  hash: md5\n  path: data.csv\n",
  );
  const { datasets } = await collect(dir);
  t.is(datasets[0]?.oid, md5Of(join(dir, "data.csv")).oid);
});

withGit("dataHistory() tells who committed which version, also inside a merge", async (t) => {
  const { dir, git, write, track } = repository(t);
  git("checkout", "-q", "-b", "side");
  write("data.csv", "v2");
  track();
  git("checkout", "-q", "main");
  git("merge", "-q", "--no-ff", "--no-commit", "side");
  write("data.csv", "v3, in the merge");
  const { oid } = md5Of(join(dir, "data.csv"));
  write("data.csv.dvc", `outs:\n- md5: ${oid}\n  hash: md5\n  path: data.csv\n`);
  git("commit", "-q", "-a", "-m", "merge");
  const history = await dataHistory(dir, []);
  t.is(history.length, 4);
  t.is(history.filter(({ after }) => after === oid).length, 2);
  t.is(history.at(-1)?.before, undefined);
  t.is(history[0]?.commit.author.email, "ana@example.com");
});
