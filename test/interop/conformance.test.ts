/** `scripts/conformance.ts` as a suite drives it: every public vector, and what it signs itself. */
import { generateKeyPairSync } from "node:crypto";
import {
  cpSync,
  existsSync,
  globSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { sha256 } from "@mlsign/core";
import test from "ava";
import { startSigstore } from "mlsign-test-sigstore";
import { isolated, type PrivateSigstore, run, SIGSTORE_PEERS } from "../../scripts/peers.ts";
import { available, NODE, ROOT, sharedSigstore, VECTORS, workshop } from "./cells.ts";
import { pool } from "./pool.ts";

const ENTRY = join(ROOT, "scripts/conformance.ts");
const SIGSTORE = join(VECTORS, "sigstore-conformance");
const OMS = join(VECTORS, "oms");
const IDENTITY =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
const ISSUER = "https://token.actions.githubusercontent.com";

/** Why each Sigstore vector is refused: another reason would be luck. */
const REASONS: Readonly<Record<string, RegExp>> = {
  "bundle-empty-certificate-chain_fail": /the certificate chain is empty/,
  "bundle-from-wrong-instance_fail": /fail log-entry: .*promise could not be verified/,
  "bundle-malformed-json_fail": /Cannot parse JSON/,
  "bundle-negative-log-index_fail": /"logIndex" is not a 64-bit count/,
  "bundle-unknown-version_fail": /unknown media type/,
  "integrated-time-in-future_fail": /fail certificate-time/,
  "intoto-log-entry-mismatch_fail": /fail log-entry: .*signature mismatch/,
  "intoto-missing-inclusion-proof_fail": /no inclusion proof/,
  "intoto-set-outside-signing-cert-validity_fail": /fail certificate-time/,
  "intoto-tsa-timestamp-outside-cert-validity_fail": /fail certificate-time/,
  "invalid-checkpoint-signature_fail": /fail log-entry: .*checkpoint signature/,
  "managed-key-no-key_fail": /fail method-match/,
  // The vector's key is a text and no key: no verifier gets as far as the signature.
  "managed-key-wrong-key_fail": /Cannot read key/,
  "rekor2-checkpoint-missing-log-signature_fail": /no signatures found in checkpoint/,
  "rekor2-checkpoint-missing-size_fail": /too few lines in checkpoint/,
  "rekor2-checkpoint-no-matching-signature_fail": /invalid checkpoint signature/,
  "rekor2-dsse-mismatch-envelope_fail": /fail log-entry: .*signature mismatch/,
  "rekor2-dsse-mismatch-sig_fail": /fail log-entry: .*signature mismatch/,
  "rekor2-no-inclusion-proof_fail": /no inclusion proof/,
  "rekor2-no-timestamp_fail": /fail certificate-time: nothing trusted says when/,
  "rekor2-timestamp-outside-trust-root-tsa-validity_fail": /fail timestamp-valid/,
  "rekor2-timestamp-untrusted-tsa-without-embedded-cert_fail": /fail timestamp-valid/,
  "set-invalid-signature_fail": /fail log-entry: .*promise could not be verified/,
  "wrong-hashedrekord-artifact_fail": /fail log-entry: .*signature mismatch/,
};

const home = mkdtempSync(join(tmpdir(), "mlsign-conformance-"));
const { add, startAll } = pool(2, async (args: readonly string[]) =>
  run(NODE, [ENTRY, ...args], { env: isolated(home), cwd: home }),
);

let sigstore: PrivateSigstore | undefined;
test.before(async () => {
  startAll();
  sigstore = await sharedSigstore();
});
test.after.always(async () => {
  await sigstore?.stop();
  rmSync(home, { recursive: true, force: true });
});

test("there are vectors of each kind", async (t) => {
  if (!(await available(t, { vectors: ["sigstore-conformance", "oms"] }))) return;
  t.is(globSync(join(SIGSTORE, "*/bundle.sigstore.json")).length, 34);
  t.is(globSync(join(OMS, "{historical,negative,positive}/*/config.json")).length, 14);
});

for (const file of globSync(join(SIGSTORE, "*/bundle.sigstore.json")).toSorted()) {
  const folder = dirname(file);
  const name = basename(folder);
  const artifact = existsSync(join(folder, "artifact"))
    ? join(folder, "artifact")
    : join(SIGSTORE, "a.txt");
  const digest = `sha256:${sha256(readFileSync(artifact)).toString("hex")}`;
  for (const [form, subject] of [
    ["PATH", artifact],
    ["DIGEST", digest],
  ] as const) {
    const result = add(["verify-bundle", "--bundle", file, ...trustOf(folder), subject]);
    test(`verify-bundle ${name} (${form})`, async (t) => {
      const { code, stdout, stderr } = await result();
      const output = stdout + stderr;
      if (!name.endsWith("_fail")) return t.is(code, 0, output);
      t.true(code === 1 || (code === 2 && name.startsWith("managed-key-wrong-key")), output);
      t.regex(output, REASONS[name] ?? /no reason is known/);
    });
  }
}

function trustOf(folder: string): string[] {
  const read = (file: string): string | undefined =>
    existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8").trim() : undefined;
  const at = (file: string): string => join(folder, file);
  const root = existsSync(at("trusted_root.json"))
    ? ["--trusted-root", at("trusted_root.json")]
    : [];
  if (existsSync(at("key.pub"))) return [...root, "--key", at("key.pub")];
  return [
    "--certificate-identity",
    read("identity") ?? IDENTITY,
    "--certificate-oidc-issuer",
    read("issuer") ?? ISSUER,
    ...root,
  ];
}

test("verify-bundle refuses a managed key's bundle under another key that is one", async (t) => {
  if (!(await available(t, { vectors: ["sigstore-conformance"] }))) return;
  const { publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(join(home, "other.pub"), publicKey.export({ type: "spki", format: "pem" }));
  const bundle = join(SIGSTORE, "managed-key-wrong-key_fail/bundle.sigstore.json");
  const args = ["verify-bundle", "--bundle", bundle, "--key", "other.pub", join(SIGSTORE, "a.txt")];
  const { code, stdout } = await run(NODE, [ENTRY, ...args], { env: isolated(home), cwd: home });
  t.is(code, 1);
  t.regex(stdout, /fail key-hint/);
  t.regex(stdout, /fail signature-valid/);
});

test("verify-bundle without an identity trusts the suite's own, and not the bundle's", async (t) => {
  if (!(await available(t, { vectors: ["sigstore-conformance"] }))) return;
  const shop = await workshop(t);
  const verify = (name: string): string[] => [
    ENTRY,
    "verify-bundle",
    "--bundle",
    join(SIGSTORE, name, "bundle.sigstore.json"),
    join(SIGSTORE, "a.txt"),
  ];
  await shop.ok(NODE, verify("happy-path-v0.3"));
  await shop.refused(/fail identity-match/, NODE, verify("integrated-time-in-future_fail"));
});

interface OmsCase {
  readonly method: string;
  readonly model: string;
  readonly model_relative_to?: "test_dir";
  readonly expect?: "fail";
  readonly expected_signed_files?: readonly string[];
  readonly model_modifications?: { readonly tamper?: Readonly<Record<string, string>> };
  readonly verify: {
    readonly public_key?: string;
    readonly cert_chain?: readonly string[];
    readonly ignore_paths?: readonly string[];
    readonly identity?: string;
    readonly identity_provider?: string;
  };
}

/** Weak vectors (oms.md 4.4) have a second fault: the named one is among the reasons. */
const OMS_REASONS: Readonly<Record<string, RegExp>> = {
  "certificate-expired_fail": /FAIL +certificate-time/,
  "certificate-simple-wrong-ca_fail": /FAIL +certificate-chain/,
  "key-simple-tampered-content_fail": /FAIL +file-changed +"signme-1"/,
  "key-simple-wrong-key_fail": /FAIL +key-hint/,
  "key-verify-as-certificate_fail": /FAIL +method-match/,
  "malformed-wrong-predicate_fail": /FAIL +(?:predicate-type|manifest-form)/,
};

for (const file of globSync(join(OMS, "{historical,negative,positive}/*/config.json")).toSorted()) {
  const folder = dirname(file);
  const name = basename(folder);
  const config = JSON.parse(readFileSync(file, "utf8")) as OmsCase;
  const bundle = join(folder, "bundle.sig");
  const result = add(["verify-model", "--bundle", bundle, ...modelFlags(folder, config)]);
  test(`verify-model ${name}`, async (t) => {
    const { code, stdout, stderr } = await result();
    if (config.expect === "fail") {
      t.is(code, 1, stdout + stderr);
      t.regex(stdout, OMS_REASONS[name] ?? /no reason is known/);
      return;
    }
    t.is(code, 0, stdout + stderr);
    if (config.expected_signed_files !== undefined) {
      t.deepEqual(namesIn(bundle), [...config.expected_signed_files]);
    }
  });
}

function modelFlags(folder: string, { method, verify, ...config }: OmsCase): string[] {
  const source = join(config.model_relative_to === "test_dir" ? folder : OMS, config.model);
  const tamper = Object.entries(config.model_modifications?.tamper ?? {});
  const model = tamper.length === 0 ? source : join(home, basename(folder));
  if (model !== source) cpSync(source, model, { recursive: true });
  for (const [path, text] of tamper) writeFileSync(join(model, path), text);
  const chain = verify.cert_chain ?? [];
  const ignored = verify.ignore_paths ?? [];
  return [
    "--method",
    method,
    "--model-path",
    model,
    ...(verify.public_key === undefined ? [] : ["--public-key", join(OMS, verify.public_key)]),
    ...chain.flatMap((path) => ["--cert-chain", join(OMS, path)]),
    ...ignored.flatMap((path) => ["--ignore-paths", join(model, path)]),
    ...(verify.identity === undefined ? [] : ["--identity", verify.identity]),
    ...(verify.identity_provider === undefined
      ? []
      : ["--identity-provider", verify.identity_provider]),
  ];
}

function namesIn(file: string): string[] {
  const bundle = JSON.parse(readFileSync(file, "utf8")) as { dsseEnvelope: { payload: string } };
  const payload = Buffer.from(bundle.dsseEnvelope.payload, "base64").toString();
  const { predicate } = JSON.parse(payload) as { predicate: { resources: { name: string }[] } };
  return predicate.resources.map(({ name }) => name);
}

const SPEC_TRUST: Readonly<Record<string, readonly string[]>> = {
  key: ["--method", "key", "--public-key", join(OMS, "keys/certificate/signing-key-pub.pem")],
  certificate: [
    "--method",
    "certificate",
    "--cert-chain",
    join(OMS, "keys/certificate/ca-cert.pem"),
  ],
  sigstore: [
    "--method",
    "sigstore",
    "--identity",
    "stefanb@us.ibm.com",
    "--identity-provider",
    "https://sigstore.verify.ibm.com/oauth2",
  ],
};
/** The specification's own vectors have no models: these are the bytes that they sign. */
const SPEC_MODELS: Readonly<Record<string, string>> = {
  key: join(OMS, "models/simple"),
  certificate: join(OMS, "models/simple"),
  sigstore: join(OMS, "historical/historical-v1.1.0-sigstore/model"),
};
const SPEC_METHODS: Readonly<Record<string, string>> = {
  "valid/certificate": "certificate",
  "valid/sigstore": "sigstore",
  // A keyless signature without its log entries; the schema asks for the field, which releases
  // before 1.1 and the Go port leave out (oms.md 1.11), so that another rule must refuse it.
  "invalid/missing-tlog-entries": "sigstore",
};
const SPEC_REASONS: Readonly<Record<string, RegExp>> = {
  "invalid/missing-tlog-entries": /FAIL +(?:certificate-time|log-entry)/,
  "invalid/empty": /FAIL +bundle-form/,
  "invalid/missing-envelope": /FAIL +bundle-form/,
  "invalid/missing-verification-material": /FAIL +bundle-form/,
  "invalid-payload/wrong-predicate": /FAIL +(?:predicate-type|manifest-form)/,
};

for (const file of globSync(join(OMS, "spec-vectors/*/*.bundle.json")).toSorted()) {
  const name = file.slice(join(OMS, "spec-vectors/").length, -".bundle.json".length);
  const method = SPEC_METHODS[name] ?? "key";
  const trust = ["--model-path", SPEC_MODELS[method] ?? "", ...(SPEC_TRUST[method] ?? [])];
  const result = add(["verify-model", "--bundle", file, ...trust]);
  test(`verify-model spec-vectors/${name}`, async (t) => {
    const { code, stdout, stderr } = await result();
    if (name.startsWith("valid/")) return t.is(code, 0, stdout + stderr);
    t.is(code, 1, stdout + stderr);
    t.regex(stdout, SPEC_REASONS[name] ?? /no reason is known/);
  });
}

const PERSON = "alice@example.com";
const STATEMENT = (subject: string): string =>
  JSON.stringify({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "model.bin", digest: { sha256: sha256(subject).toString("hex") } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: { buildDefinition: {}, runDetails: {} },
  });

test("sign-bundle with the private Sigstore (Rekor v2): everybody verifies it", async (t) => {
  const needs = { peers: ["cosign", "sigstore-python", ...SIGSTORE_PEERS] } as const;
  if (!(await available(t, needs)) || !sigstore) return;
  const { trustedRoot, signingConfig, trustConfig, token, urls } = sigstore;
  const shop = await workshop(t);
  const { cosign, sigstorePython } = shop.programs;
  shop.write("model.bin", "weights");
  shop.write("statement.json", STATEMENT("weights"));
  const who = ["--certificate-identity", PERSON, "--certificate-oidc-issuer", urls.issuer];
  for (const [bundle, kind, file, verify] of [
    ["message.json", [], "model.bin", ["verify-blob"]],
    [
      "envelope.json",
      ["--in-toto"],
      "statement.json",
      ["verify-blob-attestation", "--type", "https://slsa.dev/provenance/v1"],
    ],
  ] as const) {
    await shop.ok(
      NODE,
      [ENTRY, "sign-bundle", ...kind, "--identity-token", token(PERSON), "--bundle", bundle],
      ["--trusted-root", trustedRoot, "--signing-config", signingConfig, file],
    );
    const args = [
      ENTRY,
      "verify-bundle",
      "--bundle",
      bundle,
      ...who,
      "--trusted-root",
      trustedRoot,
    ];
    await shop.ok(NODE, args, "model.bin");
    await shop.ok(NODE, args, `sha256:${sha256("weights").toString("hex")}`);
    await shop.refused(/fail subject-match/, NODE, args, `sha256:${"0".repeat(64)}`);
    const trust = ["--bundle", bundle, "--trusted-root", trustedRoot, ...who];
    await shop.ok(cosign, verify, trust, "model.bin");
    await shop.ok(
      sigstorePython,
      ["--trust-config", trustConfig, "verify", "identity", "--offline", "--bundle", bundle],
      ["--cert-identity", PERSON, "--cert-oidc-issuer", urls.issuer, "model.bin"],
    );
  }
});

test("sign-bundle with Rekor v1 (on the loopback): sigstore-python verifies it", async (t) => {
  if (!(await available(t, { peers: ["sigstore-python"] }))) return;
  const loopback = await startSigstore();
  t.teardown(async () => loopback.close());
  const shop = await workshop(t);
  const config = loopback.clientTrustConfig({ rekor: 1 });
  shop.write("trust.json", JSON.stringify(config));
  shop.write("root.json", JSON.stringify(config.trustedRoot));
  shop.write("signing.json", JSON.stringify(config.signingConfig));
  shop.write("model.bin", "weights");
  shop.write("statement.json", STATEMENT("weights"));
  const issuer = loopback.urls.oidc;
  for (const [bundle, ...kind] of [
    ["message.json", "model.bin"],
    ["envelope.json", "--in-toto", "statement.json"],
  ] as [string, ...string[]][]) {
    await shop.ok(
      NODE,
      [ENTRY, "sign-bundle", "--identity-token", loopback.token({ email: PERSON })],
      ["--bundle", bundle, "--trusted-root", "root.json", "--signing-config", "signing.json", kind],
    );
    await shop.ok(
      NODE,
      [ENTRY, "verify-bundle", "--bundle", bundle, "--trusted-root", "root.json"],
      ["--certificate-identity", PERSON, "--certificate-oidc-issuer", issuer, "model.bin"],
    );
    await shop.ok(
      shop.programs.sigstorePython,
      ["--trust-config", "trust.json", "verify", "identity", "--offline", "--bundle", bundle],
      ["--cert-identity", PERSON, "--cert-oidc-issuer", issuer, "model.bin"],
    );
  }
});

test("sign-bundle never shows the token, and wants services that are named", async (t) => {
  const shop = await workshop(t);
  shop.write("model.bin", "weights");
  const secret = `${"a".repeat(40)}.${"b".repeat(40)}.${"c".repeat(40)}`;
  const sign = [ENTRY, "sign-bundle", "--identity-token", secret, "--bundle", "out.json"];
  const { stderr } = await shop.refused(/Cannot use identity token/, NODE, sign, "model.bin");
  t.false(/aaaa|bbbb|cccc/.test(stderr));
  t.false(existsSync(shop.path("out.json")));
});

test("sign-model and verify-model: key and certificate round trips, and the refusals", async (t) => {
  if (!(await available(t, { vectors: ["oms/keys", "oms/models"] }))) return;
  const shop = await workshop(t);
  const key = (name: string): string => join(OMS, "keys", name);
  cpSync(join(OMS, "models/multi-file"), shop.path("m"), { recursive: true });
  shop.write("m/ignored.txt", "1");
  const model = ["--model-path", shop.path("m"), "--ignore-paths", shop.path("m/ignored.txt")];
  for (const [method, signer, trust, other] of [
    [
      "key",
      ["--private-key", key("certificate/signing-key.pem")],
      ["--public-key", key("certificate/signing-key-pub.pem")],
      ["--public-key", key("wrong/wrong-key-pub.pem")],
    ],
    [
      "certificate",
      [
        "--private-key",
        key("certificate/signing-key.pem"),
        "--signing-cert",
        key("certificate/signing-key-cert.pem"),
        "--cert-chain",
        key("certificate/int-ca-cert.pem"),
        "--cert-chain",
        key("certificate/ca-cert.pem"),
      ],
      ["--cert-chain", key("certificate/ca-cert.pem")],
      ["--cert-chain", key("wrong/wrong-ca-cert.pem")],
    ],
    [
      "certificate",
      [
        "--private-key",
        key("self-signed/signing-key.pem"),
        "--signing-cert",
        key("self-signed/signing-cert.pem"),
        "--cert-chain",
        key("self-signed/signing-cert.pem"),
      ],
      ["--cert-chain", key("self-signed/signing-cert.pem")],
      ["--cert-chain", key("certificate/ca-cert.pem")],
    ],
  ] as const) {
    const bundle = shop.path(`m/${method}.sig`);
    const output = ["--output-bundle", bundle];
    await shop.ok(NODE, [ENTRY, "sign-model", "--method", method], model, output, signer);
    t.deepEqual(namesIn(bundle), ["config.json", "subdir/adapter.bin", "weights.bin"]);
    const verify = [ENTRY, "verify-model", "--method", method, "--bundle", bundle];
    await shop.ok(NODE, verify, model, trust);
    await shop.refused(/FAIL/, NODE, verify, model, other);
    shop.write("m/extra.bin", "more");
    await shop.refused(/FAIL +file-extra +"extra.bin"/, NODE, verify, model, trust);
    await shop.ok(NODE, verify, model, trust, "--ignore-unsigned-files");
    rmSync(shop.path("m/extra.bin"));
    rmSync(bundle);
  }
});

test("capabilities says what sign-model takes beyond the protocol, and it does", async (t) => {
  const shop = await workshop(t);
  const { stdout } = await shop.ok(NODE, ENTRY, "capabilities");
  const { flags, hash_algorithms: hashes } = JSON.parse(stdout) as {
    flags: string[];
    hash_algorithms: string[];
  };
  t.deepEqual(flags, ["--hash-algorithm", "--shard-size"]);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-521" });
  shop.write("key.pem", privateKey.export({ type: "pkcs8", format: "pem" }));
  shop.write("key.pub", publicKey.export({ type: "spki", format: "pem" }));
  shop.write("m/a.bin", new Uint8Array(5000));
  for (const hash of hashes) {
    const common = ["--method", "key", "--model-path", shop.path("m")];
    const more = ["--hash-algorithm", hash, "--shard-size", "2048"];
    await shop.ok(
      NODE,
      [ENTRY, "sign-model", ...common, "--output-bundle", "m.sig", "--private-key", "key.pem"],
      more,
    );
    await shop.ok(NODE, [
      ENTRY,
      "verify-model",
      ...common,
      "--bundle",
      "m.sig",
      "--public-key",
      "key.pub",
    ]);
  }
});

test("the entry answers misuse with 2", async (t) => {
  const shop = await workshop(t);
  for (const args of [
    [],
    ["verify"],
    ["toString"],
    ["verify-bundle"],
    ["verify-bundle", "--bundle", "b", "--unknown", "f"],
    ["verify-bundle", "--staging", "--bundle", "b", `sha256:${"0".repeat(64)}`],
    ["verify-model", "--method", "ssh", "--model-path", "m", "--bundle", "b"],
    ["sign-model", "--method", "key", "--model-path", "m", "--output-bundle", "b"],
  ]) {
    t.is((await shop.run(NODE, ENTRY, args)).code, 2, args.join(" "));
  }
});
