/** Who can verify whose bundle: every cell is run, with the signed model and with a changed one. */
import { generateKeyPairSync } from "node:crypto";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "@mlsign/core";
import type { PrivateSigstore } from "../../scripts/peers.ts";
import { type Args, MLSIGN, NODE, ROOT, VECTORS, type Workshop, writeModel } from "./cells.ts";
import { mapPool } from "./pool.ts";

export const READERS = ["mlsign", "model_signing", "cosign", "sigstore-python"] as const;
type Reader = (typeof READERS)[number];

/** One bundle, as somebody writes it. */
export interface Row {
  readonly writer: Reader;
  readonly what: string;
  readonly cells: Readonly<Record<Reader, Cell>>;
}

/** `note` says why a reader refuses what is right. */
interface Cell {
  readonly verdict: "verifies" | "refuses";
  readonly note?: string;
}

type Trust = "certificate" | "keyless" | { readonly key: string; readonly logged?: true };

interface Writer {
  readonly writer: Reader;
  readonly what: string;
  readonly content: "model" | "message" | "provenance";
  readonly model: "model" | "model.bin";
  readonly trust: Trust;
  /** The program and its arguments; the bundle goes to `bundle`. */
  command(stage: Stage, bundle: string): Command;
}

/** A program, and its arguments grouped as reads best. */
type Command = readonly [program: string | undefined, ...args: Args[]];

interface Stage {
  readonly shop: Workshop;
  readonly sigstore: PrivateSigstore;
}

const PERSON = "alice@example.com";
const CURVES = ["P-256", "P-384", "P-521"] as const;
const SLSA = "https://slsa.dev/provenance/v1";
const KEYS = join(VECTORS, "oms/keys/certificate");

/** Why a refusal is right, or whose limit it is, with the text by which it is recognised. */
interface Refusal {
  readonly reader: Reader;
  readonly of: (writer: Writer) => boolean;
  readonly text: RegExp;
  readonly note: string;
}

const byKey = ({ trust }: Writer): boolean => typeof trust === "object";
const REFUSALS: readonly Refusal[] = [
  {
    reader: "model_signing",
    of: ({ content }) => content !== "model",
    text: /Verification failed/,
    note: "reads model signatures only",
  },
  {
    reader: "cosign",
    of: ({ trust }) => trust === "certificate",
    // It takes what its library refuses for its own old form.
    text: /new-bundle-format/,
    note: "takes no certificate chain in a v0.3 bundle, which OMS asks for",
  },
  {
    reader: "cosign",
    of: (writer) => byKey(writer) && !writer.what.includes("P-256"),
    text: /accepted signatures do not match threshold/,
    note: "verifies keys on P-256 only, with --key",
  },
  {
    reader: "sigstore-python",
    of: ({ writer, content }) => writer === "cosign" && content === "provenance",
    text: /malformed in-toto statement/,
    note: "refuses cosign's statements, which are of in-toto v0.1",
  },
  {
    reader: "sigstore-python",
    of: byKey,
    text: /expected certificate in bundle/,
    note: "verifies no bundles of keys",
  },
  {
    reader: "sigstore-python",
    of: ({ trust }) => trust === "certificate",
    text: /expected certificate in bundle/,
    note: "verifies Fulcio's certificates only",
  },
];

const WRITERS: readonly Writer[] = [
  ...CURVES.map((curve): Writer => ({
    writer: "mlsign",
    what: `model.sig, key ${curve}`,
    content: "model",
    model: "model",
    trust: { key: curve },
    command: (_, bundle) => [NODE, mlsignSign("model", bundle), ["--key", `${curve}.key`]],
  })),
  {
    writer: "mlsign",
    what: "model.sig, key P-256, logged and timestamped",
    content: "model",
    model: "model",
    trust: { key: "P-256", logged: true },
    command: ({ sigstore }, bundle) => [
      NODE,
      mlsignSign("model", bundle),
      ["--key", "P-256.key"],
      ["--trust-config", sigstore.trustConfig],
    ],
  },
  {
    writer: "mlsign",
    what: "model.sig, certificate",
    content: "model",
    model: "model",
    trust: "certificate",
    command: (_, bundle) => [
      NODE,
      mlsignSign("model", bundle),
      ["--key", join(KEYS, "signing-key.pem")],
      ["--certificate", join(KEYS, "signing-key-cert.pem")],
      ["--certificate-chain", join(KEYS, "int-ca-cert.pem")],
      ["--certificate-chain", join(KEYS, "ca-cert.pem")],
    ],
  },
  ...(["model", "model.bin"] as const).map((model): Writer => ({
    writer: "mlsign",
    what: model === "model" ? "model.sig, keyless" : "model.sig of one file, keyless",
    content: "model",
    model,
    trust: "keyless",
    command: ({ sigstore }, bundle) => [
      NODE,
      mlsignSign(model, bundle),
      ["--trust-config", sigstore.trustConfig],
      ["--identity-token", sigstore.token(PERSON)],
    ],
  })),
  {
    writer: "mlsign",
    what: "message signature, keyless (scripts/conformance.ts)",
    content: "message",
    model: "model.bin",
    trust: "keyless",
    command: ({ sigstore }, bundle) => [
      NODE,
      [join(ROOT, "scripts/conformance.ts"), "sign-bundle", "--bundle", bundle],
      ["--identity-token", sigstore.token(PERSON), "--signing-config", sigstore.signingConfig],
      ["--trusted-root", sigstore.trustedRoot, "model.bin"],
    ],
  },
  ...CURVES.map((curve): Writer => ({
    writer: "model_signing",
    what: `model.sig, key ${curve}`,
    content: "model",
    model: "model",
    trust: { key: curve },
    command: ({ shop }, bundle) => [
      shop.programs.modelSigning,
      ["sign", "key", "model"],
      ["--signature", bundle, "--private_key", `${curve}.key`],
    ],
  })),
  {
    writer: "model_signing",
    what: "model.sig, certificate",
    content: "model",
    model: "model",
    trust: "certificate",
    command: ({ shop }, bundle) => [
      shop.programs.modelSigning,
      ["sign", "certificate", "model", "--signature", bundle],
      ["--private_key", join(KEYS, "signing-key.pem")],
      ["--signing_certificate", join(KEYS, "signing-key-cert.pem")],
      ["--certificate_chain", join(KEYS, "int-ca-cert.pem")],
      ["--certificate_chain", join(KEYS, "ca-cert.pem")],
    ],
  },
  ...(["model", "model.bin"] as const).map((model): Writer => ({
    writer: "model_signing",
    what: model === "model" ? "model.sig, keyless" : "model.sig of one file, keyless",
    content: "model",
    model,
    trust: "keyless",
    command: ({ shop, sigstore }, bundle) => [
      shop.programs.modelSigning,
      ["sign", "sigstore", model, "--signature", bundle],
      ["--trust_config", sigstore.trustConfig, "--identity_token", sigstore.token(PERSON)],
    ],
  })),
  ...[true, false].map((keyless): Writer => ({
    writer: "cosign",
    what: `sign-blob, ${keyless ? "keyless" : "key P-256"}`,
    content: "message",
    model: "model.bin",
    trust: keyless ? "keyless" : { key: "P-256", logged: true },
    command: (stage, bundle) => [
      stage.shop.programs.cosign,
      ["sign-blob", "--yes", "--bundle", bundle],
      cosignSigner(stage, keyless),
      "model.bin",
    ],
  })),
  ...[true, false].map((keyless): Writer => ({
    writer: "cosign",
    what: `attest-blob (SLSA provenance), ${keyless ? "keyless" : "key P-256"}`,
    content: "provenance",
    model: "model.bin",
    trust: keyless ? "keyless" : { key: "P-256", logged: true },
    command: (stage, bundle) => [
      stage.shop.programs.cosign,
      ["attest-blob", "--yes", "--bundle", bundle],
      cosignSigner(stage, keyless),
      ["--type", "slsaprovenance1"],
      ["--predicate", "predicate.json", "model.bin"],
    ],
  })),
  {
    writer: "sigstore-python",
    what: "sign, keyless",
    content: "message",
    model: "model.bin",
    trust: "keyless",
    command: ({ shop, sigstore }, bundle) => [
      shop.programs.sigstorePython,
      ["--trust-config", sigstore.trustConfig, "sign"],
      ["--identity-token", sigstore.token(PERSON), "--bundle", bundle, "model.bin"],
    ],
  },
  {
    writer: "sigstore-python",
    what: "attest (SLSA provenance), keyless",
    content: "provenance",
    model: "model.bin",
    trust: "keyless",
    command: ({ shop, sigstore }, bundle) => [
      shop.programs.sigstorePython,
      ["--trust-config", sigstore.trustConfig, "attest"],
      ["--identity-token", sigstore.token(PERSON), "--bundle", bundle],
      ["--predicate", "predicate.json", "--predicate-type", SLSA, "model.bin"],
    ],
  },
];

/** Runs every cell, two at a time; `problem` hears of what is no cell: a program that cannot sign. */
export async function measure(
  stage: Stage,
  problem: (what: string) => void,
): Promise<readonly Row[]> {
  const { shop } = stage;
  await prepare(stage);
  const bundles = await mapPool(WRITERS, 2, async (writer) => {
    const bundle = `${WRITERS.indexOf(writer)}.sigstore.json`;
    const [program, ...args] = writer.command(stage, bundle);
    const { code, stdout, stderr } = await shop.run(program, ...args);
    if (code !== 0) problem(`${writer.writer}, ${writer.what}: ${stdout}${stderr}`);
    return bundle;
  });
  const all = WRITERS.flatMap((writer, at) =>
    READERS.map((reader) => ({ writer, reader, bundle: bundles[at] ?? "" })),
  );
  const cells = await mapPool(all, 2, async ({ writer, reader, bundle }) => {
    const cell = await read(stage, writer, reader, bundle, problem);
    return [reader, cell] as const;
  });
  return WRITERS.map(({ writer, what }, at) => {
    const own = cells.slice(at * READERS.length, (at + 1) * READERS.length);
    return { writer, what, cells: Object.fromEntries(own) as Row["cells"] };
  });
}

async function prepare({ shop }: Stage): Promise<void> {
  writeModel(shop);
  shop.write("model.bin", "weights");
  cpSync(shop.path("model"), shop.path("changed/model"), { recursive: true });
  shop.write("changed/model/config.json", "{ }");
  shop.write("changed/model.bin", "weightz");
  shop.write("predicate.json", JSON.stringify(PREDICATE));
  for (const curve of CURVES) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
    shop.write(`${curve}.key`, privateKey.export({ type: "pkcs8", format: "pem" }));
    shop.write(`${curve}.pub`, publicKey.export({ type: "spki", format: "pem" }));
  }
  const { cosign } = shop.programs;
  await shop.ok(cosign, "import-key-pair", "--key", "P-256.key", "--output-key-prefix", "cosign");
}

async function read(
  stage: Stage,
  writer: Writer,
  reader: Reader,
  bundle: string,
  problem: (what: string) => void,
): Promise<Cell> {
  const cell = `${writer.writer}, ${writer.what}, read by ${reader}`;
  const { shop } = stage;
  const result = await shop.run(...(await command(stage, writer, reader, bundle, writer.model)));
  if (result.code === 0) {
    const other = await command(stage, writer, reader, bundle, `changed/${writer.model}`);
    if ((await shop.run(...other)).code === 0) problem(`${cell}: accepts what was changed`);
    return { verdict: "verifies" };
  }
  const output = result.stdout + result.stderr;
  const refusal = REFUSALS.find(
    ({ reader: by, of, text }) => by === reader && of(writer) && text.test(output),
  );
  if (refusal === undefined) problem(`${cell}: nobody says why it refuses: ${output}`);
  return { verdict: "refuses", note: refusal?.note ?? "unexplained" };
}

async function command(
  stage: Stage,
  writer: Writer,
  reader: Reader,
  bundle: string,
  model: string,
): Promise<Command> {
  const { programs } = stage.shop;
  switch (reader) {
    case "mlsign":
      return [NODE, mlsignVerify(stage, writer, bundle, model)];
    case "model_signing":
      return [programs.modelSigning, modelSigningVerify(stage, writer, bundle, model)];
    case "cosign":
      return [programs.cosign, await cosignVerify(stage, writer, bundle, model)];
    case "sigstore-python": {
      const { trustConfig, urls } = stage.sigstore;
      const args = [
        ["--trust-config", trustConfig, "verify", "identity", "--offline", "--bundle", bundle],
        ["--cert-identity", PERSON, "--cert-oidc-issuer", urls.issuer],
        writer.content === "model" ? `sha256:${await rootOf(stage, model)}` : model,
      ];
      return [programs.sigstorePython, args];
    }
  }
}

function mlsignSign(model: string, bundle: string): Args {
  return [MLSIGN, "sign", model, "--signature", bundle];
}

function mlsignVerify(stage: Stage, writer: Writer, bundle: string, model: string): Args {
  const { trustedRoot, urls } = stage.sigstore;
  const { trust, content } = writer;
  const whom =
    trust === "certificate"
      ? ["--certificate-chain", join(KEYS, "ca-cert.pem")]
      : trust === "keyless"
        ? ["--certificate-identity", PERSON, "--certificate-oidc-issuer", urls.issuer]
        : ["--key", `${trust.key}.pub`];
  const witnessed = trust === "keyless" || (typeof trust === "object" && trust.logged);
  return [
    [MLSIGN, "verify", model, "--signature", bundle, whom],
    witnessed ? ["--trusted-root", trustedRoot, "--require-log", "--require-timestamp"] : [],
    content === "provenance" ? ["--accept-statement"] : [],
  ];
}

function modelSigningVerify(stage: Stage, writer: Writer, bundle: string, model: string): Args {
  const { trustConfig, urls } = stage.sigstore;
  const { trust } = writer;
  const rest = [model, "--signature", bundle];
  if (trust === "certificate") {
    return ["verify", "certificate", rest, "--certificate_chain", join(KEYS, "ca-cert.pem")];
  }
  if (trust !== "keyless") return ["verify", "key", rest, "--public_key", `${trust.key}.pub`];
  return [
    ["verify", "sigstore", rest, "--trust_config", trustConfig],
    ["--identity", PERSON, "--identity_provider", urls.issuer],
  ];
}

async function cosignVerify(
  stage: Stage,
  writer: Writer,
  bundle: string,
  model: string,
): Promise<Args> {
  const { trustedRoot, urls } = stage.sigstore;
  const { trust, content } = writer;
  const whom =
    typeof trust === "object"
      ? ["--key", `${trust.key}.pub`, trust.logged ? [] : ["--insecure-ignore-tlog"]]
      : ["--certificate-identity", PERSON, "--certificate-oidc-issuer", urls.issuer];
  const common = ["--bundle", bundle, "--trusted-root", trustedRoot, whom];
  if (content === "message") return ["verify-blob", common, model];
  if (content === "provenance") {
    return ["verify-blob-attestation", common, "--type", "slsaprovenance1", model];
  }
  return [
    ["verify-blob-attestation", common, "--type", "https://model_signing/signature/v1.0"],
    ["--digest", await rootOf(stage, model), "--digestAlg", "sha256"],
  ];
}

function cosignSigner({ sigstore }: Stage, keyless: boolean): Args {
  const { signingConfig, trustedRoot, token } = sigstore;
  const services = ["--signing-config", signingConfig];
  return keyless
    ? [services, "--trusted-root", trustedRoot, "--identity-token", token(PERSON)]
    : [services, "--key", "cosign.key"];
}

/** The digest that a model's signature is over. */
async function rootOf({ shop }: Stage, model: string): Promise<string> {
  const { stdout } = await shop.ok(NODE, MLSIGN, "digest", model);
  return /[0-9a-f]{64}/.exec(stdout)?.[0] ?? sha256("none").toString("hex");
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
