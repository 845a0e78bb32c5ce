import { createPrivateKey, type KeyObject, sign } from "node:crypto";
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { pae } from "@mlsign/bundle";
import test, { type ExecutionContext } from "ava";
import { create } from "tar";
import { CARD, sha256 } from "./model-files.ts";
import { type Shell, shell } from "./shell.ts";

const KEY = ["--key", "k.key"];
const PUB = ["--key", "k.pub"];

async function withCard(t: ExecutionContext): Promise<Shell> {
  const user = shell(t);
  await user.mlsign("keygen", "--out", "k");
  writeFileSync(user.path("card.md"), CARD);
  return user;
}

test("mlsign card lint accepts a card that keeps the rules, and says what was not compared", async (t) => {
  const { mlsign } = await withCard(t);
  const { exit, out } = await mlsign("card", "lint", "card.md");
  t.is(exit, 0, out);
  t.regex(out, /N\/A +card-match +MC021 no bill of materials/);
  t.true(out.split("\n").every((line) => line.length <= 80));
});

test("mlsign card lint refuses with line and column, in every format", async (t) => {
  const { mlsign, path } = await withCard(t);
  writeFileSync(path("card.md"), CARD.replace("license: apache-2.0", "license: mine"));
  const text = await mlsign("card", "lint", "card.md");
  t.is(text.exit, 1);
  t.regex(text.out, /FAIL +card-rule +MC010 .*\n +at: card\.md:2:10/);
  const sarif = await mlsign("card", "lint", "card.md", "--format", "sarif");
  const { runs } = JSON.parse(sarif.out) as {
    runs: {
      results: {
        locations: { physicalLocation: { region: unknown; artifactLocation: unknown } }[];
      }[];
    }[];
  };
  t.deepEqual(runs[0]?.results[0]?.locations[0]?.physicalLocation, {
    artifactLocation: { uri: "card.md" },
    region: { startLine: 2, startColumn: 10 },
  });
  t.regex((await mlsign("card", "lint", "card.md", "--format", "junit")).out, /<failure/);
  t.regex((await mlsign("card", "lint", "card.md", "--format", "markdown")).out, /MC010/);
});

test("mlsign card lint follows a policy file, and --rule over it", async (t) => {
  const { mlsign, path } = await withCard(t);
  writeFileSync(path("card.md"), CARD.replace(/^ {2}contact.*\n/m, ""));
  t.is((await mlsign("card", "lint", "card.md")).exit, 0);
  writeFileSync(path("policy.yaml"), "rules: { MC034: error }\n");
  const policy = ["card", "lint", "card.md", "--policy", "policy.yaml"];
  t.is((await mlsign(...policy)).exit, 1);
  t.is((await mlsign(...policy, "--rule", "MC034=note")).exit, 0);
  for (const rule of ["MC999=error", "MC034", "MC034=fatal", "MC034=error=x"]) {
    const { exit, err } = await mlsign("card", "lint", "card.md", "--rule", rule);
    t.is(exit, 2, rule);
    t.regex(err, /^hint: /m);
  }
  writeFileSync(path("policy.yaml"), "rule: {}\n");
  t.is((await mlsign(...policy)).exit, 2);
});

test("mlsign card lint compares with the model and its bill of materials", async (t) => {
  const { mlsign, path } = await withCard(t);
  const lint = ["card", "lint", "card.md", "--model", "model"];
  writeFileSync(path("card.md"), `${CARD}\n[weights](sub/weights.bin)\n`);
  t.is((await mlsign("card", "lint", "card.md")).exit, 1);
  t.is((await mlsign(...lint)).exit, 0);
  writeFileSync(
    path("card.md"),
    CARD.replace("version: 1.2.0 }", `version: 1.2.0, digest: { sha256: ${"b".repeat(64)} } }`),
  );
  t.regex((await mlsign(...lint)).out, /FAIL +card-match +the card is of the model with root\s+b/);
  writeFileSync(path("card.md"), CARD);
  await mlsign("sbom", "create", "model", "--name", "other-net", "-o", "bom.json");
  const { exit, out } = await mlsign(...lint, "--sbom", "bom.json");
  t.is(exit, 1);
  t.regex(out, /MC012 the card's name is "fraud-net", the bill of\s+materials\s+has "other-net"/);
  t.regex(out, /MC021/);
});

test("mlsign card lint reads no file that a link leads to outside", async (t) => {
  const { mlsign, path } = await withCard(t);
  mkdirSync(path("cards"));
  symlinkSync("../eval.json", path("cards/report.json"));
  writeFileSync(path("cards/card.md"), `${CARD}\n[x](report.json)\n`);
  const { exit, out } = await mlsign("card", "lint", "cards/card.md");
  t.is(exit, 1);
  t.regex(out, /MC042/);
});

/** [what, content, what stderr or stdout says] */
const HOSTILE: readonly (readonly [string, string | Buffer, RegExp])[] = [
  ["nothing", "", /MC001/],
  ["code for a front matter reader", "---js\nprocess.exit(5)\n---\n", /MC001/],
  ["a bomb of aliases", `---\na: &a [x]\nb: [${"*a, ".repeat(1000)}*a]\n---\n`, /MC002/],
  ["bytes that are no text", Buffer.from([0xff, 0xfe, 0x00]), /MC002/],
  ["2 MB", CARD + "x".repeat(2 * 1024 * 1024), /MC051/],
  ["100 MB", Buffer.alloc(100 * 1024 * 1024, "x"), /more than \d+/],
];
for (const [what, content, message] of HOSTILE) {
  test(`mlsign card lint and attest refuse ${what}`, async (t) => {
    const { mlsign, path } = await withCard(t);
    writeFileSync(path("card.md"), content);
    const lint = await mlsign("card", "lint", "card.md");
    t.is(lint.exit, 1);
    t.regex(lint.out + lint.err, message);
    t.is((await mlsign("card", "attest", "model", "--card", "card.md", ...KEY)).exit, 1);
    t.throws(() => readFileSync(path("model/claims.jsonl")), { code: "ENOENT" });
  });
}

test("mlsign card convert writes data to stdout or a file, and names what is lost", async (t) => {
  const { mlsign } = await withCard(t);
  const { exit, out, err } = await mlsign("card", "convert", "card.md", "--to", "cyclonedx");
  t.is(exit, 0);
  t.like(JSON.parse(out), { modelParameters: { task: "tabular-classification" } });
  t.regex(err, /^mlsign: lost: cyclonedx has no place for licenses$/m);
  const file = await mlsign("card", "convert", "card.md", "--to", "toolkit", "-o", "card.json");
  t.is(file.out, "");
  t.regex(file.err, /^mlsign: wrote card\.json$/m);
  const back = await mlsign("card", "convert", "card.json", "--to", "huggingface");
  t.regex(back.out, /^---\n[^]*apache-2\.0/);
});

test("mlsign card convert takes the card out of a bill of materials", async (t) => {
  const { mlsign } = await withCard(t);
  await mlsign("sbom", "create", "model", "--card", "card.md", "-o", "bom.json");
  const { exit, out } = await mlsign("card", "convert", "bom.json", "--to", "toolkit");
  t.is(exit, 0);
  t.regex(out, /"description": "small"/);
});

test("mlsign card convert refuses what it cannot read, and to write over the card", async (t) => {
  const { mlsign, path } = await withCard(t);
  const convert = (...args: string[]) => mlsign("card", "convert", ...args);
  t.is((await convert("card.md", "--to", "pdf")).exit, 2);
  t.is((await convert("gone.md", "--to", "toolkit")).exit, 2);
  t.is((await convert("eval.json", "--to", "toolkit")).exit, 2);
  symlinkSync("card.md", path("link.md"));
  t.is((await convert("card.md", "--to", "cyclonedx", "-o", "link.md")).exit, 2);
  t.is(readFileSync(path("card.md"), "utf8"), CARD);
  writeFileSync(path("twice.json"), '{"model_details": {}, "model_details": {}}');
  t.is((await convert("twice.json", "--from", "toolkit", "--to", "huggingface")).exit, 1);
  writeFileSync(path("none.md"), "# no front matter\n");
  t.is((await convert("none.md", "--to", "toolkit")).exit, 2);
});

for (const model of ["model", "model.onnx"]) {
  test(`mlsign card attest signs a card of ${model}, and card verify finds it`, async (t) => {
    const { mlsign } = await withCard(t);
    const attest = ["card", "attest", model, "--card", "card.md", ...KEY];
    const done = await mlsign(...attest, "--json");
    t.is(done.exit, 0, done.err);
    t.like(JSON.parse(done.out), { added: 1, evidence: { card: "card.md", sha256: sha256(CARD) } });
    t.regex((await mlsign(...attest)).err, /holds this claim already/);
    const verified = await mlsign("card", "verify", "card.md", "--model", model, ...PUB);
    t.is(verified.exit, 0, verified.out);
    t.regex(verified.out, /PASS +card-match +the card is the one that was signed for this model/);
  });
}

test("mlsign card verify needs no weights where the root is known", async (t) => {
  const { mlsign, path } = await withCard(t);
  await mlsign("card", "attest", "model.onnx", "--card", "card.md", ...KEY);
  const root = (await mlsign("digest", "model.onnx")).out.trim();
  const claims = readFileSync(path("model.onnx.claims.jsonl"));
  mkdirSync(path("audit"));
  writeFileSync(path("audit/model.onnx.card.md"), CARD);
  const verify = ["card", "verify", "audit/model.onnx.card.md", "--root", root, ...PUB];
  t.is((await mlsign(...verify)).exit, 2);
  t.is((await mlsign(...verify, "--claims", "gone.jsonl")).exit, 2);
  t.is((await mlsign(...verify, "--claims", "model.onnx.claims.jsonl")).exit, 0);
  writeFileSync(path("audit/model.onnx.claims.jsonl"), claims);
  const { exit, out } = await mlsign(...verify);
  t.is(exit, 0, out);
  t.regex(out, /NOTE +claim-subject +a root binds contents and not names/);
  const other = root.replace(/.$/, (last) => (last === "0" ? "1" : "0"));
  t.is(
    (await mlsign("card", "verify", "audit/model.onnx.card.md", "--root", other, ...PUB)).exit,
    1,
  );
});

/** [what, how, what is said] */
const FORGED: readonly (readonly [string, (user: Shell) => void | Promise<unknown>, RegExp])[] = [
  [
    "a changed card",
    ({ path }) => appendFileSync(path("card.md"), "\nIt is safe.\n"),
    /which is not that of card\.md in the claim\s+at: model\/claims\.jsonl:1[^]*no trusted signer signed this card/,
  ],
  [
    "a changed model",
    ({ path }) => writeFileSync(path("model/config.json"), '{"x":1}'),
    /no trusted signer signed this card/,
  ],
  [
    "a model of the same contents under other names",
    ({ path }) => renameSync(path("model/notes.txt"), path("model/notes2.txt")),
    /under other\s+names/,
  ],
  [
    "a damaged line",
    ({ path }) => appendFileSync(path("model/claims.jsonl"), "{\n"),
    /FAIL +claim-form/,
  ],
  [
    "a claim of somebody else alone",
    async ({ path, mlsign }) => {
      writeFileSync(path("model/claims.jsonl"), "");
      await mlsign("keygen", "--out", "other");
      await mlsign("card", "attest", "model", "--card", "card.md", "--key", "other.key");
    },
    /is not by a\s+trusted signer/,
  ],
];
for (const [what, forge, message] of FORGED) {
  test(`mlsign card verify refuses ${what}`, async (t) => {
    const user = await withCard(t);
    await user.mlsign("card", "attest", "model", "--card", "card.md", ...KEY);
    await forge(user);
    const { exit, out } = await user.mlsign(
      "card",
      "verify",
      "card.md",
      "--model",
      "model",
      ...PUB,
    );
    t.is(exit, 1, out);
    t.regex(out, message);
  });
}

test("mlsign card verify tells what others signed, which does not undo a trusted claim", async (t) => {
  const { mlsign, path } = await withCard(t);
  await mlsign("keygen", "--out", "other");
  writeFileSync(path("old.md"), CARD.replace("small", "tiny"));
  for (const [card, key] of [
    ["card.md", "other.key"],
    ["old.md", "k.key"],
    ["card.md", "k.key"],
  ] as const) {
    await mlsign("card", "attest", "model", "--card", card, "--key", key);
  }
  const { exit, out } = await mlsign("card", "verify", "card.md", "--model", "model", ...PUB);
  t.is(exit, 0, out);
  t.regex(out, /WARN +claim-valid/);
  t.regex(out, /WARN +card-match +the card has SHA-256/);
});

test("mlsign card and sbom verify leave out what was left out, and read archives", async (t) => {
  const { mlsign, path } = await withCard(t);
  create({ file: path("m.tar"), cwd: path("."), sync: true }, ["model"]);
  for (const [model, how] of [
    ["model", ["--ignore-path", "model/notes.txt"]],
    ["m.tar", ["--archive"]],
  ] as const) {
    await mlsign("sbom", "create", model, "--card", "card.md", "-o", "bom.json", ...how);
    t.is((await mlsign("sbom", "attest", model, "--sbom", "bom.json", ...how, ...KEY)).exit, 0);
    t.is((await mlsign("card", "attest", model, "--card", "card.md", ...how, ...KEY)).exit, 0);
    for (const [args, exit] of [
      [how, 0],
      [[], 1],
    ] as const) {
      const card = await mlsign("card", "verify", "card.md", "--model", model, ...args, ...PUB);
      t.is(card.exit, exit, card.out);
      t.is((await mlsign("sbom", "verify", model, ...args, ...PUB)).exit, exit);
    }
  }
});

test("mlsign card and sbom verify do not decide by claims that bind no names", async (t) => {
  const { mlsign, path } = await withCard(t);
  await mlsign("sbom", "create", "model", "--card", "card.md", "-o", "bom.json");
  await mlsign("sbom", "attest", "model", "--sbom", "bom.json", ...KEY);
  await mlsign("card", "attest", "model", "--card", "card.md", ...KEY);
  const key = createPrivateKey(readFileSync(path("k.key")));
  const lines = readFileSync(path("model/claims.jsonl"), "utf8").trimEnd().split("\n");
  t.is(lines.length, 2);
  const unbound = lines.map((line) => withoutNames(line, key));
  writeFileSync(path("model/claims.jsonl"), `${unbound.join("\n")}\n`);
  for (const args of [
    ["card", "verify", "card.md", "--model", "model"],
    ["sbom", "verify", "model"],
  ]) {
    const { exit, out } = await mlsign(...args, ...PUB);
    t.is(exit, 3, out);
    t.regex(out, /UNKNOWN +claim-subject [^]*binds no/);
    await mlsign("keygen", "--out", "other");
    t.is((await mlsign(...args, "--key", "other.pub")).exit, 1);
    // The manifest that the same signer signed binds the names.
    await mlsign("sign", "model", "--signature", "model/model.sig", ...KEY);
    t.is((await mlsign(...args, ...PUB)).exit, 0);
    renameSync(path("model/config.json"), path("model/config2.json"));
    t.not((await mlsign(...args, ...PUB)).exit, 0);
    renameSync(path("model/config2.json"), path("model/config.json"));
    rmSync(path("model/model.sig"));
  }
});

/** The same claim as another tool makes it: its subject has the root alone. */
function withoutNames(line: string, key: KeyObject): string {
  const bundle = JSON.parse(line) as {
    dsseEnvelope: { payload: string; payloadType: string; signatures: { sig: string }[] };
  };
  const { dsseEnvelope: envelope } = bundle;
  const statement = JSON.parse(Buffer.from(envelope.payload, "base64").toString()) as {
    subject: { annotations?: unknown }[];
  };
  for (const subject of statement.subject) delete subject.annotations;
  const payload = Buffer.from(JSON.stringify(statement));
  envelope.payload = payload.toString("base64");
  const [signature] = envelope.signatures;
  if (signature)
    signature.sig = sign("sha256", pae(envelope.payloadType, payload), key).toString("base64");
  return JSON.stringify(bundle);
}

test("mlsign card verify wants a model or a root, and somebody to trust", async (t) => {
  const { mlsign } = await withCard(t);
  const verify = (...args: string[]) => mlsign("card", "verify", "card.md", ...args);
  t.regex((await verify("--model", "model")).err, /nobody was named to trust/);
  t.is((await verify(...PUB)).exit, 2);
  t.is((await verify("--model", "model", "--root", "a".repeat(64), ...PUB)).exit, 2);
  t.is((await verify("--root", "abc", "--claims", "card.md", ...PUB)).exit, 2);
  t.is((await verify("--model", "gone", ...PUB)).exit, 2);
});

test("mlsign card attest compares with the bill of materials that the claims hold", async (t) => {
  const { mlsign, path } = await withCard(t);
  await mlsign("sbom", "create", "model", "--card", "card.md", "-o", "bom.json");
  t.is((await mlsign("sbom", "attest", "model", "--sbom", "bom.json", ...KEY)).exit, 0);
  const good = await mlsign("card", "attest", "model", "--card", "card.md", ...KEY);
  t.is(good.exit, 0, good.out);
  t.regex(good.err, /compared with the bill of materials in line 1/);
  writeFileSync(path("card.md"), CARD.replace("name: fraud-net,", "name: fraud-net2,"));
  const bad = await mlsign("card", "attest", "model", "--card", "card.md", ...KEY);
  t.is(bad.exit, 1);
  t.regex(bad.out, /MC012/);
  t.regex(bad.err, /nothing was signed/);
});

test("mlsign card attest of a card in the model names it by its path there", async (t) => {
  const { mlsign, path } = await withCard(t);
  writeFileSync(path("model/README.md"), CARD);
  const done = await mlsign("card", "attest", "model", "--card", "model/README.md", ...KEY);
  t.is(done.exit, 0, done.out);
  const claim = JSON.parse(readFileSync(path("model/claims.jsonl"), "utf8")) as {
    dsseEnvelope: { payload: string };
  };
  const { predicate } = JSON.parse(
    Buffer.from(claim.dsseEnvelope.payload, "base64").toString(),
  ) as { predicate: unknown };
  t.deepEqual(predicate, {
    attester: { id: "urn:mlsign:card:v1" },
    references: [
      { name: "README.md", digest: { sha256: sha256(CARD) }, mediaType: "text/markdown" },
    ],
  });
});
