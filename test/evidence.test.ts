import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import test from "ava";
import { startSigstore } from "mlsign-test-sigstore";
import { parse } from "yaml";
import { CARD } from "./model-files.ts";
import { type Repository, repository, withGit } from "./repository.ts";
import { type Shell, shell } from "./shell.ts";

const SETTINGS = `card: auto
sbom: auto
deps: requirements.txt
lineage: auto
data: data.csv.dvc
container: registry.example/train@sha256:${"7".repeat(64)}
name: fraud-net
`;
const KINDS = [
  "https://slsa.dev/provenance/v1",
  "https://in-toto.io/attestation/test-result/v0.1",
  "https://cyclonedx.org/bom",
  "https://in-toto.io/attestation/reference/v0.1",
];

function claimsOf(user: Shell): string[] {
  return readFileSync(user.path("model.onnx.claims.jsonl"), "utf8").trimEnd().split("\n");
}

function predicateTypes(lines: readonly string[]): string[] {
  return lines.map((line) => {
    const { dsseEnvelope } = JSON.parse(line) as { dsseEnvelope: { payload: string } };
    const payload = Buffer.from(dsseEnvelope.payload, "base64").toString();
    return (JSON.parse(payload) as { predicateType: string }).predicateType;
  });
}

withGit("mlsign sign with mlsign.yaml leaves the whole evidence, which verifies", async (t) => {
  const user = await repository(t, SETTINGS);
  const signed = await user.mlsign("sign", "model.onnx", "--key", "k.key", "--json");
  t.is(signed.exit, 0, signed.err + signed.out);
  const { evidence } = JSON.parse(signed.out) as { evidence: { missing: string[]; added: number } };
  t.deepEqual(evidence.missing, []);
  t.is(evidence.added, 4);
  t.deepEqual(predicateTypes(claimsOf(user)), KINDS);

  const key = ["--key", "k.pub"];
  for (const command of [
    ["verify", "model.onnx"],
    ["sbom", "verify", "model.onnx", "--deps", "requirements.txt"],
    ["card", "verify", "README.md", "--model", "model.onnx"],
  ]) {
    const done = await user.mlsign(...command, ...key);
    t.is(done.exit, 0, `${command.join(" ")}: ${done.out}`);
  }
  const lineage = await user.mlsign("lineage", "verify", "model.onnx", "--offline", ...key);
  t.is(lineage.exit, 3, lineage.out);
  t.regex(lineage.out, /PASS +lineage-pins/);
  t.is(lineage.out.match(/UNKNOWN/g)?.length, 1, "the registry alone was not asked");
});

withGit("mlsign sign names what is not configured, and what is not there", async (t) => {
  const user = await repository(t, "sbom: auto\ndeps: requirements.txt\n");
  const { exit, err } = await user.mlsign("sign", "model.onnx", "--key", "k.key");
  t.is(exit, 0, err);
  for (const what of [
    "card: not configured",
    "lineage: not configured",
    "sbom: no data",
    "no container",
  ])
    t.true(err.includes(what), what);

  const bare = await repository(t, "hash: sha256\n");
  const done = await bare.mlsign("sign", "model.onnx", "--key", "k.key");
  t.true(done.err.includes("missing evidence: card, sbom, deps, lineage: not configured"));
  t.false(existsSync(bare.path("model.onnx.claims.jsonl")));

  const none = shell(t);
  await none.mlsign("keygen", "--out", "k");
  const plain = await none.mlsign("sign", "model.onnx", "--key", "k.key");
  t.false(plain.err.includes("missing"), "nothing was asked for");
  const auto = await none.mlsign("sign", "model.onnx", "--key", "k.key", "--card", "auto");
  t.regex(auto.err, /card: there is no model\.onnx\.card\.md, README\.md/);
});

const refusals: [string, (user: Repository) => void, RegExp][] = [
  [
    "a dependency without hash",
    ({ write }) => write("requirements.txt", "pkg==1.0\n"),
    /FAIL +dependency/,
  ],
  [
    "a card without limitations",
    ({ write }) => write("README.md", CARD.replace(/ +limit.*\n/, "")),
    /MC032/,
  ],
  ["a card of other data", ({ write }) => write("README.md", CARD), /FAIL +card-match/],
];
for (const [what, spoil, told] of refusals) {
  withGit(`mlsign sign refuses ${what}, and writes nothing`, async (t) => {
    const user = await repository(t, SETTINGS);
    spoil(user);
    const { exit, out, err } = await user.mlsign("sign", "model.onnx", "--key", "k.key");
    t.is(exit, 1, out);
    t.regex(out, told);
    t.true(err.includes("nothing was signed"));
    for (const file of ["model.onnx.sig", "model.onnx.claims.jsonl"])
      t.false(existsSync(user.path(file)), file);
  });
}

withGit("mlsign sign refuses a bill of materials of other bytes", async (t) => {
  const user = await repository(t, SETTINGS);
  t.is((await user.mlsign("sbom", "create", "model.onnx", "-o", "bom.json")).exit, 0);
  user.write("model.onnx", "trained again");
  const { exit, out } = await user.mlsign(
    "sign",
    "model.onnx",
    "--key",
    "k.key",
    "--sbom",
    "bom.json",
  );
  t.is(exit, 1);
  t.regex(out, /FAIL +sbom-match/);
});

withGit(
  "mlsign sign in a folder below finds mlsign.yaml, and means its paths from there",
  async (t) => {
    const user = await repository(t, SETTINGS);
    mkdirSync(user.path("out"));
    user.write("out/model.onnx", "weights");
    user.write("out/model.onnx.card.md", readFileSync(user.path("README.md"), "utf8"));
    user.git("add", "out/model.onnx.card.md");
    user.git("commit", "-q", "-m", "card");
    const below = { cwd: user.path("out") };
    const { exit, err, out } = await user.as(
      below,
      "sign",
      "model.onnx",
      "--key",
      "../k.key",
      "--json",
    );
    t.is(exit, 0, err + out);
    const { evidence } = JSON.parse(out) as { evidence: { missing: string[] } };
    t.deepEqual(
      evidence.missing.filter((text) => !text.includes("model.onnx")),
      [],
    );
    const verified = await user.as(
      below,
      "lineage",
      "verify",
      "model.onnx",
      "--offline",
      "--key",
      "../k.pub",
    );
    t.regex(verified.out, /PASS +lineage-pins/);
    t.regex(verified.out, /PASS +lineage-data/);
  },
);

withGit("mlsign sign asks for one identity and one certificate for all the evidence", async (t) => {
  const user = await repository(t, SETTINGS);
  const sigstore = await startSigstore();
  t.teardown(() => sigstore.close());
  user.write("token", sigstore.token({ email: "ci@example.com" }));
  user.write("trust.json", JSON.stringify(sigstore.clientTrustConfig({ rekor: 2, tsa: true })));
  const keyless = ["--trust-config", "trust.json", "--identity-token", "@token"];
  const { exit, err } = await user.mlsign("sign", "model.onnx", ...keyless);
  t.is(exit, 0, err);
  t.is(sigstore.requests.filter(({ service }) => service === "fulcio").length, 1);
  t.is(sigstore.entries.length, 5, "the signature, and four claims");
  const trust = [
    "--trust-config",
    "trust.json",
    "--certificate-identity",
    "ci@example.com",
    "--certificate-oidc-issuer",
    sigstore.urls.oidc,
  ];
  t.is((await user.mlsign("sbom", "verify", "model.onnx", ...trust)).exit, 0);
});

withGit("mlsign sign with shards or another hash makes the same claims' subject", async (t) => {
  const user = await repository(t, SETTINGS);
  const root = (await user.mlsign("digest", "model.onnx")).out.trim().replace("sha256:", "");
  for (const how of [
    ["--hash", "blake2b"],
    ["--shard-size", "1024"],
  ]) {
    const { exit, err } = await user.mlsign("sign", "model.onnx", "--key", "k.key", ...how);
    t.is(exit, 0, err);
  }
  for (const line of claimsOf(user)) {
    const { dsseEnvelope } = JSON.parse(line) as { dsseEnvelope: { payload: string } };
    t.true(Buffer.from(dsseEnvelope.payload, "base64").toString().includes(root));
  }
  t.is((await user.mlsign("verify", "model.onnx", "--key", "k.pub")).exit, 0);
});

withGit("mlsign sign where the log fails leaves no half of the evidence", async (t) => {
  const user = await repository(t, SETTINGS);
  const sigstore = await startSigstore();
  t.teardown(() => sigstore.close());
  user.write("token", sigstore.token({ email: "ci@example.com" }));
  user.write("trust.json", JSON.stringify(sigstore.clientTrustConfig({ rekor: 2, tsa: true })));
  sigstore.fault("tsa", { kind: "status", status: 500 });
  const keyless = ["--trust-config", "trust.json", "--identity-token", "@token"];
  t.is((await user.mlsign("sign", "model.onnx", ...keyless)).exit, 3);
  for (const file of ["model.onnx.sig", "model.onnx.claims.jsonl"])
    t.false(existsSync(user.path(file)), file);
});

withGit(
  "mlsign init proposes what it sees, which signs at once, and overwrites nothing",
  async (t) => {
    const user = await repository(t, "");
    const { exit, err } = await user.mlsign("init");
    t.is(exit, 0, err);
    const text = readFileSync(user.path("mlsign.yaml"), "utf8");
    for (const line of ["card: auto", "sbom: auto", "  - requirements.txt", "  - data.csv.dvc"])
      t.true(text.split("\n").includes(line), line);
    t.is((await user.mlsign("init")).exit, 2);
    t.is(readFileSync(user.path("mlsign.yaml"), "utf8"), text);
    user.git("add", "mlsign.yaml");
    user.git("commit", "-q", "-m", "settings");
    const signed = await user.mlsign("sign", "model.onnx", "--key", "k.key");
    t.is(signed.exit, 0, signed.out + signed.err);
    t.deepEqual(predicateTypes(claimsOf(user)), KINDS);
  },
);

test("mlsign init looks around where there is no repository, and proposes only comments", async (t) => {
  const user = shell(t);
  writeFileSync(user.path("we:ird #.dvc"), "outs: []\n");
  const { exit, out } = await user.mlsign("init", "--print");
  t.is(exit, 0);
  t.true(out.includes(`  - "we:ird #.dvc"`));
  t.false(existsSync(user.path("mlsign.yaml")));
});

withGit(
  "the schema of mlsign.yaml knows each key that a repository may set, and no other",
  async (t) => {
    const file = new URL("../packages/cli/schemas/settings.v1.schema.json", import.meta.url);
    const schema = JSON.parse(readFileSync(file, "utf8")) as {
      properties: Record<string, unknown>;
    };
    const validate = new Ajv2020({ strict: true, allowUnionTypes: true }).compile(schema);
    const proposed = await repository(t, "");
    await proposed.mlsign("init");
    const text = readFileSync(proposed.path("mlsign.yaml"), "utf8");
    t.true(validate(parse(text)), JSON.stringify(validate.errors));
    // What is commented out in the proposal is known too.
    const keys = [...text.matchAll(/^(?:# )?([a-z][a-z-]+):/gm)].map(([, key = ""]) => key);
    for (const key of keys) t.true(key in schema.properties, key);
    const user = shell(t);
    for (const key of Object.keys(schema.properties)) {
      writeFileSync(user.path("mlsign.yaml"), `${key}: [{}]\n`);
      const { err } = await user.mlsign("sign", "model.onnx", "--key", "k.key");
      t.regex(err, new RegExp(`"${key}" is not`), key);
    }
  },
);

test("a discovered mlsign.yaml cannot choose keys, programs or services", async (t) => {
  const user = shell(t);
  await user.mlsign("keygen", "--out", "k");
  for (const line of ["key: exec:evil", "trust-config: evil.json", "identity-token: x"]) {
    writeFileSync(user.path("mlsign.yaml"), `card: auto\n${line}\n`);
    t.is((await user.mlsign("sign", "model.onnx", "--key", "k.key")).exit, 2, line);
  }
  writeFileSync(user.path("mlsign.yaml"), "lineage: everything\n");
  t.is((await user.mlsign("sign", "model.onnx", "--key", "k.key")).exit, 2);
});
