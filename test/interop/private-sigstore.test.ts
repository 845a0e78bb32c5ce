/** The peers among themselves: what fails here is the stage, not mlsign. */
import { generateKeyPairSync } from "node:crypto";
import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { type PrivateSigstore, SIGSTORE_PEERS } from "../../scripts/peers.ts";
import { available, sharedSigstore, VECTORS, workshop, writeModel } from "./cells.ts";

const PERSON = "alice@example.com";
const WORKFLOW = "https://ci.example.com/acme/models/train.yml@refs/heads/main";

let sigstore: PrivateSigstore | undefined;
test.before(async () => {
  sigstore = await sharedSigstore();
});
test.afterEach.always((t) => {
  if (!t.passed && sigstore) t.log(sigstore.logs());
});
test.after.always(async () => sigstore?.stop());

for (const identity of [PERSON, WORKFLOW]) {
  test(`cosign signs a file as ${identity} and verifies it offline`, async (t) => {
    if (!(await available(t, { peers: ["cosign", ...SIGSTORE_PEERS] })) || !sigstore) return;
    const { trustedRoot, signingConfig, token, urls } = sigstore;
    const shop = await workshop(t);
    const { cosign } = shop.programs;
    shop.write("model.bin", "weights");
    await shop.ok(
      cosign,
      ["sign-blob", "--yes", "--bundle", "model.bin.sigstore.json"],
      ["--signing-config", signingConfig, "--trusted-root", trustedRoot],
      ["--identity-token", token(identity), "model.bin"],
    );
    const issuer = identity === PERSON ? urls.issuer : urls.ciIssuer;
    const verify = [
      ["verify-blob", "--bundle", "model.bin.sigstore.json", "--trusted-root", trustedRoot],
      ["--certificate-oidc-issuer", issuer],
    ];
    await shop.ok(cosign, verify, "--certificate-identity", identity, "model.bin");
    const other = ["--certificate-identity", "mallory@example.com", "model.bin"];
    await shop.refused(/expected SAN value/, cosign, verify, other);
  });
}

test("cosign and sigstore-python verify each other's bundles", async (t) => {
  const needs = { peers: ["cosign", "sigstore-python", ...SIGSTORE_PEERS] } as const;
  if (!(await available(t, needs)) || !sigstore) return;
  const { trustedRoot, signingConfig, trustConfig, token, urls } = sigstore;
  const shop = await workshop(t);
  const { cosign, sigstorePython } = shop.programs;
  shop.write("model.bin", "weights");
  await shop.ok(
    cosign,
    ["sign-blob", "--yes", "--bundle", "cosign.json"],
    ["--signing-config", signingConfig, "--trusted-root", trustedRoot],
    ["--identity-token", token(PERSON), "model.bin"],
  );
  await shop.ok(
    sigstorePython,
    ["--trust-config", trustConfig, "sign", "--identity-token", token(PERSON)],
    ["--bundle", "python.json", "model.bin"],
  );
  for (const bundle of ["cosign.json", "python.json"]) {
    await shop.ok(
      cosign,
      ["verify-blob", "--bundle", bundle, "--trusted-root", trustedRoot],
      ["--certificate-identity", PERSON, "--certificate-oidc-issuer", urls.issuer, "model.bin"],
    );
    await shop.ok(
      sigstorePython,
      ["--trust-config", trustConfig, "verify", "identity", "--offline", "--bundle", bundle],
      ["--cert-identity", PERSON, "--cert-oidc-issuer", urls.issuer, "model.bin"],
    );
  }
});

test("model_signing signs a directory keyless, and cosign reads it as an attestation", async (t) => {
  const needs = { peers: ["cosign", "model-signing", ...SIGSTORE_PEERS] } as const;
  if (!(await available(t, needs)) || !sigstore) return;
  const { trustedRoot, trustConfig, token, urls } = sigstore;
  const shop = await workshop(t);
  const { cosign, modelSigning } = shop.programs;
  const model = writeModel(shop);
  await shop.ok(
    modelSigning,
    ["sign", "sigstore", model, "--signature", "model.sig"],
    ["--trust_config", trustConfig, "--identity_token", token(WORKFLOW)],
  );
  const verify = [
    ["verify", "sigstore", model, "--signature", "model.sig", "--trust_config", trustConfig],
    ["--identity", WORKFLOW, "--identity_provider"],
  ];
  await shop.ok(modelSigning, verify, urls.ciIssuer);
  await shop.refused(/Verification failed/, modelSigning, verify, urls.issuer);

  const bundle = JSON.parse(readFileSync(shop.path("model.sig"), "utf8")) as Bundle;
  const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
  const { subject } = JSON.parse(payload) as { subject: [{ digest: { sha256: string } }] };
  await shop.ok(
    cosign,
    ["verify-blob-attestation", "--bundle", "model.sig", "--trusted-root", trustedRoot],
    ["--type", "https://model_signing/signature/v1.0"],
    ["--digest", subject[0].digest.sha256, "--digestAlg", "sha256"],
    ["--certificate-identity", WORKFLOW, "--certificate-oidc-issuer", urls.ciIssuer],
  );
});

interface Bundle {
  dsseEnvelope: { payload: string };
}

for (const namedCurve of ["P-256", "P-384", "P-521"]) {
  test(`model_signing signs with a ${namedCurve} key, and refuses a changed file`, async (t) => {
    if (!(await available(t, { peers: ["model-signing"] }))) return;
    const shop = await workshop(t);
    const { modelSigning } = shop.programs;
    const model = writeModel(shop);
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
    shop.write("key.pem", privateKey.export({ type: "pkcs8", format: "pem" }));
    shop.write("key.pub", publicKey.export({ type: "spki", format: "pem" }));
    await shop.ok(modelSigning, [
      "sign",
      "key",
      model,
      "--signature",
      "model.sig",
      "--private_key",
      "key.pem",
    ]);
    const verify = ["verify", "key", model, "--signature", "model.sig", "--public_key", "key.pub"];
    await shop.ok(modelSigning, verify);
    appendFileSync(shop.path("model/config.json"), " ");
    await shop.refused(/Hash mismatch for .*config\.json/, modelSigning, verify);
  });
}

test("model_signing signs with a certificate, and verifies by its root", async (t) => {
  const needs = { peers: ["model-signing"], vectors: ["oms/keys"] } as const;
  if (!(await available(t, needs))) return;
  const shop = await workshop(t);
  const { modelSigning } = shop.programs;
  const model = writeModel(shop);
  const file = (name: string): string => join(VECTORS, "oms/keys", name);
  await shop.ok(
    modelSigning,
    ["sign", "certificate", model, "--signature", "model.sig"],
    ["--private_key", file("certificate/signing-key.pem")],
    ["--signing_certificate", file("certificate/signing-key-cert.pem")],
    ["--certificate_chain", file("certificate/int-ca-cert.pem")],
    ["--certificate_chain", file("certificate/ca-cert.pem")],
  );
  const verify = ["verify", "certificate", model, "--signature", "model.sig"];
  await shop.ok(modelSigning, verify, "--certificate_chain", file("certificate/ca-cert.pem"));
  const other = ["--certificate_chain", file("wrong/wrong-ca-cert.pem")];
  await shop.refused(/Verification failed/, modelSigning, verify, other);
});

test("cosign signs with a key, with the log and without", async (t) => {
  if (!(await available(t, { peers: ["cosign", ...SIGSTORE_PEERS] })) || !sigstore) return;
  const { trustedRoot, signingConfig } = sigstore;
  const shop = await workshop(t, { COSIGN_PASSWORD: "password" });
  const { cosign } = shop.programs;
  shop.write("model.bin", "weights");
  const mediaType = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
  shop.write("none.json", JSON.stringify({ mediaType, rekorTlogConfig: {}, tsaConfig: {} }));
  await shop.ok(cosign, "generate-key-pair");
  for (const [name, config, ...flags] of [
    ["logged.json", signingConfig],
    ["unlogged.json", "none.json", "--insecure-ignore-tlog"],
  ] as [string, string, ...string[]][]) {
    await shop.ok(
      cosign,
      ["sign-blob", "--yes", "--key", "cosign.key", "--bundle", name],
      ["--signing-config", config, "model.bin"],
    );
    await shop.ok(
      cosign,
      ["verify-blob", "--key", "cosign.pub", "--bundle", name],
      ["--trusted-root", trustedRoot, ...flags, "model.bin"],
    );
  }
});
