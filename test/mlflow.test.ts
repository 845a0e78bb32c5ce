import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { type ExecutionContext } from "ava";
import { startS3 } from "mlsign-test-stores";
import { ID, ROOT, serveMlflow, type State } from "../packages/registry/test/mlflow-server.ts";
import { stagingPolicy } from "./model-files.ts";
import { type Repository, repository, withGit } from "./repository.ts";
import { type Shell, shell } from "./shell.ts";

// This file's own place for what is brought here: that nothing stays is part of the contract.
const own = mkdtempSync(join(tmpdir(), "mlsign-mlflow-"));
process.env["TMPDIR"] = own;
test.after.always("nothing that was brought here stays", (t) => {
  const left = readdirSync(own).filter((name) => name.startsWith("mlsign-model-"));
  rmSync(own, { recursive: true, force: true });
  t.deepEqual(left, []);
});

const MODEL = "models:/iris/3";
const IMAGE = `registry.example/org/train@sha256:${"a".repeat(64)}`;

interface Registered extends Shell {
  readonly server: State;
  /** The same as `mlsign`, with the server named as MLflow's users name it. */
  readonly here: Shell["mlsign"];
  readonly stored: (name: string) => string | undefined;
  /** Tags of the version, as they were set last. */
  readonly tags: () => Record<string, string>;
}

async function registered(t: ExecutionContext, user: Shell = shell(t)): Promise<Registered> {
  const server = await serveMlflow(t);
  if (!existsSync(user.path("k.key"))) await user.mlsign("keygen", "--out", "k");
  const env = { HOME: user.cwd, MLFLOW_TRACKING_URI: server.uri };
  return {
    ...user,
    server,
    here: (...args) => user.as({ env }, ...args),
    stored: (name) => server.files.get(`${ROOT}/${name}`)?.toString(),
    tags: () =>
      Object.fromEntries(
        server.writes
          .filter(({ path }) => path === "mlflow/model-versions/set-tag")
          .map(({ body }) => JSON.parse(body) as { key: string; value: string })
          .map(({ key, value }) => [key, value]),
      ),
  };
}

async function done(t: ExecutionContext, run: ReturnType<Shell["mlsign"]>, exit = 0) {
  const result = await run;
  t.is(result.exit, exit, result.out + result.err);
  return result;
}

function codeOf(out: string): string {
  return (JSON.parse(out) as { error: { code: string } }).error.code;
}

function hexOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

test("mlsign sign and verify work on a model of MLflow's registry where it lies", async (t) => {
  const { here, mlsign, server, stored, tags } = await registered(t);
  const sign = await done(t, here("sign", MODEL, "--key", "k.key", "--json"));
  t.like(JSON.parse(sign.out), { model: MODEL, signature: `${MODEL}/model.sig`, files: 2 });
  t.regex(sign.err, /put model\.sig beside models:\/iris\/3/);
  const { root } = JSON.parse(sign.out) as { root: string };
  t.deepEqual(tags(), { "mlsign.root": `sha256:${root}` });
  t.truthy(stored("model.sig"));
  t.is(stored("claims.jsonl"), undefined);
  const named = ["verify", MODEL, "--mlflow-uri", server.uri, "--key", "k.pub"];
  t.regex((await done(t, mlsign(...named))).out, /models:\/iris\/3: accepted/);
  t.is((await here("verify", `models:/${ID}`, "--key", "k.pub")).exit, 0);
  t.regex((await done(t, here("scan", MODEL))).out, /models:\/iris\/3\/data\/model\.bin/);
  const none = await done(t, mlsign("verify", MODEL, "--key", "k.pub", "--json"), 2);
  t.is(codeOf(none.out), "usage");
});

test("mlsign verify --into leaves a copy of a registered model that it accepted", async (t) => {
  const { here, path } = await registered(t);
  await here("sign", MODEL, "--key", "k.key");
  await done(t, here("verify", MODEL, "--key", "k.pub", "--into", "copy"));
  t.is(readFileSync(path("copy/data/model.bin"), "utf8"), "weights");
});

test("mlsign takes no alias, stage or `latest` for a model", async (t) => {
  const { here, server } = await registered(t);
  server.intercept = () => t.fail("the server was asked");
  for (const model of ["models:/iris@champion", "models:/iris/latest", "models:/iris/Production"]) {
    const { out } = await done(t, here("verify", model, "--key", "k.pub", "--json"), 2);
    t.is(codeOf(out), "reference-invalid", model);
    t.regex(out, /name the version/);
  }
  const { out } = await done(t, here("verify", "models:/rose/3x", "--json", "--key", "k.pub"), 2);
  t.is(codeOf(out), "reference-invalid");
});

/** [what is done to a signed model in the store, what is told] */
const TAMPERED: readonly (readonly [string, (server: State) => unknown, RegExp])[] = [
  [
    "a changed file",
    ({ files }) => files.set(`${ROOT}/data/model.bin`, Buffer.from("weighty")),
    /"data\/model\.bin" is not what was signed/,
  ],
  [
    "an extra file",
    ({ files }) => files.set(`${ROOT}/code/sitecustomize.py`, Buffer.from("import os")),
    /"code\/sitecustomize\.py" is there, and not signed/,
  ],
  ["a missing file", ({ files }) => files.delete(`${ROOT}/data/model.bin`), /is signed, and not/],
  ["no signature", ({ files }) => files.delete(`${ROOT}/model.sig`), /unsigned/],
  [
    "code in the place of MLflow's note",
    ({ files }) => files.set(`${ROOT}/registered_model_meta`, Buffer.from("import os\n")),
    /"registered_model_meta"/,
  ],
  [
    "a tag in MLflow's note",
    ({ files }) =>
      files.set(
        `${ROOT}/registered_model_meta`,
        Buffer.from("model_name: !!python/object:os.system x\nmodel_version: '3'\n"),
      ),
    /"registered_model_meta"/,
  ],
  [
    "a third key in MLflow's note",
    ({ files }) =>
      files.set(
        `${ROOT}/registered_model_meta`,
        Buffer.from("model_name: iris\nmodel_version: '3'\nx: y\n"),
      ),
    /"registered_model_meta"/,
  ],
  [
    "a folder in the place of MLflow's note",
    ({ files }) => files.set(`${ROOT}/registered_model_meta/x.py`, Buffer.from("import os\n")),
    /"registered_model_meta\/x\.py"/,
  ],
];
for (const [what, attack, told] of TAMPERED) {
  test(`mlsign verify refuses a registered model with ${what}`, async (t) => {
    const { here, server } = await registered(t);
    await done(t, here("sign", MODEL, "--key", "k.key"));
    attack(server);
    const { out, err } = await done(t, here("verify", MODEL, "--key", "k.pub"), 1);
    t.regex(out + err, told);
  });
}

for (const name of ["iris", "'an iris'", '"it\'s"', "'12'"]) {
  test(`mlsign accepts the note that MLflow leaves in a download (${name})`, async (t) => {
    const { here, server, mlsign, path, stored } = await registered(t);
    await done(t, here("sign", MODEL, "--key", "k.key"));
    server.files.set(
      `${ROOT}/registered_model_meta`,
      Buffer.from(`model_name: ${name}\nmodel_version: '3'\n`),
    );
    await done(t, here("verify", MODEL, "--key", "k.pub", "--no-signer-ignores"));
    // A directory that was signed before MLflow knew it, in which the note lies by now.
    mkdirSync(path("dir"));
    writeFileSync(path("dir/model.bin"), "weights");
    await done(t, mlsign("sign", "dir", "--key", "k.key"));
    writeFileSync(path("dir/registered_model_meta"), stored("registered_model_meta") ?? "");
    await done(t, mlsign("verify", "dir", "--key", "k.pub", "--no-signer-ignores"));
  });
}

test("mlsign puts claims beside what others claimed since, and nothing where somebody signed since", async (t) => {
  const { here, server, stored } = await registered(t);
  await done(t, here("sign", MODEL, "--key", "k.key"));
  await done(t, here("approve", MODEL, "--to", "staging", "--key", "k.key"));
  const [theirs] = (stored("claims.jsonl") ?? "").split("\n");
  let looks = 0;
  server.intercept = (request) => {
    // The first look is at all that is there; by the second, others have added something.
    if (request.url?.endsWith(encodeURIComponent(ROOT)) && ++looks === 2) {
      server.files.set(`${ROOT}/claims.jsonl`, Buffer.from(`${theirs}\n{"late":1}\n`));
    }
    return false;
  };
  await done(t, here("approve", MODEL, "--to", "prod", "--key", "k.key"));
  const lines = (stored("claims.jsonl") ?? "").trimEnd().split("\n");
  t.deepEqual([lines.length, lines[0], lines[1]], [3, theirs, '{"late":1}']);

  const before = stored("model.sig");
  let seen = 0;
  server.intercept = (request) => {
    if (request.url?.endsWith("/model.bin")) seen += 1;
    if (seen === 1 && request.url?.includes("?path="))
      server.files.set(`${ROOT}/model.sig`, Buffer.from(`${before} `));
    return false;
  };
  const { out } = await done(t, here("sign", MODEL, "--key", "k.key", "--json"), 1);
  t.is(codeOf(out), "registry-changed");
  t.is(stored("model.sig"), `${before} `);
});

async function promotable(t: ExecutionContext): Promise<Registered> {
  const user = await registered(t);
  writeFileSync(user.path("p.yaml"), stagingPolicy(readFileSync(user.path("k.pub"), "utf8")));
  await done(t, user.here("sign", MODEL, "--key", "k.key"));
  return user;
}
const PROMOTE = ["promote", MODEL, "--policy", "p.yaml", "--to", "staging", "--key", "k.key"];

test("mlsign promote stores the summary, then moves the alias; again it moves nothing", async (t) => {
  const { here, server, stored, tags } = await promotable(t);
  server.aliases.set("champion", "1");
  const first = await done(t, here(...PROMOTE, "--alias", "champion", "--json"));
  const { predicate, claims } = JSON.parse(first.out) as {
    predicate: { resourceUri: string; inputAttestations: { uri: string }[] };
    claims: string;
  };
  t.is(claims, `${MODEL}/claims.jsonl`);
  const purl = `pkg:mlflow/iris@3?model_uuid=${ID}&repository_url=${encodeURIComponent(server.uri)}&run_id=r1`;
  t.is(predicate.resourceUri, purl);
  t.deepEqual(
    predicate.inputAttestations.map(({ uri }) => uri),
    [`${MODEL}/model.sig`],
    "nothing of this machine is signed",
  );
  t.is(server.aliases.get("champion"), "3");
  const order = server.writes.map(({ path }) => path);
  t.true(
    order.findIndex((path) => path.endsWith("claims.jsonl")) <
      order.indexOf("mlflow/registered-models/alias"),
  );
  const [line = ""] = (stored("claims.jsonl") ?? "").split("\n");
  t.like(tags(), {
    "mlsign.vsa": `sha256:${hexOf(line)}`,
    "mlsign.bundle": `sha256:${hexOf(`${line}\n`)}`,
    "mlsign.env": "staging",
  });
  const moves = () => server.writes.filter(({ path }) => path.endsWith("/alias")).length;
  const again = await done(t, here(...PROMOTE, "--alias", "champion"));
  t.regex(again.err, /champion of iris points already to version 3/);
  t.is(moves(), 1);
  await done(t, here("verify", MODEL, "--vsa", "--to", "staging", "--key", "k.pub"));
  // At another place, only the caller can say what the promotion must be for.
  await done(t, here("verify", MODEL, "--into", "copy", "--key", "k.pub"));
  const vsa = ["verify", `models:/${ID}`, "--vsa", "--to", "staging", "--key", "k.pub"];
  await done(t, here(...vsa), 1);
  await done(t, here(...vsa, "--resource", purl));
});

test("mlsign promote leaves an alias that somebody else moved meanwhile", async (t) => {
  const { here, server, stored } = await promotable(t);
  server.aliases.set("champion", "1");
  server.intercept = (request) => {
    // While the files are judged.
    if (request.url?.endsWith("/model.bin")) server.aliases.set("champion", "2");
    return false;
  };
  const { out } = await done(t, here(...PROMOTE, "--alias", "champion", "--json"), 1);
  t.is(codeOf(out), "alias-moved", "and no other document is printed");
  t.is(server.aliases.get("champion"), "2");
  t.truthy(stored("claims.jsonl"), "the verdict is kept: a run that goes on finds it");
});

test("mlsign promote moves no alias to what the policy refuses", async (t) => {
  const { here, server } = await promotable(t);
  server.files.set(`${ROOT}/data/model.bin`, Buffer.from("poisons"));
  const before = server.writes.length;
  await done(t, here(...PROMOTE, "--alias", "champion"), 1);
  t.is(server.writes.length, before);
  t.false(server.aliases.has("champion"));
});

test("mlsign promote --alias is for a version in a registry", async (t) => {
  const { here, server } = await promotable(t);
  const rest = [...PROMOTE.slice(2), "--alias", "champion", "--json"];
  for (const model of ["model.onnx", `models:/${ID}`]) {
    const { out } = await done(t, here("promote", model, ...rest), 2);
    t.is(codeOf(out), "usage", model);
  }
  t.false(server.aliases.has("champion"));
});

const LINEAGE = ["--lineage", "auto", "--data", "data.csv.dvc", "--container", IMAGE];

/** A repository whose model is registered, with the tags that its run logged. */
async function trained(t: ExecutionContext, tags: Record<string, string>) {
  const user: Repository = await repository(t, "");
  const all = await registered(t, user);
  logged(all.server, tags);
  // Not part of the commit, and no work of anybody's.
  appendFileSync(user.path(".git/info/exclude"), "/model.onnx\n/p.yaml\n");
  return { ...all, git: user.git };
}

function logged({ runs }: State, tags: Record<string, string>): void {
  const pairs = Object.entries(tags).map(([key, value]) => ({ key, value }));
  runs.set("r1", { info: { run_id: "r1" }, data: { tags: pairs } });
}

withGit("mlsign sign --lineage logs commit, data and container into the run", async (t) => {
  const { here, server, stored, tags } = await trained(t, {});
  await done(t, here("sign", MODEL, ...LINEAGE, "--key", "k.key"));
  const bodies = server.writes
    .filter(({ path }) => path.startsWith("mlflow/runs/"))
    .map(({ body }) => JSON.parse(body) as Record<string, unknown>);
  t.is(bodies.length, 2);
  t.like(bodies[0], {
    run_id: "r1",
    datasets: [{ dataset: { name: "data.csv", source_type: "dvc" } }],
  });
  t.like(bodies[1], { run_id: "r1", key: "mlsign.lineage" });
  const { commit, image } = JSON.parse(String(bodies[1]?.["value"])) as Record<string, string>;
  t.like(tags(), { "mlsign.git": commit, "mlsign.image": IMAGE });
  t.is(image, IMAGE);
  t.regex(tags()["mlsign.dvc"] ?? "", /^[0-9a-f]{32}$/);
  t.truthy(stored("model.sig"));
});

withGit("mlsign sign puts nothing beside a model whose run contradicts its lineage", async (t) => {
  const { here, server } = await trained(t, { "mlflow.source.git.commit": "e".repeat(40) });
  const { out } = await done(t, here("sign", MODEL, ...LINEAGE, "--key", "k.key", "--json"), 1);
  t.is(codeOf(out), "lineage-contradicted");
  t.deepEqual(server.writes, []);
});

withGit(
  "mlsign verify --policy and promote refuse a lineage that the run contradicts",
  async (t) => {
    const { here, server, path } = await trained(t, {});
    await done(t, here("sign", MODEL, ...LINEAGE, "--key", "k.key"));
    const policy = stagingPolicy(readFileSync(path("k.pub"), "utf8"));
    writeFileSync(
      path("p.yaml"),
      `${policy}  - { id: lineage, type: lineage, by: [trainer] }\nlineage: { git: { refs: [refs/heads/main] } }\n`,
    );
    const judge = ["verify", MODEL, "--policy", "p.yaml", "--to", "staging", "--offline"];
    t.regex((await done(t, here(...judge))).out, /PASS +lineage-run/);
    logged(server, { "mlflow.docker.image.uri": IMAGE.replace(/a{64}/, "b".repeat(64)) });
    t.regex((await done(t, here(...judge), 1)).out, /FAIL +lineage-run/);
    const before = server.writes.length;
    await done(t, here(...PROMOTE, "--offline", "--alias", "champion"), 1);
    // A run that is gone contradicts nothing, and confirms nothing either.
    server.runs.delete("r1");
    await done(t, here(...judge), 3);
    t.is(server.writes.length, before);
  },
);

test("mlsign signs a model in a folder that the server names only where it is MLflow's", async (t) => {
  const { here, server, path } = await registered(t);
  const at = (folder: string): void =>
    void server.models.set(ID, { info: { model_id: ID, artifact_uri: path(folder) } });
  at("model");
  const { out } = await done(t, here("sign", MODEL, "--key", "k.key", "--json"), 2);
  t.is(codeOf(out), "model-missing");
  t.false(existsSync(path("model/model.sig")));
  writeFileSync(path("model/MLmodel"), "flavors: {}\n");
  await done(t, here("sign", MODEL, "--key", "k.key"));
  t.true(existsSync(path("model/model.sig")));
  t.regex(
    (await done(t, here("verify", MODEL, "--key", "k.pub"))).out,
    /models:\/iris\/3: accepted/,
  );
});

test("mlsign leaves nothing of a model when it is interrupted", async (t) => {
  const { server, path, cwd } = await registered(t);
  const waiting = new Promise<void>((begun) => {
    server.intercept = (request) => {
      if (request.url?.endsWith("/model.bin") !== true) return false;
      begun();
      return true;
    };
  });
  mkdirSync(path("tmp"));
  const env = { ...process.env, TMPDIR: path("tmp"), MLFLOW_TRACKING_URI: server.uri };
  const main = resolve(import.meta.dirname, "../packages/cli/src/main.ts");
  const child = spawn(process.execPath, [main, "verify", MODEL, "--key", "k.pub"], { cwd, env });
  const ended = once(child, "exit");
  await waiting;
  t.is(readdirSync(path("tmp")).length, 1);
  child.kill("SIGTERM");
  t.deepEqual(await ended, [null, "SIGTERM"]);
  t.deepEqual(readdirSync(path("tmp")), []);
});

test("mlsign reads a model that MLflow keeps in a bucket, and writes nothing there", async (t) => {
  const { as, server, cwd, path, mlsign } = await registered(t);
  const store = await startS3();
  t.teardown(() => store.close());
  const bucket = store.create("models");
  await done(t, mlsign("sign", "model", "--key", "k.key"));
  for (const name of ["config.json", "sub/weights.bin", "notes.txt", "model.sig"])
    bucket.put(`1/m/${name}`, readFileSync(path(`model/${name}`)));
  server.models.set(ID, { info: { model_id: ID, artifact_uri: "s3://models/1/m" } });
  const env = {
    HOME: cwd,
    MLFLOW_TRACKING_URI: server.uri,
    AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "s3cr3t",
  };
  const verify = ["verify", MODEL, "--key", "k.pub", "--storage-endpoint", store.endpoint];
  t.regex((await done(t, as({ env }, ...verify))).out, /models:\/iris\/3: accepted/);
  const approve = ["approve", MODEL, "--to", "prod", "--key", "k.key", "--json"];
  t.is(codeOf((await done(t, as({ env }, ...approve), 2)).out), "usage");
  bucket.put("1/m/code/evil.py", "import os");
  await done(t, as({ env }, ...verify), 1);
  t.true(store.asked.every((it) => /^(?:GET|HEAD) /.test(it)));
});

test("mlsign follows no redirect of MLflow's with its credentials", async (t) => {
  const { as, server, cwd } = await registered(t);
  const asked: unknown[] = [];
  const other = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.end("{}");
  });
  await new Promise<void>((ready) => other.listen(0, "127.0.0.1", () => ready()));
  t.teardown(() => other.close());
  const place = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
  const env = { HOME: cwd, MLFLOW_TRACKING_URI: server.uri, MLFLOW_TRACKING_TOKEN: "secret" };
  for (const part of ["model-versions/get", "artifacts?path=", "MLmodel"]) {
    server.intercept = (request, response) => {
      if (!request.url?.includes(part)) return false;
      response.writeHead(307, { location: place }).end();
      return true;
    };
    const { out, err } = await done(t, as({ env }, "verify", MODEL, "--key", "k.pub", "--json"), 3);
    t.is(codeOf(out), "service-failed");
    t.notRegex(out + err, /secret/);
  }
  t.deepEqual(asked, []);
});
