/** The templates of packages/integrations, run as the shell commands that they are, with the bundled program. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import test from "ava";
import { parse, parseAllDocuments } from "yaml";
import { stagingPolicy } from "../model-files.ts";
import { available, NODE, type Workshop, workshop } from "./cells.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const TEMPLATES = join(ROOT, "packages/integrations");
const folder = mkdtempSync(join(tmpdir(), "mlsign-program-"));
const PROGRAM = join(folder, "mlsign.tar.gz");
let SHA256 = "";

test.before("build the program, and pack it as a release has it", () => {
  execFileSync(NODE, [join(ROOT, "scripts/build.ts")], { cwd: ROOT, stdio: "ignore" });
  execFileSync("tar", ["-czf", PROGRAM, "-C", join(ROOT, "dist"), "."]);
  SHA256 = createHash("sha256").update(readFileSync(PROGRAM)).digest("hex");
});
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number | null;
  readonly text: string;
}
type Model = "signed" | "unsigned" | "tampered";

/** A workshop with a key, a model of this kind, and node first in the path. */
async function withModel(t: Parameters<typeof workshop>[0], kind: Model): Promise<Workshop> {
  const bin = mkdtempSync(join(tmpdir(), "mlsign-bin-"));
  t.teardown(() => rmSync(bin, { recursive: true, force: true }));
  execFileSync("ln", ["-s", NODE, join(bin, "node")]);
  writeFileSync(
    join(bin, "mlsign"),
    `#!/bin/sh\nexec node '${join(ROOT, "dist/mlsign.mjs")}' "$@"\n`,
  );
  chmodSync(join(bin, "mlsign"), 0o755);
  const shop = await workshop(t, { PATH: `${bin}:${process.env["PATH"] ?? ""}` });
  shop.write("my model.bin", "weights");
  await shop.ok("mlsign", "keygen", "--out", "k");
  if (kind !== "unsigned") await shop.ok("mlsign", "sign", "my model.bin", "--key", "k.key");
  if (kind === "tampered") appendFileSync(shop.path("my model.bin"), "!");
  return shop;
}

async function shell(
  shop: Workshop,
  script: string,
  env: Record<string, string>,
  interpreter = "bash",
): Promise<Run> {
  const assignments = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const { code, stdout, stderr } = await shop.run("env", assignments, interpreter, "-c", script);
  return { code, text: stdout + stderr };
}

interface Step {
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly uses?: string;
}

/** The action's steps, with its inputs where GitHub puts them. */
async function action(shop: Workshop, inputs: Readonly<Record<string, string>>): Promise<Run> {
  const document = parse(readFileSync(join(TEMPLATES, "github/action.yml"), "utf8")) as {
    readonly inputs: Readonly<Record<string, { readonly default?: string }>>;
    readonly runs: { readonly steps: readonly Step[] };
  };
  const value = (expression: string): string =>
    expression.replaceAll(
      /\$\{\{ inputs\.(\w+) \}\}/g,
      (_, name: string) => inputs[name] ?? document.inputs[name]?.default ?? "",
    );
  mkdirSync(shop.path("runner"), { recursive: true });
  let last: Run = { code: 0, text: "" };
  for (const { run, env = {} } of document.runs.steps) {
    if (run === undefined) continue;
    // What a stranger may write never stands in a script: it comes as a variable.
    if (run.includes("${{")) throw new Error("an expression stands in a script");
    const variables = Object.entries(env).map(([name, text]) => [name, value(text)] as const);
    last = await shell(shop, run, {
      ...Object.fromEntries(variables),
      RUNNER_TEMP: shop.path("runner"),
      GITHUB_STEP_SUMMARY: shop.path("summary.md"),
    });
    if (last.code !== 0) return last;
  }
  return last;
}

const INPUTS = () => ({
  model: "my model.bin",
  program: pathToFileURL(PROGRAM).href,
  sha256: SHA256,
  arguments: "--key\nk.pub\n",
});

for (const [kind, code] of [
  ["signed", 0],
  ["unsigned", 1],
  ["tampered", 1],
] as const) {
  test(`the GitHub action of a ${kind} model exits ${code}`, async (t) => {
    const shop = await withModel(t, kind);
    const { code: own, text } = await action(shop, INPUTS());
    t.is(own, code, text);
  });

  test(`the GitLab job of a ${kind} model exits ${code}`, async (t) => {
    const shop = await withModel(t, kind);
    const { ".mlsign": job } = parse(
      readFileSync(join(TEMPLATES, "gitlab/mlsign.gitlab-ci.yml"), "utf8"),
    ) as {
      readonly ".mlsign": { readonly script: readonly string[] };
    };
    const env = {
      MLSIGN_PROGRAM: INPUTS().program,
      MLSIGN_SHA256: SHA256,
      MLSIGN_COMMAND: "verify",
      MLSIGN_MODEL: "my model.bin",
      MLSIGN_ARGUMENTS: "--key\nk.pub\n",
    };
    const { code: own, text } = await shell(shop, job.script.join("\n"), env, "sh");
    // xargs has its own code for a command that failed.
    t.is(own, code === 0 ? 0 : 123, text);
    const foreign = await shell(
      shop,
      job.script.join("\n"),
      { ...env, MLSIGN_SHA256: "0".repeat(64) },
      "sh",
    );
    t.not(foreign.code, 0);
    t.false(/accepted|refused/.test(foreign.text), "no byte of another program is run");
  });

  test(`the pre-push hook of a ${kind} model exits ${code}`, async (t) => {
    const shop = await withModel(t, kind);
    const hook = readFileSync(join(TEMPLATES, "git/pre-push"), "utf8");
    const env = { MLSIGN_MODELS: "my model.bin", MLSIGN_TRUST: "--key k.pub" };
    const { code: own, text } = await shell(shop, hook, env, "sh");
    t.is(own, code, text);
    t.not((await shell(shop, hook, { MLSIGN_MODELS: "my model.bin" }, "sh")).code, 0);
  });
}

test("the GitHub action runs no other program, and expands nothing", async (t) => {
  const shop = await withModel(t, "signed");
  for (const sha256 of ["0".repeat(64), "", `${SHA256}\n`, "x"]) {
    const { code, text } = await action(shop, { ...INPUTS(), sha256 });
    t.not(code, 0, sha256);
    t.false(/accepted|refused/.test(text));
  }
  const http = await action(shop, { ...INPUTS(), program: "http://127.0.0.1:1/mlsign.tar.gz" });
  t.not(http.code, 0, "a program comes over https");
  const hostile = await action(shop, {
    ...INPUTS(),
    arguments: '--key\nk.pub\n$(touch expanded)\n"; touch expanded\n',
  });
  t.is(hostile.code, 2, hostile.text);
  await shop.ok("test", "!", "-e", "expanded");
});

test("the GitHub action signs, and a policy's verdict goes to the summary", async (t) => {
  const shop = await withModel(t, "unsigned");
  const signed = await action(shop, { ...INPUTS(), command: "sign", arguments: "--key\nk.key" });
  t.is(signed.code, 0, signed.text);
  shop.write("gate.yaml", stagingPolicy(readFileSync(shop.path("k.pub"), "utf8")));
  const judge = { ...INPUTS(), arguments: "--policy\ngate.yaml\n--to\nstaging" };
  const judged = await action(shop, judge);
  t.is(judged.code, 0, judged.text);
  t.regex(readFileSync(shop.path("summary.md"), "utf8"), /accepted[^]*policy-evidence/);
  appendFileSync(shop.path("my model.bin"), "!");
  t.is((await action(shop, judge)).code, 1);
  t.regex(readFileSync(shop.path("summary.md"), "utf8"), /refused[^]*file-changed/);
});

interface Pod {
  readonly initContainers: readonly {
    readonly name: string;
    readonly command: readonly string[];
    readonly args: readonly string[];
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  }[];
  readonly containers: readonly {
    readonly volumeMounts: readonly { readonly name: string }[];
  }[];
}

/** The pod of the example whose model server starts on verified bytes alone. */
function servingPod(): Pod {
  const text = readFileSync(join(TEMPLATES, "kubernetes/serve.yaml"), "utf8");
  for (const document of parseAllDocuments(text)) {
    const { kind, spec } = document.toJS() as { kind: string; spec: { template: { spec: Pod } } };
    if (kind === "Deployment") return spec.template.spec;
  }
  throw new Error("there is no Deployment");
}

for (const [what, code] of [
  ["promoted", 0],
  ["signed and not promoted", 1],
  ["unsigned", 1],
  ["tampered", 1],
] as const) {
  test(`the pod of a ${what} model exits ${code} before its server starts`, async (t) => {
    const shop = await withModel(t, what === "unsigned" ? "unsigned" : "signed");
    for (const folder of ["incoming", "trust", "verified"]) mkdirSync(shop.path(folder));
    await shop.ok("cp", "-R", "my model.bin", "incoming/model");
    if (what !== "unsigned") await shop.ok("mlsign", "sign", "incoming/model", "--key", "k.key");
    const pem = readFileSync(shop.path("k.pub"), "utf8");
    writeFileSync(shop.path("trust/promoter.pub"), pem);
    if (what === "promoted" || what === "tampered") {
      // The rules of this policy don't matter here, but what it lets in must be for production.
      shop.write("gate.yaml", stagingPolicy(pem).replaceAll("staging", "canary"));
      const to = ["--policy", "gate.yaml", "--to", "canary", "--key", "k.key"];
      await shop.ok("mlsign", "promote", "incoming/model", ...to);
    }
    if (what === "tampered") appendFileSync(shop.path("incoming/model"), "!");
    const [init] = servingPod().initContainers;
    const mounted = (text: string): string =>
      text.replace(/^\/(incoming|trust|verified)\//, (_, name: string) => `${shop.path(name)}/`);
    const args = init?.args.map((arg) => (arg === "prod" ? "canary" : mounted(arg))) ?? [];
    const program = mounted(init?.command[1] ?? "").replace("/opt/mlsign", join(ROOT, "dist"));
    const done = await shop.run(init?.command[0] ?? "", [program, ...args]);
    t.is(done.code, code, done.stdout + done.stderr);
    const copied = await shop.run("cmp", ["my model.bin", "verified/model/model"]);
    t.is(copied.code === 0, code === 0, "what was accepted is copied, and nothing else");
    t.is((await shop.run("ls", ["verified"])).stdout === "", code !== 0);
  });
}

test("the server of the Kubernetes example mounts the verified copy alone", (t) => {
  const { containers, initContainers } = servingPod();
  for (const { volumeMounts } of containers)
    t.deepEqual(
      volumeMounts.map(({ name }) => name),
      ["verified"],
    );
  for (const { volumeMounts, args } of initContainers)
    for (const path of args.filter((arg) => arg.startsWith("/")))
      t.true(volumeMounts.some(({ mountPath }) => path.startsWith(`${mountPath}/`)));
});

test("the Kubernetes example has the form of its kinds", async (t) => {
  if (!(await available(t, { peers: ["kubernetes-validate"] }))) return;
  const shop = await withModel(t, "unsigned");
  const validate = shop.programs.paths["kubernetes-validate"] ?? "";
  const text = readFileSync(join(TEMPLATES, "kubernetes/serve.yaml"), "utf8");
  shop.write("serve.yaml", text);
  shop.write("wrong.yaml", text.replace("initContainers:", "initContainer:"));
  for (const version of ["1.31", "1.37"]) {
    await shop.ok(validate, "--strict", "-k", version, "serve.yaml");
    t.not((await shop.run(validate, ["--strict", "-k", version, "wrong.yaml"])).code, 0);
  }
});

test("every action of the templates is pinned by its commit", (t) => {
  for (const file of ["github/action.yml", "github/train-and-deploy.yml"]) {
    const text = readFileSync(join(TEMPLATES, file), "utf8");
    const used = [...text.matchAll(/uses: (\S+)/g)].map((match) => match[1] ?? "");
    t.true(used.length > 0);
    for (const name of used) t.regex(name, /^(?:\.\/|[\w-]+\/[\w-]+@[0-9a-f]{40}$)/, name);
    t.notThrows(() => parse(text));
  }
});

test("the server's hook takes signed commits alone, on old branches and new ones", async (t) => {
  const shop = await withModel(t, "signed");
  const git = (...args: string[]) =>
    shop.run("git", ["-c", "user.name=A", "-c", "user.email=a@example.com"], args);
  await shop.ok("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "id");
  const sign = [
    "-c",
    "gpg.format=ssh",
    "-c",
    `user.signingkey=${shop.path("id.pub")}`,
    "-c",
    "commit.gpgsign=true",
  ];
  await shop.ok("git", "init", "--quiet", "--bare", "--initial-branch=main", "server.git");
  await shop.ok("git", "init", "--quiet", "--initial-branch=main", "work");
  const work = (...args: string[]) => git("-C", "work", ...args);
  await work(...sign, "commit", "--quiet", "--allow-empty", "-m", "first");
  await work("push", "--quiet", shop.path("server.git"), "main");
  cpSync(join(TEMPLATES, "git/update"), shop.path("server.git/hooks/update"));
  const key = readFileSync(shop.path("id.pub"), "utf8").split(" ").slice(0, 2).join(" ");
  writeFileSync(shop.path("server.git/allowed-signers"), `a@example.com ${key}\n`);
  const push = (...refs: string[]) => work("push", "--quiet", shop.path("server.git"), ...refs);
  await work(...sign, "commit", "--quiet", "--allow-empty", "-m", "signed");
  const good = await push("main", "main:refs/heads/feature");
  t.is(good.code, 0, good.stderr);
  await work("commit", "--quiet", "--allow-empty", "-m", "unsigned");
  const bad = await push("main");
  t.not(bad.code, 0);
  t.regex(bad.stderr + bad.stdout, /commit-signed/);
  t.not((await push("main:refs/heads/other")).code, 0, "nor as a new branch");
  t.is((await push(":refs/heads/feature")).code, 0, "a branch that goes away brings no commit");
});

test("the DVC pipeline signs what it trains, and signs again what it trains anew", async (t) => {
  if (!(await available(t, { peers: ["dvc"] }))) return;
  const shop = await withModel(t, "unsigned");
  const dvc = shop.programs.paths.dvc ?? "";
  const text = readFileSync(join(TEMPLATES, "dvc/dvc.yaml"), "utf8");
  const python = join(dirname(dvc), "python");
  shop.write("dvc.yaml", text.replace("python train.py", `${python} train.py`));
  shop.write("params.yaml", "mlsign: mlsign\nsigner: --key k.key\n");
  shop.write("train.py", "open('model.bin', 'w').write(open('data.csv').read() * 2)\n");
  shop.write("data.csv", "1\n");
  await shop.ok(dvc, "init", "--no-scm", "--quiet");
  await shop.ok(dvc, "repro", "--quiet");
  const verify = () => shop.run("mlsign", "verify", "model.bin", "--key", "k.pub");
  t.is((await verify()).code, 0);
  shop.write("data.csv", "2\n");
  await shop.ok(dvc, "repro", "--quiet");
  t.is((await verify()).code, 0);
  appendFileSync(shop.path("model.bin"), "!");
  t.is((await verify()).code, 1);
});
