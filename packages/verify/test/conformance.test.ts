import { createHash, createPublicKey } from "node:crypto";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseBundle } from "@mlsign/bundle";
import { decide, type Finding, finding, messageOf } from "@mlsign/core";
import { type Trust, verifyArtifact } from "@mlsign/verify";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import seeds from "@sigstore/tuf/seeds.json" with { type: "json" };
import test from "ava";

const VECTORS = resolve(import.meta.dirname, "../../../../shared/vectors/sigstore-conformance");
const IDENTITY =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER = "https://token.actions.githubusercontent.com";
const PUBLIC_ROOT = Buffer.from(
  Object.values(seeds)[0]?.targets["trusted_root.json"] ?? "",
  "base64",
).toString();

if (existsSync(VECTORS)) {
  for (const file of globSync(join(VECTORS, "*/bundle.sigstore.json"))) vector(dirname(file));
} else {
  const name = "verifyArtifact() agrees with the public conformance vectors";
  if (process.env["CI"]) test(name, (t) => t.fail("../shared/vectors is absent"));
  else test.skip(`${name}: ../shared/vectors is absent`, (t) => t.pass());
}

function vector(folder: string): void {
  const name = basename(folder);
  const wanted = name.endsWith("_fail") ? "refused" : "accepted";
  test(`verifyArtifact() says ${wanted} to ${name}`, async (t) => {
    const findings = await run(folder);
    t.is(decide(findings), wanted, JSON.stringify(findings, null, 1));
    if (wanted === "refused") t.log(findings.find((f) => f.outcome === "fail")?.message ?? "");
  });
}

async function run(folder: string): Promise<readonly Finding[]> {
  const read = (file: string): string | undefined =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8").trim() : undefined;
  const artifact = existsSync(join(folder, "artifact"))
    ? join(folder, "artifact")
    : join(VECTORS, "a.txt");
  const key = read("key.pub");
  const trustedRoot = TrustedRoot.fromJSON(JSON.parse(read("trusted_root.json") ?? PUBLIC_ROOT));
  try {
    const trust: Trust =
      key === undefined
        ? {
            method: "keyless",
            trustedRoot,
            identity: {
              identity: { exact: read("identity") ?? IDENTITY },
              issuer: read("issuer") ?? ISSUER,
            },
          }
        : { method: "key", key: createPublicKey(key), trustedRoot };
    const bundle = parseBundle(readFileSync(join(folder, "bundle.sigstore.json")));
    const result = await verifyArtifact(bundle, trust, {
      now: new Date(),
      acceptV01: true,
      statements: "any",
      digest: async (algorithm) => createHash(algorithm).update(readFileSync(artifact)).digest(),
    });
    return result.findings;
  } catch (error) {
    return [finding("bundle-form", "fail", messageOf(error))];
  }
}
