import { parseArgs } from "node:util";
import { EXIT, MlsignError } from "@mlsign/core";
import { type Host, run } from "mlsign";
import { needed, noStaging } from "./roots.ts";

/** model-signing-conformance's `verify-model`: the command line's `verify`, in its own words. */
export async function verifyModel(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { ...COMMON, ...VERIFY } });
  const model = needed(values["model-path"], "--model-path");
  const signature = ["--signature", needed(values.bundle, "--bundle")];
  const ignored = each("--ignore-path", values["ignore-paths"]);
  if (values["ignore-unsigned-files"]) ignored.push("--ignore-unsigned-files");
  return mlsign(["verify", model, ...signature, ...ignored, ...trust()]);

  function trust(): string[] {
    switch (values.method) {
      case "key":
        return ["--key", needed(values["public-key"], "--public-key")];
      case "certificate":
        needed(values["cert-chain"]?.[0], "--cert-chain");
        return each("--certificate-chain", values["cert-chain"]);
      case "sigstore":
        if (values["use-staging"]) throw noStaging("its trusted root, which has no flag here");
        return [
          `--certificate-identity=${needed(values.identity, "--identity")}`,
          `--certificate-oidc-issuer=${needed(values["identity-provider"], "--identity-provider")}`,
        ];
      default:
        throw unknownMethod(values.method);
    }
  }
}

/** model-signing-conformance's `sign-model`. */
export async function signModel(argv: string[]): Promise<number> {
  const { values } = parseArgs({ args: argv, options: { ...COMMON, ...SIGN } });
  const model = needed(values["model-path"], "--model-path");
  const signature = ["--signature", needed(values["output-bundle"], "--output-bundle")];
  const ignored = each("--ignore-path", values["ignore-paths"]);
  const hash = values["hash-algorithm"] === undefined ? [] : ["--hash", values["hash-algorithm"]];
  const shards = values["shard-size"] === undefined ? [] : ["--shard-size", values["shard-size"]];
  return mlsign(["sign", model, ...signature, ...ignored, ...hash, ...shards, ...signer()]);

  function signer(): string[] {
    const key = (): string[] => ["--key", needed(values["private-key"], "--private-key")];
    switch (values.method) {
      case "key":
        return key();
      case "certificate":
        return [
          ...key(),
          `--certificate=${needed(values["signing-cert"], "--signing-cert")}`,
          ...each("--certificate-chain", values["cert-chain"]),
        ];
      case "sigstore":
        if (values["use-staging"]) throw noStaging("its services, which have no flag here");
        return ["--identity-token", needed(values["identity-token"], "--identity-token")];
      default:
        throw unknownMethod(values.method);
    }
  }
}

/** What the protocol leaves open. */
export async function capabilities(): Promise<number> {
  const flags = ["--hash-algorithm", "--shard-size"];
  const hashes = ["sha256", "blake2b", "blake3"];
  const document = { flags, hash_algorithms: hashes, benchmark_model: false };
  process.stdout.write(`${JSON.stringify(document)}\n`);
  return EXIT.accepted;
}

function mlsign(argv: readonly string[]): Promise<number> {
  const host: Host = {
    cwd: process.cwd(),
    env: process.env,
    clock: () => new Date(),
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive: false,
    terminal: false,
    columns: 100,
    colour: false,
    ask: async () => undefined,
    openBrowser: () => {},
    onGoogleCloud: () => false,
    signal: new AbortController().signal,
  };
  return run(argv, host);
}

function each(flag: string, values: readonly string[] = []): string[] {
  return values.flatMap((value) => [flag, value]);
}

function unknownMethod(method: string | undefined): MlsignError {
  const message = `Cannot use method ${String(method)}: not key, certificate or sigstore`;
  return new MlsignError("usage", message);
}

const COMMON = {
  method: { type: "string" },
  "model-path": { type: "string" },
  "cert-chain": { type: "string", multiple: true },
  "ignore-paths": { type: "string", multiple: true },
  "use-staging": { type: "boolean" },
} as const;
const VERIFY = {
  bundle: { type: "string" },
  "public-key": { type: "string" },
  "ignore-unsigned-files": { type: "boolean" },
  identity: { type: "string" },
  "identity-provider": { type: "string" },
} as const;
const SIGN = {
  "output-bundle": { type: "string" },
  "private-key": { type: "string" },
  "signing-cert": { type: "string" },
  "identity-token": { type: "string" },
  "hash-algorithm": { type: "string" },
  "shard-size": { type: "string" },
} as const;
