import type { ExecutionContext } from "ava";
import {
  ancestry,
  bundlesOf,
  compareModels,
  gaps,
  madeFrom,
  promotions,
  signedBy,
  type Store,
  withFile,
  withPackage,
} from "../src/index.ts";
import { BOB, card, digest, lineage, promotion, sbom, signature } from "./claims.ts";

export const NOW: Date = new Date("2026-05-01T00:00:00Z");

/** What the questions are about: three models, two of them of one data set. */
export async function fill(store: Store): Promise<void> {
  await store.add(
    [
      signature("m", ["a", "b"]),
      lineage("m", {
        commit: "c1",
        data: "d1",
        image: "i1",
        base: "base",
        parameters: { lr: "1" },
      }),
      sbom("m", ["pkg:pypi/Torch@2.1.0", "pkg:pypi/numpy@1.26.0"]),
      promotion("m", "prod"),
      lineage("base", { commit: "c0" }),
      signature("n", ["a", "c"]),
      lineage("n", { commit: "c2", data: "d1", image: "i1", parameters: { lr: "2" } }),
      sbom("n", ["pkg:pypi/torch@2.4.0"], { status: "unverified" }),
      card("n", { signer: BOB }),
    ],
    NOW,
  );
}

const models = (graph: { nodes: readonly { kind: string; name: string }[] }): string[] =>
  graph.nodes
    .filter(({ kind }) => kind === "model")
    .map(({ name }) => name)
    .toSorted();

/** The same questions of every index, and the answers. */
export const QUESTIONS: readonly (readonly [
  title: string,
  ask: (t: ExecutionContext, store: Store) => Promise<void>,
])[] = [
  [
    "ancestry() follows a base model, and tells what is missing",
    async (t, store) => {
      const graph = await ancestry(store, { value: digest("m") });
      t.deepEqual(models(graph), ["base", "m"]);
      const commits = graph.nodes.filter(({ kind }) => kind === "commit");
      t.is(commits.length, 2);
      const missing = graph.edges.filter(({ status }) => status === "missing");
      t.deepEqual(missing.map(({ relation }) => relation).toSorted(), ["has card", "signed"]);
      t.true(
        graph.edges.every(({ bundle, status }) => status === "missing" || bundle !== undefined),
      );
    },
  ],
  [
    "madeFrom() finds models by commit, DVC object, image and base model",
    async (t, store) => {
      const ask = async (value: string) => models(await madeFrom(store, { value }));
      t.deepEqual(await ask(`gitCommit:${digest("c0").slice(0, 40)}`), ["base", "m"]);
      t.deepEqual(await ask(`${digest("d1").slice(0, 32)}.dir`), ["m", "n"]);
      t.deepEqual(await ask(`sha256:${digest("i1")}`), ["m", "n"]);
      t.deepEqual(await ask(digest("base")), ["base", "m"]);
      t.deepEqual(await ask(digest("nothing")), []);
    },
  ],
  [
    "withPackage() takes a version, a range and any spelling of a name",
    async (t, store) => {
      const ask = async (purl: string, range?: string) =>
        models(await withPackage(store, purl, range));
      t.deepEqual(await ask("pkg:pypi/torch"), ["m", "n"]);
      t.deepEqual(await ask("pkg:pypi/TORCH@2.1.0"), ["m"]);
      t.deepEqual(await ask("pkg:pypi/torch", ">=2.2,<3"), ["n"]);
      await t.throwsAsync(ask("pkg:pypi/torch", ">>2"), { code: "usage" });
    },
  ],
  [
    "withFile(), signedBy(), promotions() and gaps()",
    async (t, store) => {
      t.deepEqual(models(await withFile(store, digest("file a"))), ["m", "n"]);
      t.deepEqual(models(await withFile(store, digest("file c"))), ["n"]);
      const bob = { signer: BOB.subject };
      t.deepEqual(models(await signedBy(store, bob)), ["m", "n"]);
      t.deepEqual(models(await signedBy(store, { ...bob, since: "2026-03-15T00:00:00.000Z" })), [
        "m",
      ]);
      t.deepEqual(models(await promotions(store, "prod")), ["m"]);
      const past = { asOf: "2026-03-31T00:00:00.000Z" };
      t.deepEqual(models(await promotions(store, "prod", past)), []);
      const { graph } = await gaps(store);
      const lacking = graph.edges.filter(({ status }) => status === "missing").length;
      t.is(lacking, 4);
      t.is((await bundlesOf(store, { value: digest("m") })).length, 4);
    },
  ],
  [
    "compareModels() tells commit, parameters, packages and files apart",
    async (t, store) => {
      const { changes } = await compareModels(store, { value: "m" }, { value: "n" });
      t.deepEqual(
        changes.map(({ aspect, name }) => `${aspect} ${name}`),
        [
          "commit commit",
          "model base",
          "parameter lr",
          "package pkg:pypi/numpy",
          "package pkg:pypi/torch",
          "file b",
          "file c",
        ],
      );
    },
  ],
];
