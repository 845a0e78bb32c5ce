/** A real MLflow server and a real trained model: logged, signed, approved, promoted, tampered with. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { type MlflowServer, QUIET, startMlflow } from "../../scripts/peers/mlflow.ts";
import { stagingPolicy } from "../model-files.ts";
import { available, MLSIGN, NODE, ROOT, type Workshop, workshop } from "./cells.ts";

const SNIPPET = join(ROOT, "packages/integrations/mlflow/sign_after_training.py");
const dir = mkdtempSync(join(tmpdir(), "mlsign-mlflow-"));
let server: MlflowServer | undefined;

test.before("start the server", async () => {
  const started = await startMlflow(dir);
  if (!("reason" in started)) server = started;
});
test.after.always(async () => {
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

interface Team extends Workshop {
  readonly server: MlflowServer;
  /** The reference of the model that was trained, registered and signed. */
  readonly model: string;
  /** Where the server keeps that model. */
  readonly stored: string;
  /** mlsign, which finds the server as MLflow's users name it. */
  readonly mlsign: (...args: readonly string[]) => ReturnType<Workshop["run"]>;
  readonly python: (script: string) => Promise<string>;
}

/** A team of three keys, whose training code is the snippet that mlsign ships. */
async function team(t: ExecutionContext): Promise<Team | undefined> {
  if (!(await available(t, { peers: ["mlflow"] })) || server === undefined) return undefined;
  const bin = mkdtempSync(join(tmpdir(), "mlsign-bin-"));
  t.teardown(() => rmSync(bin, { recursive: true, force: true }));
  writeFileSync(join(bin, "mlsign"), `#!/bin/sh\nexec '${NODE}' '${MLSIGN}' "$@"\n`);
  chmodSync(join(bin, "mlsign"), 0o755);
  const env = { MLFLOW_TRACKING_URI: server.uri, GIT_PYTHON_REFRESH: "quiet" };
  const path = `${bin}:${process.env["PATH"] ?? ""}`;
  const shop = await workshop(t, { ...(QUIET as Record<string, string>), ...env, PATH: path });
  for (const name of ["train", "ana", "cd"]) await shop.ok("mlsign", "keygen", "--out", name);
  const { python: program } = server;
  const trained = await shop.ok(program, SNIPPET, "--key", "train.key");
  const model = /^models:\/iris\/\d+$/m.exec(trained.stdout)?.[0] ?? "";
  const version = model.split("/").at(-1) ?? "";
  const found = await ask(server.uri, `model-versions/get?name=iris&version=${version}`);
  const { source } = found["model_version"] as { source: string };
  return {
    ...shop,
    server,
    model,
    stored: join(server.artifacts, "0/models", source.replace("models:/", ""), "artifacts"),
    mlsign: (...args) => shop.run("mlsign", args),
    python: async (script) => (await shop.ok(program, "-c", script)).stdout,
  };
}

/** What the server says, to whoever asks it without mlsign. */
async function ask(uri: string, path: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${uri}/api/2.0/mlflow/${path}`);
  return (await response.json()) as Record<string, unknown>;
}

test("a model that MLflow keeps is signed, approved, promoted, and refused once it was touched", async (t) => {
  const it = await team(t);
  if (it === undefined) return;
  const { model, mlsign, stored } = it;
  const version = model.split("/").at(-1) ?? "";
  const pem = (name: string): string => readFileSync(it.path(`${name}.pub`), "utf8");
  const approver = `  ana:\n    publicKey: |\n      ${pem("ana").trim().replaceAll("\n", "\n      ")}\n`;
  it.write(
    "prod.yaml",
    `${stagingPolicy(pem("train")).replace("require:\n", `${approver}require:\n`)}  - id: approval
    type: approval
    by: [ana]
    distinctFrom: [signature]
    properties: [MLSIGN_APPROVED_STAGING]
scan: { clean: true }
`,
  );
  const promote = ["promote", model, "--policy", "prod.yaml", "--to", "staging", "--key", "cd.key"];
  const alias = ["--alias", "champion"];

  const early = await mlsign(...promote, ...alias);
  t.is(early.code, 1, "nobody approved it yet");
  t.regex(early.stdout, /"approval"/);
  t.is(
    (await ask(it.server.uri, "registered-models/alias?name=iris&alias=champion"))["error_code"],
    "INVALID_PARAMETER_VALUE",
  );

  await it.ok("mlsign", "approve", model, "--to", "staging", "--key", "ana.key");
  const done = await mlsign(...promote, ...alias);
  t.is(done.code, 0, done.stdout + done.stderr);
  const again = await mlsign(...promote, ...alias);
  t.is(again.code, 0, again.stdout + again.stderr);
  t.regex(again.stderr, /points already to version/);
  const pointed = await ask(it.server.uri, "registered-models/alias?name=iris&alias=champion");
  const { model_version: found } = pointed as {
    model_version: { version: string; tags: { key: string; value: string }[] };
  };
  t.is(found.version, version);
  const tags = new Map(found.tags.map(({ key, value }) => [key, value]));
  t.is(tags.get("mlsign.env"), "staging");
  for (const key of ["mlsign.root", "mlsign.bundle", "mlsign.vsa"])
    t.regex(tags.get(key) ?? "", /^sha256:[0-9a-f]{64}$/, key);
  const vsa = ["verify", model, "--vsa", "--to", "staging", "--key", "cd.pub"];
  const deployed = await mlsign(...vsa);
  t.is(deployed.code, 0, deployed.stdout + deployed.stderr);

  // Evidence beside the model is no concern of MLflow's, and what MLflow adds is none of ours.
  const loaded = await it.python(
    `import mlflow.sklearn, mlflow.artifacts
model = mlflow.sklearn.load_model("${model}")
print(model.predict([[3.0]])[0])
mlflow.artifacts.download_artifacts("${model}", dst_path="downloaded")`,
  );
  t.regex(loaded, /^1$/m);
  t.true(readdirSync(it.path("downloaded")).includes("registered_model_meta"));
  const downloaded = ["verify", "downloaded", "--key", "train.pub", "--no-signer-ignores"];
  await it.ok("mlsign", ...downloaded);
  appendFileSync(it.path("downloaded/registered_model_meta"), "import os\n");
  await it.refused(/registered_model_meta/, "mlsign", ...downloaded);

  const verify = ["verify", model, "--key", "train.pub"] as const;
  mkdirSync(join(stored, "code"));
  writeFileSync(join(stored, "code/sitecustomize.py"), "import os\n");
  await it.refused(/sitecustomize\.py" is there, and not signed/, "mlsign", ...verify);
  rmSync(join(stored, "code"), { recursive: true });
  await it.ok("mlsign", ...verify);

  appendFileSync(join(stored, "requirements.txt"), "evil\n");
  await it.refused(/requirements\.txt" is not what was signed/, "mlsign", ...verify);
  for (const args of [vsa, promote, ["approve", model, "--to", "staging", "--key", "ana.key"]]) {
    const { code, stdout } = await mlsign(...args);
    // An approval is of what is there: it stands beside the model, and nothing accepts that.
    t.is(code, args[0] === "approve" ? 0 : 1, stdout);
  }
});

test("a run that logged another commit keeps a lineage from being put beside its model", async (t) => {
  const it = await team(t);
  if (it === undefined) return;
  const { model, mlsign } = it;
  const git = (...args: string[]): string =>
    execFileSync("git", ["-c", "user.name=Ana", "-c", "user.email=ana@example.com", ...args], {
      cwd: it.dir,
      encoding: "utf8",
      stdio: "pipe",
    });
  const data = "a,b\n1,2\n";
  it.write("data.csv", data);
  const md5 = createHash("md5").update(data).digest("hex");
  it.write(
    "data.csv.dvc",
    `outs:
- md5: ${md5}
  hash: md5
  path: data.csv
`,
  );
  git("init", "-q", "-b", "main");
  git("add", "data.csv.dvc");
  git("commit", "-q", "-m", "data");
  const commit = git("rev-parse", "HEAD").trim();
  const run = (await ask(
    it.server.uri,
    `model-versions/get?name=iris&version=${model.split("/").at(-1)}`,
  )) as { model_version: { run_id: string } };
  const { run_id: runId } = run.model_version;
  const tag = (value: string): Promise<string> =>
    it.python(
      `import mlflow; mlflow.MlflowClient().set_tag("${runId}", "mlflow.source.git.commit", "${value}")`,
    );
  const sign = ["sign", model, "--key", "train.key", "--lineage", "auto", "--data", "data.csv.dvc"];
  await tag("e".repeat(40));
  const refused = await mlsign(...sign, "--json");
  t.is(refused.code, 1, refused.stderr);
  t.regex(refused.stdout, /"lineage-contradicted"/);
  await tag(commit);
  const signed = await mlsign(...sign);
  t.is(signed.code, 0, signed.stderr);
  const logged = (await ask(it.server.uri, `runs/get?run_id=${runId}`)) as {
    run: {
      data: { tags: { key: string; value: string }[] };
      inputs: { dataset_inputs: { dataset: { name: string; digest: string } }[] };
    };
  };
  const lineage = logged.run.data.tags.find(({ key }) => key === "mlsign.lineage")?.value ?? "{}";
  t.like(JSON.parse(lineage), { commit });
  const [input] = logged.run.inputs.dataset_inputs;
  t.like(input?.dataset, { name: "data.csv", digest: md5 });
});
