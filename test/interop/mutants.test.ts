/**
 * Mutated bundles against the verifier, in process, and the ones that it accepts against the peers.
 * `MLSIGN_MUTANTS` is their number, `MLSIGN_SEED` the seed: both are printed.
 */
import { generateKeyPairSync } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import test from "ava";
import { type PrivateSigstore, SIGSTORE_PEERS } from "../../scripts/peers.ts";
import {
  type Args,
  available,
  MLSIGN,
  NODE,
  sharedSigstore,
  VECTORS,
  type Workshop,
  workshop,
  writeModel,
} from "./cells.ts";
import type { Accepted, Base, Job, Report } from "./mutants-worker.ts";
import { mapPool } from "./pool.ts";

const COUNT = Number(process.env.MLSIGN_MUTANTS ?? 200_000);
const SEED = Number(process.env.MLSIGN_SEED ?? 20_261_124);
const THREADS = 2;
const PERSON = "alice@example.com";
const KEYS = join(VECTORS, "oms/keys/certificate");

let sigstore: PrivateSigstore | undefined;
test.before(async () => {
  sigstore = await sharedSigstore();
});
test.after.always(async () => sigstore?.stop());

test(`${COUNT} mutated bundles: refused or accepted, in time, and never alone`, async (t) => {
  t.timeout(600_000);
  const peers = ["cosign", "model-signing", "sigstore-python", ...SIGSTORE_PEERS] as const;
  const needs = { peers, vectors: ["oms/keys"] };
  if (!(await available(t, needs)) || !sigstore) return;
  const shop = await workshop(t, { COSIGN_PASSWORD: "password" });
  const bases = await makeBases(shop, sigstore);
  const { trustedRoot } = sigstore;
  const now = Date.now();
  const reports = await Promise.all(
    Array.from({ length: THREADS }, (_, first) =>
      inThread({ bases, trustedRoot, seed: SEED, now, first, step: THREADS, count: COUNT }),
    ),
  );
  t.log(`seed ${SEED}, ${bases.length} bundles, ${Math.round((Date.now() - now) / 1000)} s`);
  t.log(`slowest ${Math.round(Math.max(...reports.map(({ slowest }) => slowest)))} ms`);
  t.log(sum(reports.map(({ outcomes }) => outcomes)));
  t.log(`by group: ${sum(reports.map(({ counts }) => counts))}`);
  t.log(`in ms: ${sum(reports.map(({ spent }) => spent))}`);
  t.deepEqual(reports.flatMap(({ faults }) => faults).slice(0, 10), []);
  t.deepEqual(
    reports.flatMap(({ slow }) => slow),
    [],
  );

  const accepted = singles(reports.flatMap((report) => report.accepted));
  const begun = Date.now();
  const offered = await mapPool(accepted, 2, async (one) => offer(shop, bases, one));
  const alone = offered.filter(({ by }) => by === undefined);
  t.log(
    `${accepted.length} mutants of ${new Set(accepted.map((one) => one.class)).size} classes ` +
      `offered in ${Math.round((Date.now() - begun) / 1000)} s, ${alone.length} that no peer takes`,
  );
  const taken = new Set(offered.filter(({ by }) => by !== undefined).map(({ name }) => name));
  const reasons = alone.map((one) => ({ ...one, reason: explanation(one, taken) }));
  for (const reason of new Set(reasons.map((one) => one.reason))) {
    const count = reasons.filter((one) => one.reason === reason).length;
    t.log(`${count}: ${reason ?? "unexplained"}`);
  }
  const unexplained = reasons.filter(({ reason }) => reason === undefined);
  t.deepEqual(
    unexplained.map(({ name, operator, why }) => `${name} (${operator})\n${why}`),
    [],
    "mlsign alone accepts these",
  );
});

/** Without classes that are two others together: what each change does alone says it. */
function singles(accepted: readonly Accepted[]): Accepted[] {
  const known = new Set(accepted.map((one) => one.class));
  return accepted
    .filter(({ class: name }) => {
      const [group = "", changes = ""] = name.split(/: (.*)/s);
      const parts = changes.split(", ");
      return parts.length === 1 || !parts.every((part) => known.has(`${group}: ${part}`));
    })
    .toSorted((a, b) => (a.class < b.class ? -1 : a.class > b.class ? 1 : a.index - b.index));
}

/** Why no peer takes a class: the reason of each of its changes that none takes alone either. */
function explanation({ name }: Offered, taken: ReadonlySet<string>): string | undefined {
  const [group = "", changes = ""] = name.split(/: (.*)/s);
  const reasons = changes
    .split(", ")
    .filter((change) => changes === change || !taken.has(`${group}: ${change}`))
    .map((change) => EXPLAINED.find(([pattern]) => pattern.test(change))?.[1]);
  return reasons.length === 0 || reasons.includes(undefined)
    ? undefined
    : [...new Set(reasons)].join("; ");
}

/**
 * Changes that mlsign accepts and some peer does not, each with its reason. What no peer takes must
 * be made of these: none is in what a signature covers, and none decides anything.
 */
const EXPLAINED: readonly (readonly [RegExp, string])[] = [
  [
    /^list>null verificationMaterial\.(?:tlogEntries|timestampVerificationData\..*)$/,
    "null is protobuf's JSON for what is absent; a log is asked for where the caller wants one",
  ],
  [
    /^\+\w+ verificationMaterial\.publicKey\.(?:rawBytes|keyDetails)$/,
    "releases of model_signing before 1.1 carry the key so; it is never used, and told as legacy",
  ],
  [
    /^~ verificationMaterial\.publicKey\.hint$/,
    "a hint that is no fingerprint is a name that nothing signs: the key is the caller's, and " +
      "mlsign warns; a fingerprint of another key is refused",
  ],
  [
    /^\S+(?: .*)?dsseEnvelope\.signatures\.\[\]\.keyid$/,
    "a keyid is signed by nobody and finds no key here; cosign looks for the key of that name",
  ],
  [
    /^string>number .*(?:logIndex|treeSize|integratedTime)$/,
    "protobuf's JSON has an int64 as a string, and readers shall take a number; cosign does",
  ],
  [
    /^~ .*\.integratedTime$/,
    "Rekor v2 gives no time: what stands there is signed by nobody and not used",
  ],
  [
    /tlogEntries\.\[\]\.logIndex$/,
    "the index beside a Rekor v2 entry is signed by nobody and not used: the one in the proof " +
      "is proven and shown; peers prove inclusion with the former, or want it as a string",
  ],
  [
    /^~\(signature lines\) .*checkpoint\.envelope$/,
    "a blank line among a checkpoint's signatures: the signed text before the first is the " +
      "same, and the log's signature is over it; peers look for the last blank line",
  ],
  [
    /^~ verificationMaterial\.timestampVerificationData\..*signedTimestamp$/,
    "bytes of a timestamp that its authority did not sign (certificates, tags, versions, names " +
      "of algorithms) and that decide nothing: the time and what it is over are the same",
  ],
  [
    /^~ mediaType$/,
    "v0.3 has two spellings; model_signing, the one peer that reads keys on P-384, takes one",
  ],
];

function sum(records: readonly Readonly<Record<string, number>>[]): string {
  const total: Record<string, number> = {};
  for (const [name, count] of records.flatMap((record) => Object.entries(record))) {
    total[name] = (total[name] ?? 0) + count;
  }
  return Object.entries(total)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, count]) => `${Math.round(count)} ${name}`)
    .join(", ");
}

async function inThread(job: Job): Promise<Report> {
  const worker = new Worker(new URL("mutants-worker.ts", import.meta.url), { workerData: job });
  return new Promise((resolve, reject) => {
    worker.on("message", (message: { report?: Report }) => {
      if (message.report !== undefined) resolve(message.report);
    });
    worker.on("error", reject);
    worker.on("exit", (code) => reject(new Error(`the thread ended with ${code}`)));
  });
}

async function makeBases(
  shop: Workshop,
  { trustConfig, trustedRoot, signingConfig, token, urls }: PrivateSigstore,
): Promise<Base[]> {
  writeModel(shop);
  shop.write("other/config.json", "[]");
  shop.write("model.bin", "weights");
  shop.write("predicate.json", JSON.stringify(PREDICATE));
  const pems: Record<string, string> = {};
  for (const curve of ["P-256", "P-384"]) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
    shop.write(`${curve}.key`, privateKey.export({ type: "pkcs8", format: "pem" }));
    pems[curve] = publicKey.export({ type: "spki", format: "pem" }).toString();
    shop.write(`${curve}.pub`, pems[curve]);
  }
  const { cosign, modelSigning, sigstorePython } = shop.programs;
  await shop.ok(cosign, "import-key-pair", "--key", "P-256.key", "--output-key-prefix", "cosign");
  const p256 = { key: pems["P-256"] ?? "", witnessed: false };
  const p384 = { key: pems["P-384"] ?? "", witnessed: false };
  const logged = { ...p256, witnessed: true };
  const keyless = { identity: PERSON, issuer: urls.issuer };
  const config = ["--trust-config", trustConfig];
  const identity = (): Args => ["--identity-token", token(PERSON)];
  const cosignKeyless = (): Args => [
    ["--signing-config", signingConfig, "--trusted-root", trustedRoot, "--yes"],
    identity(),
  ];
  const provenance = ["--predicate", "predicate.json"];
  const list: [string, Base["content"], string, Base["trust"], string | undefined, ...Args[]][] = [
    ["mlsign, key", "model", "model", p256, NODE, mlsign("model"), ["--key", "P-256.key"]],
    ["mlsign, key, other", "model", "other", p256, NODE, mlsign("other"), ["--key", "P-256.key"]],
    ["mlsign, key P-384", "model", "model", p384, NODE, mlsign("model"), ["--key", "P-384.key"]],
    [
      "mlsign, key, logged",
      "model",
      "model",
      logged,
      NODE,
      mlsign("model"),
      ["--key", "P-256.key", config],
    ],
    [
      "mlsign, certificate",
      "model",
      "model",
      { chain: readFileSync(join(KEYS, "ca-cert.pem"), "utf8") },
      NODE,
      mlsign("model"),
      ["--key", join(KEYS, "signing-key.pem")],
      ["--certificate", join(KEYS, "signing-key-cert.pem")],
      ["--certificate-chain", join(KEYS, "int-ca-cert.pem")],
      ["--certificate-chain", join(KEYS, "ca-cert.pem")],
    ],
    ["mlsign, keyless", "model", "model", keyless, NODE, mlsign("model"), config, identity()],
    [
      "mlsign, keyless, other",
      "model",
      "other",
      keyless,
      NODE,
      mlsign("other"),
      config,
      identity(),
    ],
    [
      "mlsign, keyless, file",
      "model",
      "model.bin",
      keyless,
      NODE,
      mlsign("model.bin"),
      config,
      identity(),
    ],
    [
      "model_signing, key",
      "model",
      "model",
      p256,
      modelSigning,
      ["sign", "key", "model", "--private_key", "P-256.key"],
    ],
    [
      "model_signing, keyless",
      "model",
      "model",
      keyless,
      modelSigning,
      ["sign", "sigstore", "model", "--trust_config", trustConfig],
      ["--identity_token", token(PERSON)],
    ],
    [
      "cosign sign-blob, keyless",
      "message",
      "model.bin",
      keyless,
      cosign,
      "sign-blob",
      cosignKeyless(),
      "model.bin",
    ],
    [
      "cosign sign-blob, key",
      "message",
      "model.bin",
      logged,
      cosign,
      ["sign-blob", "--yes", "--key", "cosign.key", "--signing-config", signingConfig],
      "model.bin",
    ],
    [
      "cosign attest-blob, keyless",
      "provenance",
      "model.bin",
      keyless,
      cosign,
      ["attest-blob", "--type", "slsaprovenance1", provenance],
      cosignKeyless(),
      "model.bin",
    ],
    [
      "sigstore-python sign",
      "message",
      "model.bin",
      keyless,
      sigstorePython,
      ["--trust-config", trustConfig, "sign", identity(), "model.bin"],
    ],
    [
      "sigstore-python attest",
      "provenance",
      "model.bin",
      keyless,
      sigstorePython,
      ["--trust-config", trustConfig, "attest", identity(), provenance],
      ["--predicate-type", "https://slsa.dev/provenance/v1", "model.bin"],
    ],
  ];
  const bases: Base[] = [];
  for (const [name, content, path, trust, program, ...args] of list) {
    const file = `${bases.length}.base`;
    const oms = program === NODE || program === modelSigning;
    await shop.ok(program, ...args, [oms ? "--signature" : "--bundle", file]);
    const text = readFileSync(shop.path(file), "utf8");
    const kind =
      "key" in trust ? keyKind(name, trust.witnessed) : "chain" in trust ? "chain" : "keyless";
    bases.push({ name, group: `${content}, ${kind}`, content, path: shop.path(path), trust, text });
  }
  return bases;

  function mlsign(model: string): Args {
    return [MLSIGN, "sign", model];
  }

  function keyKind(name: string, witnessed: boolean): string {
    return name.includes("P-384") ? "key P-384" : witnessed ? "logged key" : "key";
  }
}

interface Offered {
  readonly name: string;
  readonly operator: string;
  /** The first peer that accepts it too. */
  readonly by: string | undefined;
  readonly why: string;
}

/** Offers a mutant to the peers that read what it was made from, until one accepts it. */
async function offer(shop: Workshop, bases: readonly Base[], one: Accepted): Promise<Offered> {
  const base = bases[one.base];
  if (base === undefined) throw new RangeError(`no base ${one.base}`);
  const file = shop.path(`mutant-${one.index}.json`);
  writeFileSync(file, one.data);
  const why: string[] = [];
  const { class: name, operator } = one;
  for (const [peer, program, ...args] of await readersOf(shop, base, file)) {
    const { code, stdout, stderr } = await shop.run(program, ...args);
    if (code === 0) return { name, operator, by: peer, why: "" };
    why.push(`  ${peer}: ${(stdout + stderr).trim().split("\n").slice(0, 3).join(" ")}`);
  }
  return { name, operator, by: undefined, why: why.join("\n") };
}

async function readersOf(
  shop: Workshop,
  base: Base,
  bundle: string,
): Promise<(readonly [peer: string, program: string | undefined, ...args: Args[]])[]> {
  if (sigstore === undefined) return [];
  const { trustConfig, trustedRoot } = sigstore;
  const { cosign, modelSigning, sigstorePython } = shop.programs;
  const { trust, content, path } = base;
  const readers: (readonly [string, string | undefined, ...Args[]])[] = [];
  const root = content === "model" ? await rootOf(shop, path) : "";
  if (content === "model") {
    const at = [path, "--signature", bundle];
    const args: Args[] =
      "key" in trust
        ? [["verify", "key"], at, ["--public_key", shop.path(keyFile(base))]]
        : "chain" in trust
          ? [["verify", "certificate"], at, ["--certificate_chain", join(KEYS, "ca-cert.pem")]]
          : [
              ["verify", "sigstore"],
              at,
              ["--trust_config", trustConfig],
              ["--identity", trust.identity, "--identity_provider", trust.issuer],
            ];
    readers.push(["model_signing", modelSigning, ...args]);
  }
  if (!("chain" in trust) && !base.name.includes("P-384")) {
    const whom =
      "key" in trust
        ? ["--key", shop.path(keyFile(base)), trust.witnessed ? [] : "--insecure-ignore-tlog"]
        : [
            ["--certificate-identity", trust.identity],
            ["--certificate-oidc-issuer", trust.issuer],
          ];
    const what: Args = {
      message: ["verify-blob", path],
      provenance: ["verify-blob-attestation", "--type", "slsaprovenance1", path],
      model: [
        ["verify-blob-attestation", "--type", "https://model_signing/signature/v1.0"],
        ["--digest", root, "--digestAlg", "sha256"],
      ],
    }[content];
    readers.push([
      "cosign",
      cosign,
      what,
      ["--bundle", bundle, "--trusted-root", trustedRoot],
      whom,
    ]);
  }
  if ("identity" in trust && base.name !== "cosign attest-blob, keyless") {
    readers.push([
      "sigstore-python",
      sigstorePython,
      ["--trust-config", trustConfig, "verify", "identity", "--offline", "--bundle", bundle],
      ["--cert-identity", trust.identity, "--cert-oidc-issuer", trust.issuer],
      content === "model" ? `sha256:${root}` : path,
    ]);
  }
  return readers;
}

function keyFile({ name }: Base): string {
  return name.includes("P-384") ? "P-384.pub" : "P-256.pub";
}

const roots = new Map<string, Promise<string>>();

function rootOf(shop: Workshop, model: string): Promise<string> {
  const known = roots.get(model);
  if (known !== undefined) return known;
  const root = shop
    .ok(NODE, MLSIGN, "digest", model)
    .then(({ stdout }) => /[0-9a-f]{64}/.exec(stdout)?.[0] ?? "");
  roots.set(model, root);
  return root;
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
