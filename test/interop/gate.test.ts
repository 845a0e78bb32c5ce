/** Three identities of a private Sigstore sign, approve and promote; SLSA's own verifier reads the summary. */
import { readFileSync } from "node:fs";
import test from "ava";
import { type PrivateSigstore, SIGSTORE_PEERS } from "../../scripts/peers.ts";
import { slsaVerifier } from "../../scripts/peers/slsa-verifier.ts";
import { available, MLSIGN, NODE, sharedSigstore, workshop } from "./cells.ts";

const WORKFLOW = "https://ci.example.com/acme/models/train.yml@refs/heads/main";

let sigstore: PrivateSigstore | undefined;
test.before(async () => {
  sigstore = await sharedSigstore();
});
test.after.always(async () => sigstore?.stop());

const policy = (
  trainer: string,
  trust: string,
  approver: string,
): string => `schema: urn:mlsign:policy:v1
name: prod
version: 1
expires: 2100-01-01T00:00:00Z
mode: enforce
target: { to: prod }
trust: ${trust}
identities:
  trainer: ${trainer}
  approver: ${approver}
require:
  - { id: signature, type: signature, by: [trainer] }
  - { id: approval, type: approval, by: [approver], distinctFrom: [signature], properties: [MLSIGN_APPROVED_PROD] }
`;

test("a workflow signs, a person approves, another workflow promotes, and none does another's part", async (t) => {
  if (!(await available(t, { peers: [...SIGSTORE_PEERS] })) || !sigstore) return;
  const { trustConfig, token, urls } = sigstore;
  const shop = await workshop(t);
  shop.write("model.bin", "weights");
  const trainer = `{ issuer: "${urls.ciIssuer}", subject: "${WORKFLOW}" }`;
  const approver = `{ issuer: "${urls.issuer}", subjectIn: [alice@example.com] }`;
  shop.write("policy.yaml", policy(trainer, "{ transparency: log }", approver));
  const as = (identity: string) => [
    "--trust-config",
    trustConfig,
    "--identity-token",
    token(identity),
    "--yes",
  ];
  const judge = [
    [
      "verify",
      "model.bin",
      "--policy",
      "policy.yaml",
      "--to",
      "prod",
      "--trust-config",
      trustConfig,
    ],
  ];
  await shop.ok(NODE, MLSIGN, "sign", "model.bin", as(WORKFLOW));
  await shop.ok(NODE, MLSIGN, "approve", "model.bin", "--to", "prod", as("mallory@example.com"));
  await shop.refused(/mallory@example\.com/, NODE, MLSIGN, judge);
  await shop.ok(NODE, MLSIGN, "approve", "model.bin", "--to", "prod", as("alice@example.com"));
  await shop.ok(NODE, MLSIGN, judge);
  const promoter = WORKFLOW.replace("train", "deploy");
  const promote = ["promote", "model.bin", "--policy", "policy.yaml", "--to", "prod"];
  await shop.ok(NODE, MLSIGN, promote, as(promoter));
  const vsa = [
    "verify",
    "model.bin",
    "--vsa",
    "--trust-config",
    trustConfig,
    "--certificate-oidc-issuer",
    urls.ciIssuer,
  ];
  await shop.ok(
    NODE,
    MLSIGN,
    vsa,
    "--to",
    "prod",
    "--max-age",
    "1d",
    "--certificate-identity",
    promoter,
  );
  await shop.refused(
    /no promotion/,
    NODE,
    MLSIGN,
    vsa,
    "--to",
    "prod",
    "--certificate-identity",
    WORKFLOW,
  );
  await shop.refused(
    /no promotion/,
    NODE,
    MLSIGN,
    vsa,
    "--to",
    "staging",
    "--certificate-identity",
    promoter,
  );
});

test("slsa-verifier takes the summary of a promotion by its bare envelope, and no other", async (t) => {
  const found = await slsaVerifier();
  if ("reason" in found) return t.fail(found.reason);
  const shop = await workshop(t);
  shop.write("model.bin", "weights");
  for (const name of ["k", "ana", "cd"]) await shop.ok(NODE, MLSIGN, "keygen", "--out", name);
  const pem = (name: string): string =>
    JSON.stringify(readFileSync(shop.path(`${name}.pub`), "utf8"));
  const identity = (name: string): string => `{ publicKey: ${pem(name)} }`;
  const trust = "{ transparency: none, reason: a private network }";
  shop.write("policy.yaml", policy(identity("k"), trust, identity("ana")));
  await shop.ok(NODE, MLSIGN, "sign", "model.bin", "--key", "k.key");
  await shop.ok(NODE, MLSIGN, "approve", "model.bin", "--to", "prod", "--key", "ana.key");
  const promote = ["promote", "model.bin", "--policy", "policy.yaml", "--to", "prod"];
  await shop.ok(NODE, MLSIGN, promote, "--key", "cd.key", "--dsse", "vsa.json");
  const root = (await shop.ok(NODE, MLSIGN, "digest", "model.bin")).stdout.split("\n")[0] ?? "";
  t.regex(root, /^sha256:[0-9a-f]{64}$/);
  const verify = (change: Partial<Record<"digest" | "resource" | "level" | "key", string>>) => [
    ["verify-vsa", "--attestation-path", "vsa.json"],
    ["--subject-digest", change.digest ?? root],
    ["--verifier-id", "urn:mlsign:verifier:promote:v1"],
    ["--resource-uri", change.resource ?? "urn:mlsign:target:prod"],
    ["--verified-level", change.level ?? "MLSIGN_PROMOTED_PROD"],
    ["--public-key-path", change.key ?? "cd.pub"],
  ];
  await shop.ok(found.program, verify({}));
  await shop.refused(/not found/, found.program, verify({ digest: `sha256:${"0".repeat(64)}` }));
  await shop.refused(/mismatch/, found.program, verify({ resource: "urn:mlsign:target:staging" }));
  await shop.refused(/not found/, found.program, verify({ level: "SLSA_BUILD_LEVEL_3" }));
  await shop.refused(/no valid signature/, found.program, verify({ key: "k.pub" }));
});
