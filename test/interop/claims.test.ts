/** cosign verifies mlsign's claims by the model's digest, with a key and no network. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { BomFacts } from "@mlsign/sbom";
import { createBom } from "@mlsign/sbom";
import test, { type ExecutionContext } from "ava";
import { available, MLSIGN, NODE, type Workshop, workshop, writeModel } from "./cells.ts";

const CONTAINER = `registry.example/train@sha256:${"6".repeat(64)}`;
const NEEDS = { peers: ["cosign"] } as const;
const TYPES = {
  lineage: "https://slsa.dev/provenance/v1",
  sbom: "https://cyclonedx.org/bom",
} as const;

interface Statement {
  readonly predicateType: string;
  readonly subject: readonly { readonly digest: Readonly<Record<string, string>> }[];
  readonly predicate: {
    readonly buildDefinition?: { readonly resolvedDependencies: readonly Dependency[] };
    readonly bomFormat?: string;
  };
}
interface Dependency {
  readonly digest: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, unknown>>;
}

/** A repository with data that DVC would know, a model, and its two claims, each in a file. */
async function claims(t: ExecutionContext, model: string): Promise<Workshop> {
  const shop = await workshop(t, {
    ...Object.fromEntries(
      ["AUTHOR", "COMMITTER"].flatMap((who) => [
        [`GIT_${who}_NAME`, "A"],
        [`GIT_${who}_EMAIL`, "a@example.com"],
      ]),
    ),
    GIT_CONFIG_NOSYSTEM: "1",
  });
  await shop.ok(NODE, MLSIGN, "keygen", "--out", "k");
  if (model === "model") writeModel(shop);
  else shop.write(model, "weights");
  shop.write("data.csv", "a,b\n");
  const md5 = createHash("md5").update("a,b\n").digest("hex");
  shop.write("data.csv.dvc", `outs:\n- md5: ${md5}\n  size: 4\n  hash: md5\n  path: data.csv\n`);
  shop.write(".gitignore", `/data.csv\n/${model}*\n/k.*\n/*.json\n/.sigstore\n`);
  await shop.ok("git", "init", "--quiet");
  await shop.ok("git", "add", ".gitignore", "data.csv.dvc");
  await shop.ok("git", "commit", "--quiet", "--message", "data");
  await shop.ok("git", "remote", "add", "origin", "https://git.example/acme/models.git");
  const key = ["--key", "k.key"];
  const source = ["--data", "data.csv.dvc", "--container", CONTAINER];
  await shop.ok(NODE, MLSIGN, "lineage", "record", model, source, key);
  shop.write("bom.json", (await createBom(FACTS)).json);
  await shop.ok(
    NODE,
    MLSIGN,
    "attest",
    model,
    "--type",
    TYPES.sbom,
    "--predicate",
    "bom.json",
    key,
  );
  return shop;
}

for (const model of ["model", "model.bin"]) {
  test(`cosign verifies the lineage and the bill of materials of ${model} by digest, and no other digest, type or key`, async (t) => {
    if (!(await available(t, NEEDS))) return;
    const shop = await claims(t, model);
    const { cosign } = shop.programs;
    const file = model === "model" ? "model/claims.jsonl" : `${model}.claims.jsonl`;
    const lines = readFileSync(shop.path(file), "utf8").trimEnd().split("\n");
    t.is(lines.length, 2);
    for (const [index, name] of (["lineage", "sbom"] as const).entries()) {
      const line = lines[index] ?? "";
      shop.write(`${name}.json`, line);
      const statement = statementOf(line);
      t.is(statement.predicateType, TYPES[name]);
      const root = statement.subject[0]?.digest.sha256 ?? "";
      const { stdout } = await shop.ok(NODE, MLSIGN, "digest", model, "--format", "root");
      t.is(stdout.trim(), `sha256:${root}`);
      const verify = ["verify-blob-attestation", "--bundle", `${name}.json`];
      // Bare: neither log nor timestamp, so that no root of trust is asked for either.
      const bare = ["--insecure-ignore-tlog", "--key", "k.pub"];
      const by = (digest: string, type: string) => [
        ["--digestAlg", "sha256", "--digest", digest],
        ["--type", type],
      ];
      const short = name === "lineage" ? "slsaprovenance1" : "cyclonedx";
      await shop.ok(cosign, verify, bare, by(root, short));
      await shop.ok(cosign, verify, bare, by(root, TYPES[name]));
      await shop.refused(/digest|subject/, cosign, verify, bare, by("0".repeat(64), short));
      const wrong = name === "lineage" ? "cyclonedx" : "slsaprovenance1";
      await shop.refused(/predicate/, cosign, verify, bare, by(root, wrong));
      await shop.ok(NODE, MLSIGN, "keygen", "--out", `other-${name}`);
      const other = ["--insecure-ignore-tlog", "--key", `other-${name}.pub`];
      await shop.refused(/signature/, cosign, verify, other, by(root, short));
      // A claim is about the root, which is not the digest of the one file.
      const blob = ["--type", short, "model.bin"];
      if (model === "model.bin") await shop.refused(/do not match/, cosign, verify, bare, blob);
    }
  });
}

test("the lineage that cosign verifies holds commit, data and container, each once", async (t) => {
  if (!(await available(t, NEEDS))) return;
  const shop = await claims(t, "model");
  const [line = ""] = readFileSync(shop.path("model/claims.jsonl"), "utf8").split("\n");
  const { predicate } = statementOf(line);
  const dependencies = predicate.buildDefinition?.resolvedDependencies ?? [];
  const commit = (await shop.ok("git", "rev-parse", "HEAD")).stdout.trim();
  t.deepEqual(
    Object.fromEntries(
      dependencies.map(({ annotations, digest }) => [annotations["mlsign.role"], digest]),
    ),
    {
      source: {
        gitCommit: commit,
        gitTree: (await shop.ok("git", "rev-parse", "HEAD^{tree}")).stdout.trim(),
      },
      dataset: {
        md5: createHash("md5").update("a,b\n").digest("hex"),
        sha256: createHash("sha256").update("a,b\n").digest("hex"),
      },
      container: { sha256: "6".repeat(64) },
    },
  );
  t.is(dependencies.length, 3);
});

function statementOf(line: string): Statement {
  const bundle = JSON.parse(line) as { dsseEnvelope: { payload: string } };
  return JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString()) as Statement;
}

const FACTS: BomFacts = {
  model: { name: "m", root: "a".repeat(64), files: [] },
  datasets: [{ name: "data.csv" }],
  dependencies: [],
  timestamp: new Date("2026-11-22T00:00:00Z"),
  tool: { name: "mlsign", version: "0.1.0" },
};
