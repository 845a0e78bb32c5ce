import { createHash } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type EvidenceArchive, packEvidence, readEvidence } from "@mlsign/evidence";
import type { ExecutionContext } from "ava";
import test from "ava";
import { startS3 } from "mlsign-test-stores";
import { type Repository, repository, withGit } from "./repository.ts";
import { shell } from "./shell.ts";

const IMAGE = `registry.example/org/train@sha256:${"a".repeat(64)}`;

/** Who signs in these tests, each with a key of its own. */
const PEOPLE = ["k", "k.ana", "k.li", "k.cd", "k.eve"] as const;

function policyOf({ path }: Repository, extra = ""): string {
  const pem = (name: string): string =>
    readFileSync(path(`${name}.pub`), "utf8")
      .trim()
      .replaceAll("\n", "\n      ");
  const identity = (name: string, file: string): string =>
    `  ${name}:\n    publicKey: |\n      ${pem(file)}\n`;
  return `schema: urn:mlsign:policy:v1
name: prod
version: 1
expires: 2100-01-01T00:00:00Z
mode: enforce
target: { to: prod }
trust: { transparency: none, reason: a private network without a log }
identities:
${identity("trainer", "k")}${identity("ana", "k.ana")}${identity("li", "k.li")}require:
  - { id: signature, type: signature, by: [trainer] }
  - { id: lineage, type: lineage, by: [trainer] }
  - id: approval
    type: approval
    by: [trainer, ana, li]
    threshold: 2
    distinctFrom: [lineage, signature]
    properties: [MLSIGN_APPROVED_PROD]
lineage:
  git: { repositories: ["https://git.example/org/repo"], refs: [refs/heads/main], clean: true }
  dvc: { rehashed: true }
  container: { registries: [registry.example/org] }
dependencies: { hashPinned: true }
references: { digestOnly: true }
${extra}`;
}

/** A repository with a model that was trained, signed, approved by two, and may be promoted. */
async function approved(t: ExecutionContext, extra = ""): Promise<Repository> {
  const user = await repository(t, "");
  for (const name of PEOPLE.slice(1)) await user.mlsign("keygen", "--out", name);
  user.write("k.policy.yaml", policyOf(user, extra));
  const record = ["--data", "data.csv.dvc", "--container", IMAGE, "--deps", "requirements.txt"];
  for (const args of [
    ["sign", "model.onnx", "--key", "k.key"],
    ["lineage", "record", "model.onnx", ...record, "--offline", "--key", "k.key"],
    ["approve", "model.onnx", "--to", "prod", "--key", "k.ana.key"],
    ["approve", "model.onnx", "--to", "prod", "--key", "k.li.key"],
  ]) {
    const done = await user.mlsign(...args);
    t.is(done.exit, 0, done.err);
  }
  return user;
}

const BY_POLICY = ["--policy", "k.policy.yaml", "--to", "prod", "--offline"];
const verify = ({ mlsign }: Repository, ...args: string[]) =>
  mlsign("verify", "model.onnx", ...BY_POLICY, ...args);

withGit("mlsign verify --policy accepts what has all that the policy asks for", async (t) => {
  const user = await approved(t);
  const { exit, out } = await verify(user);
  t.is(exit, 0, out);
  t.regex(out, /PASS +policy-evidence +"approval" is there, by key/);
  t.true(out.split("\n").every((line) => line.length <= 80));
  const json = JSON.parse((await verify(user, "--json")).out) as {
    facts: { kind: string; value: { sha256?: string } }[];
  };
  const digest = createHash("sha256")
    .update(readFileSync(user.path("k.policy.yaml")))
    .digest("hex");
  t.is(json.facts.find(({ kind }) => kind === "policy")?.value.sha256, digest);
  const summary = await verify(user, "--summary", "k.summary.md");
  t.is(summary.exit, 0);
  t.regex(readFileSync(user.path("k.summary.md"), "utf8"), /policy-evidence/);
});

/** [what is done to an approved model, the exit, what is told] */
const ATTACKS: readonly (readonly [string, (user: Repository) => unknown, number, RegExp])[] = [
  [
    "a changed model",
    ({ write }) => write("model.onnx", "poisoned\n"),
    1,
    /"signature"[^]*file-changed/,
  ],
  ["changed data", ({ write }) => write("data.csv", "poison\n"), 1, /policy-data[^]*data\.csv/],
  [
    "a lineage of another container",
    ({ mlsign }) =>
      mlsign(
        "lineage",
        "record",
        "model.onnx",
        "--data",
        "data.csv.dvc",
        "--container",
        IMAGE.replace("org/train", "org/other"),
        "--deps",
        "requirements.txt",
        "--offline",
        "--key",
        "k.key",
      ),
    1,
    /2 different lineages/,
  ],
  [
    "a signature by somebody else",
    ({ mlsign }) => mlsign("sign", "model.onnx", "--key", "k.eve.key"),
    1,
    /"signature"/,
  ],
  [
    "a policy that somebody changed",
    ({ path }) => appendFileSync(path("k.policy.yaml"), "# more\n"),
    2,
    /its SHA-256 is/,
  ],
];
for (const [what, attack, exit, told] of ATTACKS) {
  withGit(`mlsign verify --policy refuses ${what}`, async (t) => {
    const user = await approved(t);
    const sha256 = createHash("sha256")
      .update(readFileSync(user.path("k.policy.yaml")))
      .digest("hex");
    await attack(user);
    const pinned = ["--policy", `k.policy.yaml@sha256:${sha256}`, "--to", "prod", "--offline"];
    const done = await user.mlsign("verify", "model.onnx", ...pinned);
    t.is(done.exit, exit, done.out + done.err);
    t.regex(done.out + done.err, told);
  });
}

withGit("mlsign verify --policy counts people, and not the trainer", async (t) => {
  const user = await approved(t);
  const claims = user.path("model.onnx.claims.jsonl");
  const lines = readFileSync(claims, "utf8").trim().split("\n");
  t.is(lines.length, 3);
  writeFileSync(claims, `${lines.slice(0, 2).join("\n")}\n`);
  t.is((await verify(user)).exit, 1, "one approval of two");
  await user.mlsign("approve", "model.onnx", "--to", "prod", "--key", "k.key");
  t.regex((await verify(user)).out, /"approval"[^]*1\s+so far/);
  await user.mlsign("approve", "model.onnx", "--to", "staging", "--key", "k.li.key");
  t.is((await verify(user)).exit, 1, "an approval for another target");
  await user.mlsign("approve", "model.onnx", "--to", "prod", "--key", "k.eve.key");
  t.is((await verify(user)).exit, 1, "a stranger's approval");
  await user.mlsign("approve", "model.onnx", "--to", "prod", "--key", "k.li.key");
  t.is((await verify(user)).exit, 0);
});

withGit(
  "mlsign verify --policy is undecided where it could not look, and takes no trust flags",
  async (t) => {
    const user = await approved(t, "scan: { clean: true }\nstorage: { locked: true }\n");
    const { exit, out } = await verify(user);
    t.is(exit, 3, out);
    t.regex(out, /UNKNOWN +policy-check +whether the storage is locked was not looked at/);
    t.is((await verify(user, "--key", "k.pub")).exit, 2);
    t.is((await verify(user, "--into", "copy")).exit, 2);
    t.is((await user.mlsign("verify", "model.onnx", "--policy", "k.policy.yaml")).exit, 2);
    t.is((await user.mlsign("verify", "model.onnx", "--to", "prod", "--key", "k.pub")).exit, 2);
    const other = ["--policy", "k.policy.yaml", "--to", "staging", "--offline"];
    t.is((await user.mlsign("verify", "model.onnx", ...other)).exit, 1);
  },
);

withGit("mlsign verify --policy looks whether the stored model is locked", async (t) => {
  const user = await approved(
    t,
    "storage: { locked: true, mode: COMPLIANCE, minRetention: 30d }\n",
  );
  const server = await startS3();
  t.teardown(() => server.close());
  const retention = (days: number, mode = "COMPLIANCE") => ({
    retention: { mode, until: new Date(Date.now() + days * 86_400_000) },
  });
  const bucket = server.create("models", { lock: true });
  const env = { HOME: user.cwd, AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  const model = readFileSync(user.path("model.onnx"), "utf8");
  const judge = (content: string, days: number, mode?: string) => {
    const key = `${mode ?? "lasting"}/${days}/${content.length}`;
    bucket.put(key, content, retention(days, mode));
    const at = ["--storage", `s3://models/${key}`, "--storage-endpoint", server.endpoint];
    return user.as({ env }, "verify", "model.onnx", ...BY_POLICY, ...at);
  };
  const good = await judge(model, 60);
  t.is(good.exit, 0, good.out + good.err);
  const short = await judge(model, 10);
  t.is(short.exit, 1);
  t.regex(short.out, /NOTE +storage-horizon/, "why it is refused is told");
  t.is((await judge(model, 60, "GOVERNANCE")).exit, 1, "a lock that can be lifted");
  t.is((await judge("other bytes\n", 60)).exit, 1, "another model");
  server.denied.add("s3:GetObjectRetention");
  const denied = await judge(model, 61);
  t.is(denied.exit, 3, denied.out);
});

withGit("mlsign verify --policy asks no registry that a stranger's lineage names", async (t) => {
  const user = await approved(t);
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const image = IMAGE.replace("registry.example", `127.0.0.1:${port}`);
  const record = [
    "lineage",
    "record",
    "model.onnx",
    "--data",
    "data.csv.dvc",
    "--container",
    image,
  ];
  await user.mlsign(...record, "--offline", "--key", "k.eve.key");
  const online = ["--policy", "k.policy.yaml", "--to", "prod"];
  t.is((await user.mlsign("verify", "model.onnx", ...online)).exit, 0);
  t.deepEqual(asked, []);
  await user.mlsign(...record, "--offline", "--key", "k.key");
  t.is(
    (await user.mlsign("verify", "model.onnx", ...online)).exit,
    1,
    "the trainer tells two stories",
  );
  t.true(asked.length > 0);
});

withGit("mlsign verify --policy tells a line that counts for nothing", async (t) => {
  const user = await approved(t);
  appendFileSync(user.path("model.onnx.claims.jsonl"), "{}\n");
  user.write("k.predicate.json", '{"buildDefinition": {"buildType": "urn:x:other"}}');
  const other = ["--type", "https://slsa.dev/provenance/v1", "--predicate", "k.predicate.json"];
  await user.mlsign("attest", "model.onnx", ...other, "--key", "k.key");
  const { exit, out } = await verify(user);
  t.is(exit, 0, out);
  t.regex(out, /NOTE +claim-form +claim 4 is damaged/);
  t.regex(out, /NOTE +claim-form +claim 5: cannot read lineage/i);
});

withGit(
  "mlsign promote signs a summary that verify --vsa goes by, for its target alone",
  async (t) => {
    const user = await approved(t);
    const vsa = ["verify", "model.onnx", "--vsa", "--key", "k.cd.pub", "--to"];
    t.is((await user.mlsign(...vsa, "prod")).exit, 1);
    const args = [
      "promote",
      "model.onnx",
      ...BY_POLICY,
      "--key",
      "k.cd.key",
      "--dsse",
      "k.vsa.json",
    ];
    const { exit, out, err } = await user.mlsign(...args, "--json");
    t.is(exit, 0, out + err);
    const { predicate } = JSON.parse(out) as {
      predicate: { verifiedLevels: string[]; inputAttestations: unknown[]; timeVerified: string };
    };
    for (const level of [
      "MLSIGN_PROMOTED_PROD",
      "MLSIGN_SIGNED",
      "MLSIGN_LINEAGE_BOUND",
      "MLSIGN_DATA_REHASHED",
      "MLSIGN_HASH_PINNED",
      "MLSIGN_APPROVED",
    ])
      t.true(predicate.verifiedLevels.includes(level), level);
    t.is(predicate.inputAttestations.length, 4);
    t.regex(
      readFileSync(user.path("k.vsa.json"), "utf8"),
      /"payloadType":"application\/vnd\.in-toto/,
    );
    t.is((await user.mlsign(...vsa, "prod")).exit, 0);
    t.is((await user.mlsign(...vsa, "staging")).exit, 1, "another target");
    t.is((await user.mlsign(...vsa, "prod", "--resource", "pkg:mlflow/x@1")).exit, 1);
    t.is((await user.mlsign(...vsa, "prod", "--max-age", "30d")).exit, 1, "no trusted time");
    const stranger = ["verify", "model.onnx", "--vsa", "--key", "k.eve.pub", "--to", "prod"];
    t.is((await user.mlsign(...stranger)).exit, 1);
    user.write("model.onnx", "poisoned\n");
    t.is((await user.mlsign(...vsa, "prod")).exit, 1, "other bytes");
  },
);

withGit(
  "mlsign promote signs nothing of what the policy does not accept, also where it only warns",
  async (t) => {
    const user = await approved(t);
    const before = readFileSync(user.path("model.onnx.claims.jsonl"));
    user.write("data.csv", "poison\n");
    const args = ["promote", "model.onnx", ...BY_POLICY, "--key", "k.cd.key"];
    const refused = await user.mlsign(...args);
    t.is(refused.exit, 1);
    t.regex(refused.err, /nothing was signed/);
    user.write("k.policy.yaml", policyOf(user).replace("mode: enforce", "mode: warn"));
    t.is((await verify(user)).exit, 0);
    t.is((await user.mlsign(...args)).exit, 1);
    t.deepEqual(readFileSync(user.path("model.onnx.claims.jsonl")), before);
  },
);

withGit("mlsign promote twice leaves two promotions, each good", async (t) => {
  const user = await approved(t);
  const args = ["promote", "model.onnx", ...BY_POLICY, "--key", "k.cd.key"];
  t.is((await user.mlsign(...args)).exit, 0);
  t.is((await user.mlsign(...args)).exit, 0);
  const vsa = ["verify", "model.onnx", "--vsa", "--key", "k.cd.pub", "--to", "prod"];
  t.is((await user.mlsign(...vsa)).exit, 0);
});

test("mlsign approve wants a target that policies can name", async (t) => {
  const user = await repository(t, "");
  for (const to of ["Prod", "a b", ""])
    t.is((await user.mlsign("approve", "model.onnx", "--to", to, "--key", "k.key")).exit, 2);
});

withGit("a policy counts only where it is signed by whom the caller names for it", async (t) => {
  const user = await approved(t);
  const by = (...args: string[]) => verify(user, "--policy-key", ...args);
  const unsigned = await by("k.ana.pub");
  t.is(unsigned.exit, 1, unsigned.out);
  t.regex(unsigned.err, /k\.policy\.yaml is unsigned/);
  const signed = await user.mlsign("policy", "sign", "k.policy.yaml", "--key", "k.ana.key");
  t.is(signed.exit, 0, signed.err);
  t.is((await by("k.ana.pub")).exit, 0);
  t.is((await by("k.li.pub")).exit, 1, "signed by somebody else");
  const checked = await user.mlsign("policy", "verify", "k.policy.yaml", "--key", "k.ana.pub");
  t.is(checked.exit, 0, checked.out);
  t.regex(checked.out, /PASS +policy-signature/);
  appendFileSync(user.path("k.policy.yaml"), "# more\n");
  const changed = await by("k.ana.pub");
  t.is(changed.exit, 1, "changed since");
  t.regex(changed.err, /not signed by whom you trust/);
  const told = await user.mlsign("policy", "verify", "k.policy.yaml", "--key", "k.ana.pub");
  t.is(told.exit, 1);
  t.regex(told.out, /file-changed/);
  writeFileSync(user.path("k.policy.yaml.sig"), "{}");
  t.is((await by("k.ana.pub")).exit, 1, "a damaged signature");
  t.is((await user.mlsign("verify", "model.onnx", "--policy-key", "k.ana.pub")).exit, 2);
});

withGit("mlsign policy sign signs no policy with a known gap", async (t) => {
  const user = await approved(t);
  writeFileSync(
    user.path("k.policy.yaml"),
    policyOf(user).replace("    distinctFrom: [lineage, signature]\n", ""),
  );
  const done = await user.mlsign("policy", "sign", "k.policy.yaml", "--key", "k.ana.key");
  t.is(done.exit, 1, done.out);
  t.regex(done.out, /policy-sound/);
  t.throws(() => readFileSync(user.path("k.policy.yaml.sig")), { code: "ENOENT" });
});

withGit("mlsign verify --vsa --policy-digest refuses a promotion by an older policy", async (t) => {
  const user = await approved(t);
  const promoted = await user.mlsign("promote", "model.onnx", ...BY_POLICY, "--key", "k.cd.key");
  t.is(promoted.exit, 0, promoted.out + promoted.err);
  const sha256 = createHash("sha256")
    .update(readFileSync(user.path("k.policy.yaml")))
    .digest("hex");
  const vsa = (...args: string[]) =>
    user.mlsign("verify", "model.onnx", "--vsa", "--to", "prod", "--key", "k.cd.pub", ...args);
  t.is((await vsa("--policy-digest", `sha256:${sha256}`)).exit, 0);
  const newer = await vsa("--policy-digest", `sha256:${"0".repeat(64)}`);
  t.is(newer.exit, 1);
  t.regex(newer.out, /by another policy/);
  t.is((await vsa("--policy-digest", sha256)).exit, 2);
  t.is((await vsa("--policy-key", "k.ana.pub")).exit, 2);
});

withGit(
  "mlsign verify --policy asks GitHub who approved the run, and is undecided without a token",
  async (t) => {
    const review = `review: { github: { repository: org/repo, environment: production, reviewers: [max] } }\n`;
    const user = await approved(t, review);
    let reviewer = "max";
    const tokens: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      tokens.push(request.headers.authorization);
      const run = {
        id: 42,
        head_sha: "c".repeat(40),
        actor: { login: "ana" },
        repository: { full_name: "org/repo" },
      };
      const environments = [{ name: "production" }];
      const reviews = [{ state: "approved", user: { login: reviewer }, environments }];
      const { url = "" } = request;
      if (!url.startsWith("/repos/org/repo/actions/runs/42")) response.writeHead(404);
      response.end(JSON.stringify(url.endsWith("/approvals") ? reviews : run));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const args = ["verify", "model.onnx", ...BY_POLICY];
    t.is((await user.mlsign(...args)).exit, 3);
    const env = {
      HOME: user.cwd,
      GITHUB_TOKEN: "hunter2",
      GITHUB_API_URL: `http://127.0.0.1:${port}`,
      GITHUB_REPOSITORY: "org/repo",
      GITHUB_RUN_ID: "42",
    };
    const judged = await user.as({ env }, ...args);
    t.is(judged.exit, 0, judged.out + judged.err);
    t.regex(judged.out, /PASS +policy-review +max approved the run for production/);
    t.deepEqual([...new Set(tokens)], ["Bearer hunter2"]);
    t.is((await user.as({ env }, ...args, "--github-run", "org/repo/43")).exit, 3);
    t.is((await user.as({ env }, ...args, "--github-run", "x")).exit, 2);
    reviewer = "ana";
    const own = await user.as({ env }, ...args);
    t.is(own.exit, 1);
    t.false(`${own.out}${own.err}`.includes("hunter2"));
  },
);

withGit(
  "mlsign verify --evidence repeats a verdict elsewhere, and says what it has not seen",
  async (t) => {
    const user = await approved(t);
    const archive = ["-o", "k.evidence.tar"];
    const exported = await user.mlsign(
      "store",
      "export",
      "--evidence",
      "model.onnx",
      ...BY_POLICY,
      ...archive,
    );
    t.is(exported.exit, 0, exported.out + exported.err);
    t.regex(exported.err, /accepted by policy sha256:/);
    const again = await user.mlsign(
      "store",
      "export",
      "--evidence",
      "model.onnx",
      ...BY_POLICY,
      ...archive,
    );
    t.is(again.exit, 2, "never overwritten");
    const auditor = shell(t);
    const bytes = readFileSync(user.path("k.evidence.tar"));
    t.false(bytes.includes("not really a model"), "no byte of the model is in it");
    writeFileSync(auditor.path("e.tar"), bytes);
    writeFileSync(auditor.path("mine.yaml"), readFileSync(user.path("k.policy.yaml")));
    const check = (...args: string[]) => auditor.mlsign("verify", "--evidence", "e.tar", ...args);
    const own = await check();
    t.is(own.exit, 3, own.out);
    t.regex(own.out, /policy-vouched/);
    const seen = await check("--policy", "mine.yaml");
    t.is(seen.exit, 3, "data, commit and lock files were not looked at here");
    t.regex(seen.out, /not seen: the bytes of the model \(1 file, 19 B\)/);
    const recorded = await check("--policy", "mine.yaml", "--recorded");
    t.is(recorded.exit, 0, recorded.out + recorded.err);
    t.regex(recorded.out, /lineage: as the exporter recorded it/);
    t.regex(recorded.out, /dependencies: as the exporter recorded it/);
    const digest = createHash("sha256")
      .update(readFileSync(user.path("k.policy.yaml")))
      .digest("hex");
    t.is((await check("--policy-digest", `sha256:${digest}`, "--recorded")).exit, 0);
    t.is((await check("--policy-digest", `sha256:${"0".repeat(64)}`, "--recorded")).exit, 1);
    t.is((await check("--policy-key", "mine.yaml", "--recorded")).exit, 2, "no key");
    t.is((await check("--key", "mine.yaml")).exit, 2);
    t.is((await auditor.mlsign("verify", "model.onnx", "--evidence", "e.tar")).exit, 2);
    // A flag that says nothing here is refused, and a pin is never passed over.
    const pin = ["--policy-digest", `sha256:${"0".repeat(64)}`];
    t.is((await check("--policy", "mine.yaml", "--recorded", ...pin)).exit, 2);
    t.is((await check("--policy", "mine.yaml", "--into", "copy")).exit, 2);
    t.is((await verify(user, ...pin)).exit, 2);
    t.is((await auditor.mlsign("verify")).exit, 2);
  },
);

/** [what, how the archive's text is changed, in the same length] */
const FORGERIES: readonly (readonly [
  string,
  (archive: EvidenceArchive) => EvidenceArchive,
  RegExp,
])[] = [
  [
    "another digest of the model",
    ({ index, parts }) => ({
      index: { ...index, files: index.files.map((it) => ({ ...it, sha256: "0".repeat(64) })) },
      parts,
    }),
    /file-changed|policy-evidence/,
  ],
  [
    "claims that were left out",
    ({ index, parts }) => ({
      index,
      parts: new Map([...parts].filter(([name]) => name !== "claims.jsonl")),
    }),
    /policy-evidence/,
  ],
  [
    "recorded facts that count evidence twice",
    ({ index, parts }) => {
      const facts = JSON.parse(String(parts.get("facts.json"))) as { evidence: object[] };
      const extra = { ...facts, evidence: [...facts.evidence, ...facts.evidence] };
      const claims = String(parts.get("claims.jsonl")).trim().split("\n").slice(0, 1);
      return {
        index,
        parts: new Map([
          ...parts,
          ["facts.json", Buffer.from(JSON.stringify(extra))],
          ["claims.jsonl", Buffer.from(`${claims.join("\n")}\n`)],
        ]),
      };
    },
    /policy-evidence/,
  ],
];
for (const [what, forge, told] of FORGERIES) {
  withGit(`mlsign verify --evidence refuses ${what}`, async (t) => {
    const user = await approved(t);
    const out = ["-o", "k.evidence.tar"];
    await user.mlsign("store", "export", "--evidence", "model.onnx", ...BY_POLICY, ...out);
    const archive = await readEvidence(user.path("k.evidence.tar"));
    writeFileSync(user.path("k.forged.tar"), await packEvidence(forge(archive)));
    const args = ["--policy", "k.policy.yaml", "--recorded"];
    const done = await user.mlsign("verify", "--evidence", "k.forged.tar", ...args);
    t.is(done.exit, 1, done.out + done.err);
    t.regex(done.out, told);
  });
}

withGit("mlsign promote --record-refusal signs a refusal that lets nothing in", async (t) => {
  const user = await approved(t);
  const claims = user.path("model.onnx.claims.jsonl");
  const lines = readFileSync(claims, "utf8").trim().split("\n");
  writeFileSync(claims, `${lines.slice(0, 2).join("\n")}\n`);
  const promote = ["promote", "model.onnx", ...BY_POLICY, "--key", "k.cd.key"];
  t.is((await user.mlsign(...promote)).exit, 1);
  t.is(readFileSync(claims, "utf8").trim().split("\n").length, 2);
  const refused = await user.mlsign(...promote, "--record-refusal");
  t.is(refused.exit, 1, refused.out);
  t.regex(refused.err, /added the refusal for prod/);
  const kept = readFileSync(claims, "utf8").trim().split("\n");
  t.is(kept.length, 3);
  const vsa = await user.mlsign(
    "verify",
    "model.onnx",
    "--vsa",
    "--to",
    "prod",
    "--key",
    "k.cd.pub",
  );
  t.is(vsa.exit, 1);
  t.regex(vsa.out, /the promotion did not pass/);
});
