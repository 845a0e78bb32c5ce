import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  bringModel,
  checkRun,
  logTriple,
  mlflowPurl,
  moveAlias,
  parseMlflowReference,
  proxiedFolder,
  putEvidence,
  resolveRegistered,
  setPointers,
  type Triple,
  watchAlias,
} from "@mlsign/registry";
import test, { type ExecutionContext } from "ava";
import { ID, ROOT, serveMlflow, type State } from "./mlflow-server.ts";

const COMMIT = "c".repeat(40);
const IMAGE = `registry.example/train@sha256:${"1".repeat(64)}`;
const TRIPLE: Triple = {
  repository: "https://git.example/repo",
  commit: COMMIT,
  clean: true,
  datasets: [{ path: "data", oid: `${"d".repeat(32)}.dir` }],
  image: IMAGE,
};

function folderOf(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "mlsign-registry-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Answers a listing of one folder with these entries. */
function listing(path: string, files: readonly unknown[]): State["intercept"] {
  return (request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    if (!url.pathname.endsWith("/artifacts") || url.searchParams.get("path") !== path) return false;
    response.end(JSON.stringify({ files }));
    return true;
  };
}

test("`parseMlflowReference()` reads what does not move, and nothing else", (t) => {
  t.deepEqual(parseMlflowReference("models:/iris/3"), {
    kind: "version",
    name: "iris",
    version: "3",
  });
  t.deepEqual(parseMlflowReference("models:/my model/12"), {
    kind: "version",
    name: "my model",
    version: "12",
  });
  t.deepEqual(parseMlflowReference(`models:/${ID}`), { kind: "logged", modelId: ID });
  const moving = ["models:/iris@champion", "models:/iris/latest", "models:/iris/Production"];
  for (const text of moving) {
    const error = t.throws(() => parseMlflowReference(text), { code: "reference-invalid" });
    t.regex(error?.message ?? "", /can move/, text);
  }
  const none = [
    "models:/",
    "models:/iris",
    "models:/iris/0",
    "models:/iris/3/x",
    "models:/iris/03",
  ];
  for (const text of [...none, "models:/a\nb/1", "models://host/iris/3", "models:/iris/-1"])
    t.throws(() => parseMlflowReference(text), { code: "reference-invalid" }, text);
});

test("`resolveRegistered()` follows a version to its logged model, and a logged model by its id", async (t) => {
  const { client, uri } = await serveMlflow(t);
  const version = await resolveRegistered(client, "models:/iris/3", uri);
  t.deepEqual(version.location, { kind: "proxied", path: ROOT });
  t.like(version, { name: "iris", modelId: ID, runId: "r1" });
  t.is(
    mlflowPurl(version, "https://u:p@mlflow.example/x/"),
    `pkg:mlflow/iris@3?model_uuid=${ID}&repository_url=https%3A%2F%2Fmlflow.example%2Fx&run_id=r1`,
  );
  const logged = await resolveRegistered(client, `models:/${ID}`, uri);
  t.like(logged, { name: "model", modelId: ID, location: { kind: "proxied", path: ROOT } });
});

test("`resolveRegistered()` asks the server where a version lies that is no logged model", async (t) => {
  const state = await serveMlflow(t);
  state.versions.set("iris/3", { name: "iris", version: "3", source: "runs:/r1/model" });
  const found = await resolveRegistered(state.client, "models:/iris/3", state.uri);
  t.deepEqual(found.location, { kind: "proxied", path: ROOT });
});

test("`resolveRegistered()` tells what is not there, not complete, or another's", async (t) => {
  const state = await serveMlflow(t);
  const { client, uri, versions } = state;
  await t.throwsAsync(resolveRegistered(client, "models:/iris/4", uri), { code: "model-missing" });
  versions.set("iris/5", { name: "iris", version: "5", status: "PENDING_REGISTRATION" });
  await t.throwsAsync(resolveRegistered(client, "models:/iris/5", uri), { code: "model-missing" });
  versions.set("iris/6", { name: "other", version: "6", status: "READY" });
  await t.throwsAsync(resolveRegistered(client, "models:/iris/6", uri), { code: "service-lied" });
  versions.set("iris/7", { name: "iris", version: "8", status: "READY" });
  await t.throwsAsync(resolveRegistered(client, "models:/iris/7", uri), { code: "service-lied" });
});

const places: [uri: string, expected: unknown][] = [
  ["mlflow-artifacts:/1/a", { kind: "proxied", path: "1/a" }],
  ["s3://bucket/1/a/", { kind: "object", url: "s3://bucket/1/a" }],
  ["gs://bucket/1/a", { kind: "object", url: "gs://bucket/1/a" }],
  ["file:///mlruns/1/a%20b", { kind: "local", path: "/mlruns/1/a b" }],
  ["/mlruns/1/a/", { kind: "local", path: "/mlruns/1/a" }],
  ["mlflow-artifacts://elsewhere.example/1/a", undefined],
  ["mlflow-artifacts:/1/../../a", undefined],
  ["mlflow-artifacts:/1/a?x=1", undefined],
  ["file://host/1/a", undefined],
  ["mlruns/1/a", undefined],
  ["dbfs:/1/a", undefined],
  ["http://elsewhere.example/a", undefined],
];
for (const [artifactUri, expected] of places) {
  test(`\`resolveRegistered()\` of files at ${artifactUri}`, async (t) => {
    const { client, uri, models } = await serveMlflow(t);
    models.set(ID, { info: { model_id: ID, artifact_uri: artifactUri } });
    const found = resolveRegistered(client, "models:/iris/3", uri);
    if (expected === undefined) await t.throwsAsync(found, { code: "usage" });
    else t.deepEqual((await found).location as unknown, expected);
  });
}

test("`bringModel()` copies every file, and only then is the directory there", async (t) => {
  const { client } = await serveMlflow(t);
  const directory = join(folderOf(t), "iris");
  const files = await bringModel(proxiedFolder(client.artifacts, ROOT), directory);
  t.deepEqual(files.map(({ name }) => name).toSorted(), ["MLmodel", "data/model.bin"]);
  t.is(readFileSync(join(directory, "data/model.bin"), "utf8"), "weights");
});

const hostile: [what: string, files: readonly unknown[], code: string][] = [
  ["a name that leads out", [{ path: "../x", is_dir: false, file_size: 1 }], "name-invalid"],
  ["a folder that leads out", [{ path: "..", is_dir: true }], "name-invalid"],
  ["an absolute name", [{ path: "/etc/x", file_size: 1 }], "name-invalid"],
  ["a name with a NUL", [{ path: "a\0b", file_size: 1 }], "name-invalid"],
  ["a name with a line feed", [{ path: "a\nb", file_size: 1 }], "name-invalid"],
  [
    "one name twice",
    [
      { path: "a", file_size: 1 },
      { path: "a", file_size: 2 },
    ],
    "name-invalid",
  ],
  ["names of one file on some systems", [{ path: "a" }, { path: "A" }], "name-invalid"],
  ["no name", [{ file_size: 1 }], "service-lied"],
  ["a negative size", [{ path: "a", file_size: -1 }], "service-lied"],
  ["a size beyond all", [{ path: "a", file_size: 2 ** 50 }], "limit-exceeded"],
  ["nothing", [], "model-empty"],
];
for (const [what, files, code] of hostile) {
  test(`\`bringModel()\` refuses a list with ${what}`, async (t) => {
    const state = await serveMlflow(t);
    state.intercept = listing(ROOT, files);
    const folder = folderOf(t);
    const bring = bringModel(proxiedFolder(state.client.artifacts, ROOT), join(folder, "iris"));
    await t.throwsAsync(bring, { code });
    t.deepEqual(readdirSync(folder), []);
  });
}

test("`bringModel()` refuses folders in folders without end", async (t) => {
  const state = await serveMlflow(t);
  state.intercept = (request, response) => {
    if (!request.url?.includes("/artifacts?path=")) return false;
    response.end(JSON.stringify({ files: [{ path: "deeper", is_dir: true }] }));
    return true;
  };
  const bring = bringModel(proxiedFolder(state.client.artifacts, ROOT), join(folderOf(t), "iris"));
  await t.throwsAsync(bring, { code: "limit-exceeded" });
});

const wrong: [what: string, answer: (response: ServerResponse) => void, code: string][] = [
  ["too few bytes", (response) => response.end("weight"), "service-lied"],
  ["too many bytes", (response) => response.end("weights!"), "service-lied"],
  [
    "a broken connection",
    (response) => {
      response.writeHead(200, { "content-length": "7" }).write("we");
      setTimeout(() => response.destroy(), 50);
    },
    "service-failed",
  ],
  [
    "a redirect",
    (response) => response.writeHead(302, { location: "https://elsewhere.example" }).end(),
    "service-failed",
  ],
  [
    "a file that is gone",
    (response) =>
      response.writeHead(404).end(JSON.stringify({ error_code: "RESOURCE_DOES_NOT_EXIST" })),
    "registry-changed",
  ],
];
for (const [what, answer, code] of wrong) {
  test(`\`bringModel()\` leaves nothing after ${what}`, async (t) => {
    const state = await serveMlflow(t);
    state.intercept = (request, response) => {
      if (!request.url?.endsWith("model.bin")) return false;
      answer(response);
      return true;
    };
    const folder = folderOf(t);
    const bring = bringModel(proxiedFolder(state.client.artifacts, ROOT), join(folder, "iris"));
    await t.throwsAsync(bring, { code });
    t.deepEqual(readdirSync(folder), []);
  });
}

test("`bringModel()` writes over no directory", async (t) => {
  const { client } = await serveMlflow(t);
  const directory = join(folderOf(t), "iris");
  const folder = proxiedFolder(client.artifacts, ROOT);
  await bringModel(folder, directory);
  await t.throwsAsync(bringModel(folder, directory), { code: "output-exists" });
  t.true(existsSync(join(directory, "MLmodel")));
});

test("`putEvidence()` puts claims, then the signature, and keeps what others added", async (t) => {
  const { client, files, writes } = await serveMlflow(t);
  files.set(`${ROOT}/claims.jsonl`, Buffer.from('{"theirs":1}'));
  const folder = proxiedFolder(client.artifacts, ROOT);
  const signature = { content: Buffer.from("sig"), replaces: undefined };
  t.regex(
    (await putEvidence(folder, { signature, claims: ['{"ours":1}'] })) ?? "",
    /^[0-9a-f]{64}$/,
  );
  t.is(files.get(`${ROOT}/claims.jsonl`)?.toString(), '{"theirs":1}\n{"ours":1}\n');
  t.is(files.get(`${ROOT}/model.sig`)?.toString(), "sig");
  t.deepEqual(
    writes.map(({ path }) => path.split("/").at(-1)),
    ["claims.jsonl", "model.sig"],
  );
  await putEvidence(folder, { claims: ['{"ours":1}'] });
  t.is(writes.length, 2, "what is there already is not written again");
});

test("`putEvidence()` writes again what another writer lost, with what that one wrote", async (t) => {
  const state = await serveMlflow(t);
  let raced = 0;
  state.intercept = (request) => {
    // Another writer, who read before we wrote, comes right after our first write.
    if (request.method === "GET" && state.writes.length === 1 && raced === 0) {
      raced += 1;
      state.files.set(`${ROOT}/claims.jsonl`, Buffer.from('{"theirs":1}\n'));
    }
    return false;
  };
  await putEvidence(proxiedFolder(state.client.artifacts, ROOT), { claims: ['{"ours":1}'] });
  t.is(state.files.get(`${ROOT}/claims.jsonl`)?.toString(), '{"theirs":1}\n{"ours":1}\n');
  t.is(raced, 1);
});

test("`putEvidence()` gives up on a place that forgets what it is given", async (t) => {
  const state = await serveMlflow(t);
  state.intercept = () => {
    state.files.delete(`${ROOT}/claims.jsonl`);
    return false;
  };
  const put = putEvidence(proxiedFolder(state.client.artifacts, ROOT), { claims: ["{}"] });
  await t.throwsAsync(put, { code: "registry-changed" });
  t.is(state.writes.length, 5);
});

test("`putEvidence()` writes over no signature that somebody made meanwhile", async (t) => {
  const { client, files } = await serveMlflow(t);
  files.set(`${ROOT}/model.sig`, Buffer.from("theirs"));
  const folder = proxiedFolder(client.artifacts, ROOT);
  const content = Buffer.from("ours");
  for (const replaces of [undefined, Buffer.from("old")]) {
    const put = putEvidence(folder, { signature: { content, replaces }, claims: ["{}"] });
    await t.throwsAsync(put, { code: "registry-changed" });
  }
  t.is(files.get(`${ROOT}/model.sig`)?.toString(), "theirs");
  t.false(files.has(`${ROOT}/claims.jsonl`));
  await putEvidence(folder, {
    signature: { content, replaces: Buffer.from("theirs") },
    claims: [],
  });
  t.is(files.get(`${ROOT}/model.sig`)?.toString(), "ours");
});

test("`moveAlias()` moves an alias once, and again does nothing", async (t) => {
  const { client, aliases, writes } = await serveMlflow(t);
  const watched = await watchAlias(client, "iris", "champion");
  t.true(await moveAlias(client, watched, "3"));
  t.is(aliases.get("champion"), "3");
  t.false(await moveAlias(client, await watchAlias(client, "iris", "champion"), "3"));
  t.false(await moveAlias(client, watched, "3"), "another run came to the same");
  t.is(writes.length, 1);
});

test("`moveAlias()` leaves an alias that somebody else moved meanwhile", async (t) => {
  const { client, aliases, writes } = await serveMlflow(t);
  aliases.set("champion", 1);
  const watched = await watchAlias(client, "iris", "champion");
  aliases.set("champion", 2);
  await t.throwsAsync(moveAlias(client, watched, "3"), { code: "alias-moved" });
  aliases.delete("champion");
  await t.throwsAsync(moveAlias(client, watched, "3"), { code: "alias-moved" });
  t.deepEqual(writes, []);
});

test("`moveAlias()` tells that an alias did not stay where it was put", async (t) => {
  const state = await serveMlflow(t);
  const watched = await watchAlias(state.client, "iris", "champion");
  state.intercept = () => {
    if (state.writes.length > 0) state.aliases.set("champion", "2");
    return false;
  };
  await t.throwsAsync(moveAlias(state.client, watched, "3"), { code: "alias-moved" });
});

test("`watchAlias()` takes no name that MLflow reserves, and no unknown model", async (t) => {
  const { client } = await serveMlflow(t);
  for (const alias of ["", "latest", "v3", "7", "a b", "../x"])
    await t.throwsAsync(watchAlias(client, "iris", alias), { code: "usage" }, alias);
  await t.throwsAsync(watchAlias(client, "rose", "champion"), { code: "model-missing" });
});

test("`setPointers()` tags a version one by one, and a logged model at once", async (t) => {
  const { client, uri, writes } = await serveMlflow(t);
  const pointers = { root: "sha256:ab", git: COMMIT };
  await setPointers(client, await resolveRegistered(client, "models:/iris/3", uri), pointers);
  await setPointers(client, await resolveRegistered(client, `models:/${ID}`, uri), pointers);
  t.deepEqual(
    writes.map(({ path, body }) => [path, JSON.parse(body) as unknown]),
    [
      [
        "mlflow/model-versions/set-tag",
        { name: "iris", version: "3", key: "mlsign.root", value: "sha256:ab" },
      ],
      [
        "mlflow/model-versions/set-tag",
        { name: "iris", version: "3", key: "mlsign.git", value: COMMIT },
      ],
      [
        `mlflow/logged-models/${ID}/tags`,
        {
          tags: [
            { key: "mlsign.root", value: "sha256:ab" },
            { key: "mlsign.git", value: COMMIT },
          ],
        },
      ],
    ],
  );
  await t.throwsAsync(
    setPointers(client, await resolveRegistered(client, "models:/iris/3", uri), {
      image: "x".repeat(5001),
    }),
    { code: "limit-exceeded" },
  );
});

test("`logTriple()` logs the data whole as an input, and the triple as a tag", async (t) => {
  const { client, writes } = await serveMlflow(t);
  const run = await client.getRun("r1");
  await logTriple(client, run!, TRIPLE);
  const [inputs, tag] = writes.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  t.deepEqual(inputs, {
    run_id: "r1",
    datasets: [
      {
        tags: [{ key: "mlflow.data.context", value: "training" }],
        dataset: {
          name: "data",
          digest: `${"d".repeat(32)}.dir`,
          source_type: "dvc",
          source: JSON.stringify({ repo: TRIPLE.repository, rev: COMMIT, path: "data" }),
        },
      },
    ],
  });
  t.like(tag, { run_id: "r1", key: "mlsign.lineage" });
  t.deepEqual(JSON.parse(String(tag?.["value"])), {
    repository: TRIPLE.repository,
    commit: COMMIT,
    data: TRIPLE.datasets,
    image: IMAGE,
  });
});

const runs: [tags: Record<string, string>, contradicts: boolean][] = [
  [{}, false],
  [{ "mlflow.source.git.commit": COMMIT, "mlflow.source.git.dirty": "false" }, false],
  [{ "mlflow.source.git.commit": "e".repeat(40) }, true],
  [{ "mlflow.source.git.dirty": "True" }, true],
  [{ "mlflow.docker.image.uri": IMAGE }, false],
  [{ "mlflow.docker.image.uri": "registry.example/train:latest" }, false],
  [{ "mlflow.docker.image.uri": `registry.example/train@sha256:${"2".repeat(64)}` }, true],
];
for (const [tags, contradicts] of runs) {
  test(`a run with ${JSON.stringify(tags)} ${contradicts ? "contradicts" : "agrees"}`, async (t) => {
    const { client, runs: known, writes } = await serveMlflow(t);
    const pairs = Object.entries(tags).map(([key, value]) => ({ key, value }));
    known.set("r1", { info: { run_id: "r1" }, data: { tags: pairs } });
    const run = await client.getRun("r1");
    if (contradicts) {
      t.throws(() => checkRun(run!, TRIPLE), { code: "lineage-contradicted" });
      await t.throwsAsync(logTriple(client, run!, TRIPLE), { code: "lineage-contradicted" });
      t.deepEqual(writes, [], "nothing is logged into a run that contradicts");
    } else t.notThrows(() => checkRun(run!, TRIPLE));
  });
}
