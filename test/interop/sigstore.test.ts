/** mlsign, cosign and sigstore-python on the real private stack: Fulcio, CT log, TSA, Rekor v2. */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { sha256 } from "@mlsign/core";
import test from "ava";
import { type PrivateSigstore, SIGSTORE_PEERS } from "../../scripts/peers.ts";
import {
  type Args,
  available,
  MLSIGN,
  mlsignRefuses,
  NODE,
  sharedSigstore,
  type Workshop,
  workshop,
  writeModel,
} from "./cells.ts";

const PERSON = "alice@example.com";
const WORKFLOW = "https://ci.example.com/acme/models/train.yml@refs/heads/main";
const OMS_TYPE = "https://model_signing/signature/v1.0";
const SLSA = "https://slsa.dev/provenance/v1";
const NEEDS = { peers: ["cosign", "sigstore-python", ...SIGSTORE_PEERS] } as const;

let sigstore: PrivateSigstore | undefined;
test.before(async () => {
  sigstore = await sharedSigstore();
});
test.after.always(async () => sigstore?.stop());

function who(stage: PrivateSigstore, identity = PERSON, issuer = issuerOf(stage, identity)): Args {
  return ["--certificate-identity", identity, "--certificate-oidc-issuer", issuer];
}

function issuerOf({ urls }: PrivateSigstore, identity: string): string {
  return identity.includes("://") ? urls.ciIssuer : urls.issuer;
}

async function mlsignSigns(
  shop: Workshop,
  { trustConfig, token }: PrivateSigstore,
  model: string,
  identity: string,
): Promise<void> {
  shop.write("token", token(identity));
  const keyless = ["--trust-config", trustConfig, "--identity-token", "@token"];
  await shop.ok(NODE, MLSIGN, "sign", model, "--signature", "m.sig", keyless);
}

for (const identity of [PERSON, WORKFLOW]) {
  test(`mlsign signs as ${identity}, with Rekor v2 and a timestamp, and everybody verifies`, async (t) => {
    if (!(await available(t, NEEDS)) || !sigstore) return;
    const { trustedRoot, trustConfig } = sigstore;
    const shop = await workshop(t);
    const { cosign, sigstorePython } = shop.programs;
    const model = writeModel(shop);
    await mlsignSigns(shop, sigstore, model, identity);

    const bundle = JSON.parse(readFileSync(shop.path("m.sig"), "utf8")) as Bundle;
    const { tlogEntries, timestampVerificationData } = bundle.verificationMaterial;
    t.deepEqual(
      tlogEntries.map(({ kindVersion }) => kindVersion),
      [{ kind: "hashedrekord", version: "0.0.2" }],
    );
    t.is(timestampVerificationData.rfc3161Timestamps.length, 1);

    const required = ["--require-log", "--require-timestamp"];
    const root = ["--trusted-root", trustedRoot];
    const at = [model, "--signature", "m.sig"];
    await shop.ok(NODE, [MLSIGN, "verify"], at, root, required, who(sigstore, identity));
    const config = ["--trust-config", trustConfig];
    await shop.ok(NODE, [MLSIGN, "verify"], at, config, required, who(sigstore, identity));
    const pattern = [
      ["--certificate-identity-regexp", identity.replaceAll(/[.@:/]/g, "[$&]")],
      ["--certificate-oidc-issuer", issuerOf(sigstore, identity)],
    ];
    await shop.ok(NODE, [MLSIGN, "verify"], at, root, pattern);

    const digest = await rootOf(shop, model);
    const attestation = [
      ["verify-blob-attestation", "--bundle", "m.sig", "--trusted-root", trustedRoot],
      ["--type", OMS_TYPE, "--digestAlg", "sha256", "--digest"],
    ];
    await shop.ok(cosign, attestation, digest, who(sigstore, identity));
    const other = "0".repeat(64);
    await shop.refused(/digest|subject/, cosign, attestation, other, who(sigstore, identity));
    const python = [
      ["--trust-config", trustConfig, "verify", "identity", "--offline", "--bundle", "m.sig"],
      ["--cert-identity", identity, "--cert-oidc-issuer", issuerOf(sigstore, identity)],
    ];
    await shop.ok(sigstorePython, python, `sha256:${digest}`);
    await shop.refused(/FAIL|fail/i, sigstorePython, python, `sha256:${other}`);
  });
}

test("mlsign refuses the wrong identity, issuer, instance and file, each by its own code", async (t) => {
  if (!(await available(t, NEEDS)) || !sigstore) return;
  const { trustedRoot, urls } = sigstore;
  const shop = await workshop(t);
  const model = writeModel(shop);
  await mlsignSigns(shop, sigstore, model, PERSON);
  const at = [model, "--signature", "m.sig"];
  const root = ["--trusted-root", trustedRoot];
  for (const [code, ...args] of [
    ["identity-match", root, who(sigstore, "mallory@example.com", urls.issuer)],
    // A prefix, as an unanchored pattern would take it.
    ["identity-match", root, who(sigstore, "alice@example.co", urls.issuer)],
    ["issuer-match", root, who(sigstore, PERSON, urls.ciIssuer)],
    ["issuer-match", root, who(sigstore, PERSON, `${urls.issuer}/`)],
    // The public instance knows neither this authority nor this log.
    ["log-entry", who(sigstore)],
  ] as const) {
    await mlsignRefuses(t, shop, code, at, args);
  }
  const key = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey;
  shop.write("some.pub", key.export({ type: "spki", format: "pem" }));
  await mlsignRefuses(t, shop, "method-match", at, ["--key", "some.pub"]);
  shop.write("model/config.json", "{ }");
  await mlsignRefuses(t, shop, "file-changed", at, root, who(sigstore));
});

test("mlsign verifies without the network: nobody is asked, not even the log", async (t) => {
  if (!(await available(t, NEEDS)) || !sigstore) return;
  const shop = await workshop(t);
  const model = writeModel(shop);
  await mlsignSigns(shop, sigstore, model, PERSON);
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.writeHead(502).end();
  }).on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    socket.destroy();
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.teardown(() => proxy.close());
  const address = proxy.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  // Not even the loopback is spared.
  const env = { HTTP_PROXY: url, HTTPS_PROXY: url, http_proxy: url, https_proxy: url };
  const alone = await workshop(t, { ...env, NO_PROXY: "", no_proxy: "", NODE_USE_ENV_PROXY: "1" });
  alone.write("m.sig", readFileSync(shop.path("m.sig")));
  writeModel(alone);
  const root = ["--trusted-root", sigstore.trustedRoot];
  await alone.ok(NODE, [MLSIGN, "verify", model, "--signature", "m.sig"], root, who(sigstore));
  t.deepEqual(asked, []);
});

test("mlsign keeps nothing where a service refuses: a stale token, a dead log", async (t) => {
  if (!(await available(t, NEEDS)) || !sigstore) return;
  const { trustConfig, signingConfig, trustedRoot, token } = sigstore;
  const shop = await workshop(t);
  const model = writeModel(shop);
  const past = Math.floor(Date.now() / 1000) - 3600;
  const stale = token(PERSON, { iat: past, nbf: past, exp: past + 600 });
  const sign = [MLSIGN, "sign", model, "--signature", "m.sig"];
  const bad = await shop.run(NODE, sign, [
    "--trust-config",
    trustConfig,
    "--identity-token",
    stale,
  ]);
  t.is(bad.code, 2, bad.stderr);
  t.false((bad.stdout + bad.stderr).includes(stale.split(".")[2] ?? stale));
  // A token that nobody of the instance signed.
  const forged = `${token(PERSON).split(".").slice(0, 2).join(".")}.${"A".repeat(342)}`;
  const { code } = await shop.run(NODE, [
    sign,
    ["--trust-config", trustConfig, "--identity-token", forged],
  ]);
  t.is(code, 3);
  const config = JSON.parse(readFileSync(signingConfig, "utf8")) as {
    rekorTlogUrls: { url: string }[];
  };
  for (const log of config.rekorTlogUrls) log.url = "http://127.0.0.1:9";
  shop.write("dead.json", JSON.stringify(config));
  const dead = await shop.run(
    NODE,
    [sign, ["--signing-config", "dead.json", "--trusted-root", trustedRoot]],
    ["--identity-token", token(PERSON)],
  );
  t.is(dead.code, 3, dead.stderr);
  await shop.refused(/ENOENT|No such file|no such file/, "cat", "m.sig");
});

test("cosign's and sigstore-python's blob signatures stand for a file, and for no other", async (t) => {
  if (!(await available(t, NEEDS)) || !sigstore) return;
  const { trustedRoot, signingConfig, trustConfig, token } = sigstore;
  const shop = await workshop(t);
  shop.write("model.bin", "weights");
  shop.write("other.bin", "weightz");
  await shop.ok(
    shop.programs.cosign,
    ["sign-blob", "--yes", "--bundle", "cosign.json", "--identity-token", token(PERSON)],
    ["--signing-config", signingConfig, "--trusted-root", trustedRoot, "model.bin"],
  );
  await shop.ok(
    shop.programs.sigstorePython,
    ["--trust-config", trustConfig, "sign", "--identity-token", token(PERSON)],
    ["--bundle", "python.json", "model.bin"],
  );
  const required = ["--trusted-root", trustedRoot, "--require-log", "--require-timestamp"];
  for (const bundle of ["cosign.json", "python.json"]) {
    const signature = ["--signature", bundle, required];
    await shop.ok(NODE, MLSIGN, "verify", "model.bin", signature, who(sigstore));
    await mlsignRefuses(t, shop, "subject-match", "other.bin", signature, who(sigstore));
    const mallory = who(sigstore, "mallory@example.com", sigstore.urls.issuer);
    await mlsignRefuses(t, shop, "identity-match", "model.bin", signature, mallory);
    // A directory is more than one file: a blob's signature never stands for it.
    shop.write("directory/model.bin", "weights");
    await mlsignRefuses(t, shop, "predicate-type", "directory", signature, who(sigstore));
  }
});

test("a provenance statement stands for a file where that is asked for, and only SLSA's", async (t) => {
  if (!(await available(t, NEEDS)) || !sigstore) return;
  const { trustedRoot, signingConfig, trustConfig, token } = sigstore;
  const shop = await workshop(t, { COSIGN_PASSWORD: "password" });
  const { cosign, sigstorePython } = shop.programs;
  shop.write("model.bin", "weights");
  shop.write("other.bin", "weightz");
  shop.write("predicate.json", JSON.stringify(PREDICATE));
  const services = ["--signing-config", signingConfig, "--trusted-root", trustedRoot];
  const attest = ["attest-blob", "--yes", "--predicate", "predicate.json"];
  const keyless = (): Args => [services, "--identity-token", token(PERSON), "model.bin"];
  await shop.ok(cosign, attest, ["--type", "slsaprovenance1", "--bundle", "slsa.json"], keyless());
  const custom = ["--type", "https://example.com/claim/v1", "--bundle", "custom.json"];
  await shop.ok(cosign, attest, custom, keyless());
  await shop.ok(
    sigstorePython,
    ["--trust-config", trustConfig, "attest", "--identity-token", token(PERSON)],
    ["--bundle", "python.json", "--predicate", "predicate.json", "--predicate-type", SLSA],
    "model.bin",
  );
  const root = ["--trusted-root", trustedRoot];
  for (const bundle of ["slsa.json", "python.json"]) {
    const at = ["--signature", bundle, root, who(sigstore)];
    await shop.ok(NODE, MLSIGN, "verify", "model.bin", at, "--accept-statement");
    await mlsignRefuses(t, shop, "predicate-type", "model.bin", at);
    await mlsignRefuses(t, shop, "subject-match", "other.bin", at, "--accept-statement");
  }
  const at = ["--signature", "custom.json", root, who(sigstore), "--accept-statement"];
  await mlsignRefuses(t, shop, "predicate-type", "model.bin", at);
});

test("keys on P-256: cosign reads mlsign's, mlsign reads cosign's, logged and not", async (t) => {
  if (!(await available(t, NEEDS)) || !sigstore) return;
  const { trustedRoot, signingConfig, trustConfig } = sigstore;
  const shop = await workshop(t, { COSIGN_PASSWORD: "password" });
  const { cosign } = shop.programs;
  await shop.ok(NODE, MLSIGN, "keygen", "--out", "k");
  await shop.ok(cosign, "import-key-pair", "--key", "k.key", "--output-key-prefix", "cosign");
  const mediaType = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
  shop.write("none.json", JSON.stringify({ mediaType, rekorTlogConfig: {}, tsaConfig: {} }));
  shop.write("model.bin", "weights");
  shop.write("predicate.json", JSON.stringify(PREDICATE));
  const model = writeModel(shop);
  const logged = ["--trusted-root", trustedRoot, "--require-log", "--require-timestamp"];
  for (const [name, config] of [
    ["logged", signingConfig],
    ["unlogged", "none.json"],
  ] as const) {
    const signer = ["--key", "cosign.key", "--signing-config", config, "--bundle"];
    await shop.ok(cosign, ["sign-blob", "--yes"], signer, `${name}.json`, "model.bin");
    await shop.ok(
      cosign,
      ["attest-blob", "--yes", "--predicate", "predicate.json", "--type", "slsaprovenance1"],
      [...signer, `${name}-slsa.json`, "model.bin"],
    );
    for (const [bundle, ...more] of [
      [`${name}.json`],
      [`${name}-slsa.json`, "--accept-statement"],
    ]) {
      const at = ["model.bin", "--signature", bundle ?? "", "--key", "k.pub", more];
      await shop.ok(NODE, MLSIGN, "verify", at, name === "logged" ? logged : []);
      if (name === "unlogged") await mlsignRefuses(t, shop, "log-entry", at, logged);
    }
  }
  const attestation = ["verify-blob-attestation", "--key", "k.pub", "--type", OMS_TYPE];
  const digest = ["--digest", await rootOf(shop, model), "--digestAlg", "sha256"];
  const sign = [MLSIGN, "sign", model, "--key", "k.key", "--signature"];
  await shop.ok(NODE, sign, "bare.sig");
  await shop.ok(NODE, sign, "logged.sig", "--trust-config", trustConfig);
  const verify = [attestation, digest, ["--trusted-root", trustedRoot, "--bundle"]];
  await shop.ok(cosign, verify, "logged.sig");
  await shop.ok(cosign, verify, "bare.sig", "--insecure-ignore-tlog");
  await shop.refused(/not enough verified/, cosign, verify, "bare.sig");
  await shop.ok(
    NODE,
    [MLSIGN, "verify", model, "--signature", "logged.sig", "--key", "k.pub"],
    logged,
  );
});

test("difference: cosign's own verifier refuses its signatures of P-384 and P-521 keys; mlsign takes them", async (t) => {
  if (!(await available(t, NEEDS)) || !sigstore) return;
  const { trustedRoot, signingConfig } = sigstore;
  const shop = await workshop(t, { COSIGN_PASSWORD: "password" });
  const { cosign } = shop.programs;
  shop.write("model.bin", "weights");
  for (const namedCurve of ["P-384", "P-521"]) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
    shop.write(`${namedCurve}.key`, privateKey.export({ type: "pkcs8", format: "pem" }));
    shop.write(`${namedCurve}.pub`, publicKey.export({ type: "spki", format: "pem" }));
    await shop.ok(cosign, "import-key-pair", "--key", `${namedCurve}.key`, [
      "--output-key-prefix",
      namedCurve,
      "--yes",
    ]);
    await shop.ok(
      cosign,
      ["sign-blob", "--yes", "--key", `${namedCurve}.key`, "--bundle", `${namedCurve}.json`],
      ["--signing-config", signingConfig, "model.bin"],
    );
    await shop.refused(
      /failed to verify|invalid signature|unsupported/i,
      cosign,
      ["verify-blob", "--key", `${namedCurve}.pub`, "--bundle", `${namedCurve}.json`],
      ["--trusted-root", trustedRoot, "model.bin"],
    );
    const at = ["model.bin", "--signature", `${namedCurve}.json`, "--key", `${namedCurve}.pub`];
    await shop.ok(NODE, MLSIGN, "verify", at, "--trusted-root", trustedRoot, "--require-log");
  }
});

test("difference: sigstore-python matches a model signature by its root digest, and not by a file", async (t) => {
  if (!(await available(t, NEEDS)) || !sigstore) return;
  const shop = await workshop(t);
  shop.write("model.bin", "weights");
  await mlsignSigns(shop, sigstore, "model.bin", PERSON);
  const python = [
    [
      "--trust-config",
      sigstore.trustConfig,
      "verify",
      "identity",
      "--offline",
      "--bundle",
      "m.sig",
    ],
    ["--cert-identity", PERSON, "--cert-oidc-issuer", sigstore.urls.issuer],
  ];
  const { sigstorePython } = shop.programs;
  // The root of one file is the digest of its digest (oms.md 1.3): the file itself is no subject.
  await shop.refused(/FAIL/, sigstorePython, python, "model.bin");
  const digest = await rootOf(shop, "model.bin");
  t.is(digest, sha256(sha256("weights")).toString("hex"));
  await shop.ok(sigstorePython, python, `sha256:${digest}`);
});

async function rootOf(shop: Workshop, model: string): Promise<string> {
  const { stdout } = await shop.ok(NODE, MLSIGN, "digest", model);
  return /[0-9a-f]{64}/.exec(stdout)?.[0] ?? "";
}

interface Bundle {
  readonly verificationMaterial: {
    readonly tlogEntries: readonly { readonly kindVersion: object }[];
    readonly timestampVerificationData: { readonly rfc3161Timestamps: readonly object[] };
  };
}

const PREDICATE = {
  buildDefinition: {
    buildType: "urn:example:train:v1",
    externalParameters: {},
    internalParameters: {},
    resolvedDependencies: [],
  },
  runDetails: { builder: { id: "https://ci.example.com/trainer" }, metadata: {} },
};
