import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { readWaivers } from "@mlsign/scan";
import { Ajv2020 } from "ajv/dist/2020.js";
import test, { type ExecutionContext } from "ava";
import { zip } from "../packages/scan/test/archives.ts";
import { onnx, safetensors } from "../packages/scan/test/numbers.ts";
import { calling } from "../packages/scan/test/pickle-assembler.ts";
import { type Shell, shell } from "./shell.ts";

const EVIL = calling("os", "system", "id");
const MINE = calling("my.module", "load", "x");
const GOOD = safetensors(
  { a: { dtype: "U8", shape: [3], data_offsets: [0, 3] } },
  Buffer.from("abc"),
);
const KEY = ["--key", "k.key"];

/** A folder with a key, and a model of SafeTensors with its configuration. */
async function user(t: ExecutionContext): Promise<Shell> {
  const it = shell(t);
  await it.mlsign("keygen", "--out", "k");
  mkdirSync(it.path("good"));
  writeFileSync(it.path("good/model.safetensors"), GOOD);
  writeFileSync(it.path("good/config.json"), '{"model_type": "bert"}\n');
  writeFileSync(it.path("good/README.md"), "# A model\n");
  writeFileSync(it.path("evil.pt"), zip([{ name: "m/data.pkl", data: EVIL }]));
  writeFileSync(it.path("mine.pkl"), MINE);
  return it;
}

test("mlsign scan says of each file what loading it would do", async (t) => {
  const { mlsign } = await user(t);
  const good = await mlsign("scan", "good");
  t.is(good.exit, 0);
  t.is(
    good.out,
    `PASS  scan-safe  good/README.md runs nothing (text)
PASS  scan-safe  good/config.json runs nothing (json, text)
PASS  scan-safe  good/model.safetensors runs nothing (safetensors)

good: accepted (3 pass)
`,
  );
  const evil = await mlsign("scan", "good", "evil.pt");
  t.is(evil.exit, 1);
  t.regex(evil.out, /^FAIL {2}scan-code {2}evil\.pt calls os\.system \(in m\/data\.pkl\)$/m);
  t.regex(evil.out, /fix: do not load it/);
  for (const { out } of [good, evil]) {
    t.true(out.split("\n").every((line) => line.length <= 80));
  }
});

test("mlsign scan refuses what is not understood, and what nobody reviewed", async (t) => {
  const { mlsign } = await user(t);
  const noise = await mlsign("scan", "model");
  t.is(noise.exit, 1);
  t.regex(noise.out, /^FAIL {2}scan-understood {2}model\/sub\/weights\.bin is of no format/m);
  const mine = await mlsign("scan", "mine.pkl");
  t.is(mine.exit, 1);
  t.regex(mine.out, /^FAIL {2}scan-imports {2}mine\.pkl calls my\.module\.load/m);
});

test("mlsign scan takes a waiver of the bytes, and tells it", async (t) => {
  const { mlsign, path } = await user(t);
  const waive = (more: object): void =>
    writeFileSync(
      path("waivers.json"),
      JSON.stringify({
        schema: "urn:mlsign:scan-waivers:v1",
        waivers: [
          {
            sha256: createHash("sha256").update(MINE).digest("hex"),
            reason: "our own loader",
            expires: "2099-01-01",
            ...more,
          },
        ],
      }),
    );
  waive({ import: "my.module.load" });
  const waived = await mlsign("scan", "mine.pkl", "--waivers", "waivers.json");
  t.is(waived.exit, 0, waived.out);
  t.regex(waived.out, /^NOTE {2}scan-imports {2}mine\.pkl calls my\.module\.load/m);
  t.regex(waived.out.replaceAll(/\s+/g, " "), /waived until 2099-01-01: our own loader/);

  waive({ expires: "2020-01-01" });
  const expired = await mlsign("scan", "mine.pkl", "--waivers", "waivers.json");
  t.is(expired.exit, 1);
  t.regex(expired.out, /^WARN {2}scan-waiver +the waiver for mine\.pkl expired on 2020-01-01$/m);

  waive({ reason: "" });
  const broken = await mlsign("scan", "mine.pkl", "--waivers", "waivers.json");
  t.is(broken.exit, 2);
  t.regex(broken.err, /waivers\[0\] has no reason/);
  t.is((await mlsign("scan", "mine.pkl", "--waivers", "missing.json")).exit, 2);
});

test("mlsign scan --json holds each file's digest, formats and observations", async (t) => {
  const { mlsign } = await user(t);
  const { exit, out } = await mlsign("scan", "evil.pt", "--json");
  t.is(exit, 1);
  const { verdict, facts } = JSON.parse(out) as {
    verdict: string;
    facts: { kind: string; value: { allowList: string; files: object[] } }[];
  };
  t.is(verdict, "refused");
  t.is(facts[0]?.kind, "scan");
  t.regex(facts[0]?.value.allowList ?? "", /^[0-9a-f]{64}$/);
  t.like(facts[0]?.value.files[0], {
    path: "evil.pt",
    verdict: "dangerous",
    formats: ["zip", "torch-zip", "pickle"],
    observations: [
      { rule: "pickle-import", within: ["m/data.pkl"], import: { module: "os", name: "system" } },
    ],
  });
});

test("mlsign scan --sarif names the files from the working directory", async (t) => {
  const { mlsign, path } = await user(t);
  writeFileSync(path("good/extra.pkl"), EVIL);
  const { exit, out } = await mlsign("scan", "./good/", "--sarif");
  t.is(exit, 1);
  const { runs } = JSON.parse(out) as {
    runs: {
      results: {
        ruleId: string;
        locations: { physicalLocation: { artifactLocation: { uri: string } } }[];
      }[];
    }[];
  };
  t.deepEqual(
    runs[0]?.results.map(({ ruleId, locations }) => [
      ruleId,
      locations[0]?.physicalLocation.artifactLocation.uri,
    ]),
    [["scan-code", "good/extra.pkl"]],
  );
});

test("mlsign scan follows links as the manifest does, and exits by what it could do", async (t) => {
  const { mlsign, path } = await user(t);
  symlinkSync("model.safetensors", path("good/link.safetensors"));
  t.is((await mlsign("scan", "good")).exit, 1);
  t.is((await mlsign("scan", "good", "--allow-symlinks")).exit, 0);
  t.is((await mlsign("scan", "missing")).exit, 2);
  t.is((await mlsign("scan")).exit, 2);
  t.is((await mlsign("scan", "good", "--format", "nope")).exit, 2);
  t.is((await mlsign("scan", "good", "--ignore-path", "link.safetensors")).exit, 0);
});

test("mlsign scan judges data beside an ONNX model with it", async (t) => {
  const { mlsign, path } = await user(t);
  mkdirSync(path("big"));
  writeFileSync(path("big/model.onnx"), onnx({ location: "model.onnx.data" }));
  writeFileSync(path("big/model.onnx.data"), Buffer.from([0, 1, 2, 3, 0xff]));
  t.is((await mlsign("scan", "big")).exit, 0);
  const alone = await mlsign("scan", "big/model.onnx");
  t.is(alone.exit, 1);
  t.regex(
    alone.out.replaceAll(/\s+/g, " "),
    /takes data from "model.onnx.data", which is not part/,
  );
});

test("mlsign scan attest signs the outcome, and refuses to sign a bad one", async (t) => {
  const { mlsign, path } = await user(t);
  const done = await mlsign("scan", "attest", "good", ...KEY);
  t.is(done.exit, 0, done.err);
  t.regex(done.err, /added the scan to good\/claims\.jsonl/);
  const claim = statementOf(readFileSync(path("good/claims.jsonl"), "utf8"));
  t.is(claim.predicateType, "https://in-toto.io/attestation/test-result/v0.1");
  t.like(claim.predicate, {
    result: "PASSED",
    passedTests: ["README.md", "config.json", "model.safetensors"],
    failedTests: [],
  });
  t.is(claim.predicate.configuration[0]?.uri, "urn:mlsign:check:scan:v1");
  t.regex(claim.predicate.configuration[1]?.digest?.sha256 ?? "", /^[0-9a-f]{64}$/);
  t.regex(
    (await mlsign("scan", "attest", "good", ...KEY)).err,
    /added the scan|holds this claim already/,
  );

  mkdirSync(path("conf"));
  writeFileSync(path("conf/scan.yaml"), "waivers: w.json\n");
  const document = {
    schema: "urn:mlsign:scan-waivers:v1",
    waivers: [
      {
        sha256: createHash("sha256").update(MINE).digest("hex"),
        reason: "ours",
        expires: "2099-01-01",
      },
    ],
  };
  writeFileSync(path("conf/w.json"), JSON.stringify(document));
  const waived = await mlsign("scan", "attest", "mine.pkl", ...KEY, "--config", "conf/scan.yaml");
  t.is(waived.exit, 0, waived.err);
  const own = statementOf(readFileSync(path("mine.pkl.claims.jsonl"), "utf8")).predicate;
  t.is(own.result, "WARNED");
  t.is(own.configuration[2]?.name, "waivers");

  const refused = await mlsign("scan", "attest", "evil.pt", ...KEY);
  t.is(refused.exit, 1);
  t.regex(refused.err, /nothing was signed/);
  t.false(existsSync(path("evil.pt.claims.jsonl")));
});

test("mlsign sign refuses what does harm, and --allow-unsafe records why", async (t) => {
  const { mlsign, path } = await user(t);
  const refused = await mlsign("sign", "evil.pt", ...KEY);
  t.is(refused.exit, 1);
  t.regex(refused.out, /^FAIL {2}scan-code {2}evil\.pt calls os\.system/m);
  t.regex(refused.err, /nothing was signed/);
  t.false(existsSync(path("evil.pt.sig")));

  const reason = "sample for the red team";
  const signed = await mlsign("sign", "evil.pt", ...KEY, "--allow-unsafe", reason, "--json");
  t.is(signed.exit, 0, signed.err);
  t.like(JSON.parse(signed.out), { scan: { dangerous: 1, allowUnsafe: reason } });
  const { predicate } = statementOf(readFileSync(path("evil.pt.claims.jsonl"), "utf8"));
  t.is(predicate.result, "FAILED");
  t.is(predicate.configuration[0]?.annotations?.allowUnsafe, reason);
  t.is((await mlsign("verify", "evil.pt", "--key", "k.pub")).exit, 0);
  t.is((await mlsign("sign", "evil.pt", ...KEY, "--allow-unsafe", " ")).exit, 2);
});

test("mlsign sign --allow-unsafe works with other digests, and says where it was not needed", async (t) => {
  const { mlsign, path } = await user(t);
  const signed = await mlsign(
    "sign",
    "evil.pt",
    ...KEY,
    "--hash",
    "blake2b",
    "--allow-unsafe",
    "x",
  );
  t.is(signed.exit, 0, signed.err);
  t.true(existsSync(path("evil.pt.claims.jsonl")));
  const needless = await mlsign("sign", "good", ...KEY, "--allow-unsafe", "x");
  t.is(needless.exit, 0);
  t.regex(needless.err, /--allow-unsafe was not needed/);
  t.false(existsSync(path("good/claims.jsonl")));
});

test("mlsign sign tells what is not known to be safe, and signs it", async (t) => {
  const { mlsign } = await user(t);
  const { exit, err } = await mlsign("sign", "mine.pkl", ...KEY);
  t.is(exit, 0);
  t.regex(err, /not known to be safe to load: 1 unknown-import \(see mlsign scan\)/);
  t.notRegex((await mlsign("sign", "good", ...KEY)).err, /not known to be safe/);
});

test("mlsign sign looks into the archive that it signs the tree of", async (t) => {
  const { mlsign, path } = await user(t);
  const { tar } = await import("../packages/scan/test/archives.ts");
  writeFileSync(path("m.tar"), tar([{ name: "model.pkl", data: EVIL }]));
  t.is((await mlsign("sign", "m.tar", "--archive", ...KEY)).exit, 1);
});

test("the schema of waivers takes what is read, and nothing else", (t) => {
  const file = new URL("../packages/cli/schemas/scan-waivers.v1.schema.json", import.meta.url);
  const schema = JSON.parse(readFileSync(file, "utf8")) as object;
  const validate = new Ajv2020({ strict: true }).compile(schema);
  const good = { sha256: "a".repeat(64), reason: "ours", expires: "2027-01-01" };
  const rows: [object, boolean][] = [
    [good, true],
    [{ ...good, import: "my.module.Name" }, true],
    [{ ...good, import: "Name" }, false],
    [{ ...good, import: "my.module *" }, false],
    [{ ...good, sha256: "A".repeat(64) }, false],
    [{ ...good, reason: "\t" }, false],
    [{ ...good, expires: "soon" }, false],
    [{ ...good, more: 1 }, false],
    [{ sha256: good.sha256, expires: good.expires }, false],
  ];
  for (const [waiver, wanted] of rows) {
    const document = { schema: "urn:mlsign:scan-waivers:v1", waivers: [waiver] };
    t.is(validate(document), wanted, JSON.stringify(document));
    const read = (): unknown => readWaivers(Buffer.from(JSON.stringify(document)));
    if (wanted) t.notThrows(read);
    else t.throws(read);
  }
});

interface Statement {
  readonly predicateType: string;
  readonly predicate: {
    readonly result: string;
    readonly configuration: readonly {
      readonly uri?: string;
      readonly name?: string;
      readonly digest?: { readonly sha256: string };
      readonly annotations?: { readonly allowUnsafe?: string };
    }[];
  };
}

function statementOf(lines: string): Statement {
  const { dsseEnvelope } = JSON.parse(lines.split("\n")[0] ?? "") as {
    dsseEnvelope: { payload: string };
  };
  return JSON.parse(Buffer.from(dsseEnvelope.payload, "base64").toString()) as Statement;
}
