import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import test, { type ExecutionContext } from "ava";
import {
  type GcsServer,
  type S3Bucket,
  type S3Server,
  startGcs,
  startS3,
} from "mlsign-test-stores";
import { repository, withGit } from "./repository.ts";
import { type Shell, shell } from "./shell.ts";

const DAY = 86_400_000;
const UNTIL = new Date("2100-01-01T00:00:00Z");
const RETAINED = { retention: { mode: "COMPLIANCE", until: UNTIL } } as const;

/** How a server behaves: as it says, or letting everything go. */
type Manner = "honest" | "lying";

interface Stored {
  readonly server: S3Server;
  readonly bucket: S3Bucket;
}

async function locked(t: ExecutionContext, manner: Manner = "honest"): Promise<Stored> {
  const server = await startS3({ lies: manner === "lying" });
  t.teardown(() => server.close());
  return { server, bucket: server.create("models", { lock: true }) };
}

async function oneObject(t: ExecutionContext, manner: Manner = "honest"): Promise<Stored> {
  const stored = await locked(t, manner);
  stored.bucket.put("m/a.bin", "abc", RETAINED);
  return stored;
}

function envOf(user: Shell) {
  return { HOME: user.cwd, AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "s3cr3t" };
}

function storage(user: Shell, { endpoint }: { readonly endpoint: string }, ...args: string[]) {
  return user.as({ env: envOf(user) }, "storage", ...args, "--endpoint", endpoint);
}

function check(user: Shell, { server }: Stored, ...args: string[]) {
  return storage(user, server, "check", "s3://models/m", ...args);
}

/** The model directory below `prod/`, all of it locked. */
function upload(user: Shell, bucket: S3Bucket): void {
  for (const name of ["config.json", "notes.txt", "sub/weights.bin"])
    bucket.put(`prod/${name}`, readFileSync(user.path(`model/${name}`)), RETAINED);
}

test("mlsign storage check accepts what is locked long enough, and refuses what is not", async (t) => {
  const user = shell(t);
  const stored = await oneObject(t);
  const good = await check(user, stored, "--retain-until", "2099-01-01");
  t.is(good.exit, 0, good.out + good.err);
  t.is((await check(user, stored, "--retain-until", "2101-01-01")).exit, 1);
  t.true(
    stored.server.asked.every((it) => /^(?:GET|HEAD) /.test(it)),
    "a check changes nothing",
  );
  const server = await startS3();
  t.teardown(() => server.close());
  server.create("models").put("m/a.bin", "abc");
  const bare = await storage(user, server, "check", "s3://models/m");
  t.is(bare.exit, 1, bare.out);
  t.true(bare.out.split("\n").every((line) => line.length <= 80));
});

test("mlsign storage check --drill believes a refusal, and no word of the server", async (t) => {
  const user = shell(t);
  const honest = await oneObject(t);
  const done = await check(user, honest, "--drill");
  t.is(done.exit, 0, done.out);
  t.true(
    honest.server.asked.some((it) => it.startsWith("PUT")),
    "it was asked to let go",
  );

  const lying = await oneObject(t, "lying");
  t.is((await check(user, lying)).exit, 0, "its words are as good as the honest one's");
  const caught = await check(user, lying, "--drill");
  t.is(caught.exit, 1, caught.out);
  t.regex(caught.out, /storage-drill-shorten/);
  const until = lying.bucket.find("m/a.bin")?.retention?.until;
  t.deepEqual(until, UNTIL, "the date is put back");
  t.is((await check(user, honest, "--drill", "delete-all")).exit, 2);
  t.is((await check(user, honest, "--drill-profile", "pipeline")).exit, 2);
});

test("mlsign storage check --drill canary writes one object, which must not be deleted", async (t) => {
  const user = shell(t);
  const honest = await oneObject(t);
  honest.bucket.defaultRetention = { mode: "COMPLIANCE", days: 365 };
  const done = await check(user, honest, "--drill", "shorten,canary");
  t.is(done.exit, 0, done.out);
  t.regex(done.out, /storage-drill-canary/);
  t.is((await check(user, honest, "--drill", "canary")).exit, 0);
  t.is(honest.bucket.list("m/.mlsign/").length, 1);
  const lying = await oneObject(t, "lying");
  lying.bucket.defaultRetention = { mode: "COMPLIANCE", days: 365 };
  const caught = await check(user, lying, "--drill", "canary");
  t.is(caught.exit, 1, caught.out);
  t.truthy(lying.bucket.find("m/a.bin"));
});

test("mlsign storage check mends what a killed drill left, and says so", async (t) => {
  const user = shell(t);
  const stored = await oneObject(t, "lying");
  const main = resolve(import.meta.dirname, "../packages/cli/src/main.ts");
  const args = [
    "storage",
    "check",
    "s3://models/m",
    "--drill",
    "--endpoint",
    stored.server.endpoint,
  ];
  const child = spawn(process.execPath, [main, ...args], {
    cwd: user.cwd,
    env: { ...envOf(user), PATH: process.env["PATH"] },
    stdio: "ignore",
  });
  const exited = once(child, "exit");
  // Accepted by the server, and never heard of by the one who asked.
  stored.server.intercept(({ method }) => {
    if (method !== "PUT") return undefined;
    child.kill("SIGKILL");
    return "lose";
  });
  await exited;
  stored.server.intercept(undefined);
  const short = stored.bucket.find("m/a.bin")?.retention?.until ?? UNTIL;
  t.is(UNTIL.getTime() - short.getTime(), 1000, "it was killed in the middle");
  const left = user.path(".local/state/mlsign/drills");
  t.is(readdirSync(left).length, 1);
  const told = await check(user, stored);
  t.is(told.exit, 0);
  t.regex(told.out, /WARN +storage-drill-shorten/);
  const mended = await check(user, stored, "--drill", "canary", "--json");
  t.regex(mended.out, /drill-interrupted-restored/);
  t.deepEqual(stored.bucket.find("m/a.bin")?.retention?.until, UNTIL);
  t.is(readdirSync(left).length, 0);
});

test("mlsign storage check knows what it could not see, and prints no secret", async (t) => {
  const user = shell(t);
  const stored = await oneObject(t);
  stored.server.denied.add("s3:GetObjectRetention");
  const denied = await check(user, stored);
  t.is(denied.exit, 3, denied.out + denied.err);
  t.regex(denied.out, /s3:GetObjectRetention/);
  t.false(`${denied.out}${denied.err}`.includes("s3cr3t"));
  stored.server.denied.add("s3:ListBucketVersions");
  const unlisted = await check(user, stored);
  t.is(unlisted.exit, 3);
  t.regex(unlisted.err, /hint: grant s3:ListBucketVersions/);
  const gone = { endpoint: "http://127.0.0.1:1" };
  t.is((await storage(user, gone, "check", "s3://models/m")).exit, 3);
  t.is((await storage(user, stored.server, "check", "s3://nowhere/m")).exit, 2);
});

test("mlsign storage check refuses variables that name another server, and other stores", async (t) => {
  const user = shell(t);
  for (const [variable, url] of [
    ["AWS_ENDPOINT_URL_S3", "s3://models/m"],
    ["STORAGE_EMULATOR_HOST", "gs://models/m"],
  ] as const) {
    const env = { HOME: user.cwd, AWS_REGION: "eu-west-1", [variable]: "http://evil.example" };
    const done = await user.as({ env }, "storage", "check", url);
    t.is(done.exit, 2);
    t.true(done.err.includes(variable), done.err);
  }
  for (const url of ["models", "s3://u:p@models/m", "mlflow-artifacts:/1/m"])
    t.is((await user.mlsign("storage", "check", url)).exit, 2, url);
  for (const flags of [
    ["--retain-until", "soon"],
    ["--min-retention", "1y"],
    ["--remote", "r"],
    ["--dvc", "a.dvc"],
  ])
    t.is((await user.mlsign("storage", "check", "s3://models/m", ...flags)).exit, 2, flags[0]);
  t.is((await user.mlsign("storage", "check")).exit, 2);
});

test("mlsign storage check records a variable that a named endpoint overrules", async (t) => {
  const user = shell(t);
  const { server } = await oneObject(t);
  const env = { ...envOf(user), AWS_ENDPOINT_URL: "http://evil.example" };
  const args = ["storage", "check", "s3://models/m", "--endpoint", server.endpoint, "--json"];
  const done = await user.as({ env }, ...args);
  t.is(done.exit, 0, done.out);
  const { facts } = JSON.parse(done.out) as { facts: { value: { ignoredVariables: string[] } }[] };
  t.deepEqual(facts[0]?.value.ignoredVariables, ["AWS_ENDPOINT_URL"]);
});

test("mlsign storage check --expected-bucket-owner knows a bucket of another account", async (t) => {
  const user = shell(t);
  const server = await startS3();
  t.teardown(() => server.close());
  const bucket = server.create("models", { lock: true, owner: "111122223333" });
  bucket.put("m/a.bin", "abc", RETAINED);
  const own = ["check", "s3://models/m", "--expected-bucket-owner"];
  t.is((await storage(user, server, ...own, "111122223333")).exit, 0);
  const other = await storage(user, server, ...own, "999999999999");
  t.is(other.exit, 3);
  t.regex(other.out, /belongs\s+to\s+another\s+account/);
});

test("mlsign storage check --evidence writes a line for each object, with what it was judged by", async (t) => {
  const user = shell(t);
  const stored = await oneObject(t);
  stored.bucket.put("m/b.bin", "b");
  const file = user.path("objects.jsonl");
  const done = await check(user, stored, "--evidence", "objects.jsonl", "--drill", "--json");
  t.is(done.exit, 1);
  const text = readFileSync(file, "utf8");
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Evidence);
  const [a, b] = lines.toSorted((x, y) => (x.object.key < y.object.key ? -1 : 1));
  t.like(a, {
    verdict: "protected",
    object: { provider: "s3", bucket: "models", key: "m/a.bin", size: 3, isLatest: true },
    lock: { bucketEnabled: true, mode: "COMPLIANCE", retainUntil: UNTIL.toISOString() },
    shadow: { newerVersions: [], deleteMarkers: [] },
  });
  t.is(a?.drill.shorten?.length, 2);
  t.true(a?.reads.every(({ at, status }) => at !== "" && typeof status === "number"));
  t.like(b, { check: "STO-040", verdict: "unprotected" });
  const { facts } = JSON.parse(done.out) as {
    facts: { value: { evidence: { sha256: string; lines: number } } }[];
  };
  const sha256 = createHash("sha256").update(text).digest("hex");
  t.deepEqual(facts[0]?.value.evidence, { lines: 2, sha256 });
  t.false(text.includes("s3cr3t") || text.includes("AKID"));
});

interface Evidence {
  readonly object: { readonly key: string };
  readonly reads: readonly { readonly at: string; readonly status: unknown }[];
  readonly drill: { readonly shorten: readonly unknown[] | null };
}

test("mlsign storage check judges Google Cloud Storage", async (t) => {
  const user = shell(t);
  const server = await startGcs();
  t.teardown(() => server.close());
  const bucket = server.create("models", { retentionSeconds: 365 * 86_400, locked: true });
  bucket.write("m/a.bin", Buffer.from("abc"));
  const good = await checkGcs(user, server, "--min-retention", "90d", "--drill", "canary");
  t.is(good.exit, 0, good.out + good.err);
  t.is((await checkGcs(user, server, "--min-retention", "400d")).exit, 1);
  server.denied.add("storage.objects.get");
  t.is((await checkGcs(user, server)).exit, 3);
  t.false(`${good.out}${good.err}`.includes("ya29"));
});

function checkGcs(user: Shell, { endpoint }: GcsServer, ...args: string[]) {
  const env = { HOME: user.cwd, GOOGLE_OAUTH_ACCESS_TOKEN: "ya29.secret" };
  return user.as({ env }, "storage", "check", "gs://models/m", "--endpoint", endpoint, ...args);
}

test("mlsign storage pin signs versions, and storage check --model holds the bucket to them", async (t) => {
  const user = shell(t);
  await user.mlsign("keygen", "--out", "k");
  const { server, bucket } = await locked(t);
  const pin = ["pin", "model", "s3://models/prod", "--key", "k.key", "--json"];
  const missing = await storage(user, server, ...pin);
  t.is(missing.exit, 1, missing.out);
  upload(user, bucket);
  const pinned = await storage(user, server, ...pin);
  t.is(pinned.exit, 0, pinned.out + pinned.err);
  t.like(JSON.parse(pinned.out), {
    command: "storage pin",
    predicateType: "urn:mlsign:storage-pins:v1",
    evidence: { objects: 3 },
  });
  const held = ["check", "--model", "model", "--key", "k.pub"];
  const good = await storage(user, server, ...held, "--retain-until", "2099-01-01");
  t.is(good.exit, 0, good.out + good.err);

  bucket.put("prod/config.json", "{}\n", RETAINED);
  const shadowed = await storage(user, server, ...held);
  t.is(shadowed.exit, 1, shadowed.out);
  t.regex(shadowed.out, /newer version/);
  await user.mlsign("keygen", "--out", "other");
  const stranger = await storage(user, server, "check", "--model", "model", "--key", "other.pub");
  t.is(stranger.exit, 1, "what a stranger pins is not looked at");
  t.is((await storage(user, server, "check", "--model", "model")).exit, 2, "nobody is trusted");
});

test("mlsign storage pin signs nothing where the bucket has other bytes, or keeps no versions", async (t) => {
  const user = shell(t);
  await user.mlsign("keygen", "--out", "k");
  const { server, bucket } = await locked(t);
  upload(user, bucket);
  bucket.put("prod/config.json", "[]\n", RETAINED);
  const pin = ["--key", "k.key"];
  t.is((await storage(user, server, "pin", "model", "s3://models/prod", ...pin)).exit, 1);
  server.create("plain").put("eval.json", readFileSync(user.path("eval.json")));
  const plain = await storage(user, server, "pin", "eval.json", "s3://plain/eval.json", ...pin);
  t.is(plain.exit, 1, plain.out);
  t.false(readdirSync(user.cwd).includes("eval.json.claims.jsonl"));
});

test("mlsign storage check URL --model compares each file, and finds strangers below the prefix", async (t) => {
  const user = shell(t);
  const { server, bucket } = await locked(t);
  upload(user, bucket);
  const args = ["check", "s3://models/prod", "--model", "model"];
  t.is((await storage(user, server, ...args)).exit, 0);
  bucket.put("prod/__init__.py", "import os\n", RETAINED);
  const stranger = await storage(user, server, ...args);
  t.is(stranger.exit, 1);
  t.regex(stranger.out, /__init__\.py/);
  const [extra] = bucket.list("prod/__init__.py");
  bucket.remove("prod/__init__.py", undefined);
  t.truthy(extra);
  writeFileSync(user.path("model/notes.txt"), "other notes\n");
  const other = await storage(user, server, ...args);
  t.is(other.exit, 1);
  t.regex(other.out, /notes\.txt/);
});

test("mlsign storage check runs:/RUN/PATH asks MLflow where the artifacts are", async (t) => {
  const user = shell(t);
  const { server, bucket } = await locked(t);
  upload(user, bucket);
  const runs = new Map([
    ["good", "s3://models"],
    ["proxied", "mlflow-artifacts:/1/proxied/artifacts"],
  ]);
  const mlflow = createServer((request, response) => {
    const id = new URL(request.url ?? "", "http://x").searchParams.get("run_id") ?? "";
    const info = { run_id: id, artifact_uri: runs.get(id) };
    if (runs.has(id)) response.end(JSON.stringify({ run: { info } }));
    else response.writeHead(404).end('{"error_code":"RESOURCE_DOES_NOT_EXIST"}');
  });
  mlflow.listen(0, "127.0.0.1");
  await once(mlflow, "listening");
  t.teardown(() => mlflow.close());
  const { port } = mlflow.address() as AddressInfo;
  const env = { ...envOf(user), MLFLOW_TRACKING_URI: `http://127.0.0.1:${port}` };
  const ask = (run: string) => {
    const args = ["storage", "check", `runs:/${run}/prod`, "--model", "model"];
    return user.as({ env }, ...args, "--endpoint", server.endpoint);
  };
  const good = await ask("good");
  t.is(good.exit, 0, good.out + good.err);
  const proxied = await ask("proxied");
  t.is(proxied.exit, 2);
  t.regex(proxied.err, /--artifacts-destination/);
  t.is((await ask("gone")).exit, 2);
  t.is((await user.mlsign("storage", "check", "runs:/good/prod")).exit, 2);
});

withGit(
  "mlsign storage check --model looks at the objects of the data that lineage pins",
  async (t) => {
    const user = await repository(t, "");
    const { server, bucket } = await locked(t);
    const data = readFileSync(user.path("data.csv"));
    const md5 = createHash("md5").update(data).digest("hex");
    const key = `dvc/files/md5/${md5.slice(0, 2)}/${md5.slice(2)}`;
    bucket.put(key, data, RETAINED);
    const remote = ["--remote", "s3://models/dvc", "--remote-endpoint", server.endpoint];
    const record = ["lineage", "record", "model.onnx", "--data", "data.csv.dvc", "--key", "k.key"];
    const recorded = await user.as({ env: envOf(user) }, ...record, ...remote);
    t.is(recorded.exit, 0, recorded.err);
    const args = [
      "check",
      "--model",
      "model.onnx",
      "--key",
      "k.pub",
      "--retain-until",
      "2099-01-01",
    ];
    const good = await storage(user, server, ...args);
    t.is(good.exit, 0, good.out + good.err);
    t.regex(good.out, /1 of 1 object is protected/);
    bucket.remove(key, undefined);
    const hidden = await storage(user, server, ...args);
    t.is(hidden.exit, 1);
    t.regex(hidden.out, /delete\s+marker/);
  },
);

test("mlsign storage attest signs what was decided, and nothing else", async (t) => {
  const user = shell(t);
  await user.mlsign("keygen", "--out", "k");
  const { server, bucket } = await locked(t);
  upload(user, bucket);
  const args = ["attest", "model", "s3://models/prod", "--key", "k.key"];
  const late = await storage(user, server, ...args, "--retain-until", "2101-01-01");
  t.is(late.exit, 1, late.out);
  const until = ["--retain-until", "2099-01-01", "--drill", "--json"];
  const done = await storage(user, server, ...args, ...until);
  t.is(done.exit, 0, done.out + done.err);
  t.like(JSON.parse(done.out), {
    command: "storage attest",
    added: 1,
    predicateType: "https://in-toto.io/attestation/test-result/v0.1",
  });
  const claims = readFileSync(user.path("model/claims.jsonl"), "utf8").trimEnd().split("\n");
  t.is(claims.length, 1);
  const { dsseEnvelope } = JSON.parse(claims[0] ?? "") as { dsseEnvelope: { payload: string } };
  const statement = JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString()) as {
    predicate: { result: string; configuration: readonly { uri?: string }[] };
  };
  t.is(statement.predicate.result, "PASSED");
  t.is(statement.predicate.configuration[0]?.uri, "urn:mlsign:check:storage:v1");
  server.denied.add("s3:GetObjectRetention");
  t.is((await storage(user, server, ...args)).exit, 3);
  t.is(readFileSync(user.path("model/claims.jsonl"), "utf8").trimEnd().split("\n").length, 1);
});

test("mlsign storage check --dvc looks at a directory's list and every member", async (t) => {
  const user = shell(t);
  const { server, bucket } = await locked(t);
  const md5 = (text: string): string => createHash("md5").update(text).digest("hex");
  const keyOf = (id: string): string => `dvc/files/md5/${id.slice(0, 2)}/${id.slice(2)}`;
  const entries = ["x", "y"].map((it) => `{"md5": "${md5(it)}", "relpath": "${it}.txt"}`);
  const list = `[${entries.join(", ")}]`;
  const oid = `${md5(list)}.dir`;
  mkdirSync(user.path(".dvc"));
  const config = `[core]\n    remote = prod\n['remote "prod"']\n    url = s3://models/dvc\n`;
  writeFileSync(user.path(".dvc/config"), config);
  writeFileSync(user.path("data.dvc"), `outs:\n- md5: ${oid}\n  hash: md5\n  path: data\n`);
  bucket.put(keyOf(oid), list, RETAINED);
  bucket.put(keyOf(md5("x")), "x", RETAINED);
  bucket.put(keyOf(md5("y")), "y", RETAINED);
  const args = ["check", "--dvc", "data.dvc"];
  const good = await storage(user, server, ...args, "--json");
  t.is(good.exit, 0, good.out + good.err);
  const { facts } = JSON.parse(good.out) as { facts: { value: { objects: object } }[] };
  t.like(facts[0]?.value.objects, { protected: 3 });

  bucket.put(keyOf(md5("x")), "z", RETAINED);
  const shadowed = await storage(user, server, ...args);
  t.is(shadowed.exit, 1);
  t.regex(shadowed.out, /MD5/);
  bucket.put(keyOf(oid), `[${entries[0]}]`, RETAINED);
  const list2 = await storage(user, server, ...args);
  t.is(list2.exit, 1);
  t.regex(list2.out, /members\s+of\s+"data"/);

  writeFileSync(
    user.path("local.dvc"),
    `outs:\n- md5: ${md5("q")}\n  hash: md5\n  path: q\n  cache: false\n`,
  );
  const local = await storage(user, server, "check", "--dvc", "local.dvc");
  t.is(local.exit, 1);
  t.regex(local.out, /not\s+to\s+cache/);
  t.is((await storage(user, server, ...args, "--remote", "other")).exit, 2);
});

test("mlsign storage check --dvc pins the versions that a version-aware remote recorded", async (t) => {
  const user = shell(t);
  const { server, bucket } = await locked(t);
  const { versionId } = bucket.put("dvc/data.csv", "a,b\n", RETAINED);
  mkdirSync(user.path(".dvc"));
  const config = `['remote "prod"']\n    url = s3://models/dvc\n    version_aware = true\n`;
  writeFileSync(user.path(".dvc/config"), config);
  const md5 = createHash("md5").update("a,b\n").digest("hex");
  writeFileSync(
    user.path("data.csv.dvc"),
    `outs:\n- md5: ${md5}\n  hash: md5\n  size: 4\n  path: data.csv\n  cloud:\n    prod:\n      version_id: ${versionId}\n`,
  );
  const args = ["check", "--dvc", "data.csv.dvc", "--remote", "prod"];
  const good = await storage(user, server, ...args);
  t.is(good.exit, 0, good.out + good.err);
  bucket.put("dvc/data.csv", "a,b\n", RETAINED);
  const shadowed = await storage(user, server, ...args);
  t.is(shadowed.exit, 1);
  t.regex(shadowed.out, /shadows\s+the\s+pinned/);
  writeFileSync(user.path(".dvc/config"), `${config}    endpointurl = http://evil.example\n`);
  t.is((await user.as({ env: envOf(user) }, "storage", ...args)).exit, 2);
});

test("mlsign storage check is not fooled by a clock that runs late", async (t) => {
  const user = shell(t);
  const { server, bucket } = await locked(t);
  const until = new Date(Date.now() + DAY);
  bucket.put("m/a.bin", "abc", { retention: { mode: "COMPLIANCE", until } });
  server.sleep(2 * DAY);
  const done = await storage(user, server, "check", "s3://models/m");
  t.is(done.exit, 1, done.out);
  t.regex(done.out, /retention ended/);
});

for (const command of ["check", "pin", "attest"]) {
  test(`the examples of mlsign storage ${command} --help work`, async (t) => {
    const user = shell(t);
    await user.mlsign("keygen", "--out", "demo");
    const { server, bucket } = await locked(t);
    bucket.defaultRetention = { mode: "COMPLIANCE", days: 365 };
    const google = await startGcs();
    t.teardown(() => google.close());
    const options = { retentionSeconds: 366 * 86_400, locked: true };
    google.create("models", options).write("prod/model.onnx", Buffer.from("x"));
    bucket.put("prod/model.onnx", readFileSync(user.path("model.onnx")), RETAINED);
    const data = "a,b\n";
    const md5 = createHash("md5").update(data).digest("hex");
    bucket.put(`files/md5/${md5.slice(0, 2)}/${md5.slice(2)}`, data, RETAINED);
    mkdirSync(user.path(".dvc"));
    const config = `[core]\n    remote = prod\n['remote "prod"']\n    url = s3://models\n`;
    writeFileSync(user.path(".dvc/config"), config);
    const dvc = `outs:\n- md5: ${md5}\n  hash: md5\n  path: data.csv\n`;
    writeFileSync(user.path("data.csv.dvc"), dvc);
    if (command === "check") {
      const pin = ["pin", "model.onnx", "s3://models/prod/model.onnx", "--key", "demo.key"];
      t.is((await storage(user, server, ...pin)).exit, 0);
    }
    const { out } = await user.mlsign("storage", command, "--help");
    const examples = [...out.matchAll(/^ {2}\$ mlsign storage (.+)$/gm)].map(([, it]) => it ?? "");
    t.true(examples.length > 0);
    const env = { ...envOf(user), GOOGLE_OAUTH_ACCESS_TOKEN: "token" };
    for (const example of examples) {
      const args = example.replace("--endpoint https://s3.example", "").split(/ +/);
      const { endpoint } = example.includes("gs://") ? google : server;
      const done = await user.as({ env }, "storage", ...args, "--endpoint", endpoint);
      t.is(done.exit, 0, `${example}\n${done.out}${done.err}`);
    }
  });
}
