import { createPublicKey } from "node:crypto";
import { cpSync, existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parseBundle } from "@mlsign/bundle";
import { decide } from "@mlsign/core";
import { localSource } from "@mlsign/manifest";
import { type ModelOptions, type ModelResult, type Trust, verifyModel } from "@mlsign/verify";
import { parseCertificates } from "@mlsign/x509";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import seeds from "@sigstore/tuf/seeds.json" with { type: "json" };
import test, { type ExecutionContext } from "ava";
import { refusals, remarks, temporary } from "./models.ts";

const VECTORS = resolve(import.meta.dirname, "../../../../shared/vectors/oms");
const NOW = new Date("2026-06-01T00:00:00Z");
const PUBLIC_ROOT = Buffer.from(
  Object.values(seeds)[0]?.targets["trusted_root.json"] ?? "",
  "base64",
).toString();

interface Config {
  readonly method: "key" | "certificate" | "sigstore";
  readonly model: string;
  readonly model_relative_to?: "test_dir";
  readonly model_modifications?: { readonly tamper?: Readonly<Record<string, string>> };
  readonly verify: {
    readonly public_key?: string;
    readonly cert_chain?: readonly string[];
    readonly identity?: string;
    readonly identity_provider?: string;
    readonly ignore_paths?: readonly string[];
  };
}

/** What refuses each negative vector. */
const NEGATIVE: Readonly<Record<string, string[]>> = {
  "certificate-expired_fail": ["certificate-time", "file-extra ignore-me"],
  "certificate-simple-wrong-ca_fail": ["certificate-chain"],
  "key-simple-tampered-content_fail": ["file-changed signme-1"],
  "key-simple-wrong-key_fail": ["key-hint", "signature-valid"],
  "key-verify-as-certificate_fail": ["method-match"],
  "malformed-wrong-predicate_fail": ["predicate-type", "signature-valid"],
};
/** Releases whose form differs from today's. */
const LEGACY = /v0\.2\.0|v0\.3\.1|v1\.0\./;

if (existsSync(VECTORS)) {
  for (const file of globSync(join(VECTORS, "{positive,historical,negative}/*/config.json"))) {
    vector(dirname(file));
  }
  specification();
} else {
  const name = "`verifyModel()` agrees with the public OMS vectors";
  if (process.env["CI"]) test(name, (t) => t.fail("../shared/vectors is absent"));
  else test.skip(`${name}: ../shared/vectors is absent`, (t) => t.pass());
}

function vector(folder: string): void {
  const name = basename(folder);
  const config = JSON.parse(readFileSync(join(folder, "config.json"), "utf8")) as Config;
  const data = readFileSync(join(folder, "bundle.sig"));
  if (name.endsWith("_fail")) {
    test(`\`verifyModel()\` refuses the OMS vector ${name}`, async (t) => {
      t.deepEqual(refusals(await run(t, folder, config, data)), NEGATIVE[name]);
    });
    return;
  }
  const legacy = LEGACY.test(name);
  test(`\`verifyModel()\` accepts the OMS vector ${name}`, async (t) => {
    const result = await run(t, folder, config, data);
    t.deepEqual(refusals(result), []);
    t.is(decide(result.findings), "accepted");
    t.deepEqual(
      remarks(result).filter((text) => !text.includes("manifest-order")),
      legacy ? ["note bundle-legacy"] : [],
    );
    t.snapshot(result.legacy);
  });
  test(`\`verifyModel()\` ${legacy ? "refuses" : "accepts"} the OMS vector ${name} where old forms are refused`, async (t) => {
    const result = await run(t, folder, config, data, { refuseLegacy: true });
    t.deepEqual(refusals(result), legacy ? ["bundle-legacy"] : []);
  });
  test(`\`verifyModel()\` refuses the OMS vector ${name} once a file changed`, async (t) => {
    const file = name.endsWith("single-file") ? "model.bin" : "signme-1";
    const tampered = { ...config, model_modifications: { tamper: { [file]: "changed" } } };
    const codes = refusals(await run(t, folder, tampered, data));
    t.deepEqual(codes, [`file-changed ${file}`]);
  });
}

function specification(): void {
  const simple = { model: "models/simple", verify: {} };
  const valid: [string, Config][] = [
    [
      "key",
      { ...simple, method: "key", verify: { public_key: "keys/certificate/signing-key-pub.pem" } },
    ],
    [
      "certificate",
      {
        ...simple,
        method: "certificate",
        verify: { cert_chain: ["keys/certificate/ca-cert.pem"] },
      },
    ],
  ];
  for (const [name, config] of valid) {
    test(`\`verifyModel()\` accepts the specification's ${name} bundle`, async (t) => {
      const data = readFileSync(join(VECTORS, `spec-vectors/valid/${name}.bundle.json`));
      t.deepEqual(refusals(await run(t, VECTORS, config, data)), []);
    });
  }

  const invalid = {
    empty: "json-invalid",
    "missing-envelope": "bundle-malformed",
    "missing-verification-material": "bundle-malformed",
  };
  for (const [name, code] of Object.entries(invalid)) {
    test(`\`parseBundle()\` refuses the specification's bundle ${name}`, (t) => {
      const data = readFileSync(join(VECTORS, `spec-vectors/invalid/${name}.bundle.json`));
      t.throws(() => parseBundle(data), { code } as object);
    });
  }

  const sigstore = join(VECTORS, "historical/historical-v1.1.0-sigstore");
  const keyless = JSON.parse(readFileSync(join(sigstore, "config.json"), "utf8")) as Config;
  test("`verifyModel()` accepts the specification's sigstore bundle", async (t) => {
    const data = readFileSync(join(VECTORS, "spec-vectors/valid/sigstore.bundle.json"));
    t.deepEqual(refusals(await run(t, sigstore, keyless, data)), []);
  });

  test("`verifyModel()` refuses the specification's sigstore bundle without its log entry", async (t) => {
    const data = readFileSync(
      join(VECTORS, "spec-vectors/invalid/missing-tlog-entries.bundle.json"),
    );
    t.true(refusals(await run(t, sigstore, keyless, data)).includes("log-entry"));
  });

  test("`verifyModel()` refuses the specification's payload of another predicate", async (t) => {
    const data = readFileSync(
      join(VECTORS, "spec-vectors/invalid-payload/wrong-predicate.bundle.json"),
    );
    const codes = refusals(await run(t, VECTORS, valid[0]![1], data));
    t.true(codes.includes("predicate-type"), String(codes));
  });
}

async function run(
  t: ExecutionContext,
  folder: string,
  config: Config,
  data: Buffer,
  options: Partial<ModelOptions> = {},
): Promise<ModelResult> {
  const base = config.model_relative_to === "test_dir" ? folder : VECTORS;
  const copy = temporary(t);
  const model = join(copy, basename(config.model));
  cpSync(join(base, config.model), model, { recursive: true });
  for (const [name, text] of Object.entries(config.model_modifications?.tamper ?? {})) {
    writeFileSync(existsSync(join(model, name)) ? join(model, name) : model, text);
  }
  const ignorePaths = config.verify.ignore_paths ?? [];
  return verifyModel(localSource(model), parseBundle(data), trustOf(config), {
    now: NOW,
    ignorePaths,
    ...options,
  });
}

function trustOf({ method, verify }: Config): Trust {
  const read = (file: string): string => readFileSync(join(VECTORS, file), "utf8");
  if (method === "key") return { method, key: createPublicKey(read(verify.public_key ?? "")) };
  if (method === "certificate") {
    return {
      method,
      anchors: (verify.cert_chain ?? []).flatMap((f) => parseCertificates(read(f))),
    };
  }
  const identity = { exact: verify.identity ?? "" };
  const trustedRoot = TrustedRoot.fromJSON(JSON.parse(PUBLIC_ROOT));
  return {
    method: "keyless",
    trustedRoot,
    identity: { identity, issuer: verify.identity_provider ?? "" },
  };
}
