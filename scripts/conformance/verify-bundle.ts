import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { createReadStream, existsSync, readFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { parseArgs } from "node:util";
import { parseBundle } from "@mlsign/bundle";
import { decide, exitOfVerdict, MlsignError, printable } from "@mlsign/core";
import { type ArtifactOptions, type Trust, verifyArtifact } from "@mlsign/verify";
import { needed, trustedRootOf } from "./roots.ts";

/** Whom the suite trusts where a case names nobody. Never taken from the bundle. */
export const SUITE_IDENTITY =
  "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
export const SUITE_ISSUER = "https://token.actions.githubusercontent.com";

/**
 * sigstore-conformance's `verify-bundle`: a file, or its digest alone, by a message signature or
 * as a subject of a statement of any type. Bundles v0.1 are taken here.
 */
export async function verifyBundle(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: OPTIONS,
    allowPositionals: true,
  });
  const [artifact, ...rest] = positionals;
  if (rest.length > 0) throw new MlsignError("usage", "Cannot verify more than one file");
  const digest = digestOf(needed(artifact, "file or digest"));
  const trust = await trustOf(values);
  const bundle = parseBundle(readFileSync(needed(values.bundle, "--bundle")));
  const { findings } = await verifyArtifact(bundle, trust, {
    now: new Date(),
    statements: "any",
    acceptV01: true,
    digest,
  });
  for (const { outcome, code, message } of findings) {
    process.stdout.write(`${outcome} ${code}: ${printable(message)}\n`);
  }
  const verdict = decide(findings);
  process.stdout.write(`${verdict}\n`);
  return exitOfVerdict(verdict);
}

interface Values {
  readonly staging?: boolean;
  readonly key?: string;
  readonly "certificate-identity"?: string;
  readonly "certificate-oidc-issuer"?: string;
  readonly "trusted-root"?: string;
}

async function trustOf(values: Values): Promise<Trust> {
  const { "certificate-identity": exact, "certificate-oidc-issuer": issuer } = values;
  if (values.key !== undefined) {
    if (exact !== undefined || issuer !== undefined) {
      throw new MlsignError("usage", "Cannot trust a key and an identity together");
    }
    const key = readPublicKey(values.key);
    // A key's bundle needs no witness; those that it has are checked, which takes a root.
    const { root } = await trustedRootOf(values["trusted-root"], values.staging);
    return { method: "key", key, trustedRoot: root };
  }
  const { root } = await trustedRootOf(values["trusted-root"], values.staging);
  return {
    method: "keyless",
    trustedRoot: root,
    identity: { identity: { exact: exact ?? SUITE_IDENTITY }, issuer: issuer ?? SUITE_ISSUER },
  };
}

function readPublicKey(file: string): KeyObject {
  const pem = readFileSync(file);
  try {
    return createPublicKey(pem);
  } catch {
    throw new MlsignError("key-invalid", `Cannot read key ${printable(file)}: malformed`);
  }
}

/** A digest that is given answers for its own algorithm only. */
function digestOf(artifact: string): ArtifactOptions["digest"] {
  const hex = /^sha256:([0-9a-f]{64})$/i.exec(artifact)?.[1];
  if (hex !== undefined) {
    return async (algorithm) => (algorithm === "sha256" ? Buffer.from(hex, "hex") : undefined);
  }
  if (!existsSync(artifact)) {
    throw new MlsignError("model-missing", `Cannot find ${printable(artifact)}: no such file`);
  }
  return async (algorithm) => {
    const hash = createHash(algorithm);
    await pipeline(createReadStream(artifact), hash);
    return hash.digest();
  };
}

const OPTIONS = {
  staging: { type: "boolean" },
  bundle: { type: "string" },
  key: { type: "string" },
  "certificate-identity": { type: "string" },
  "certificate-oidc-issuer": { type: "string" },
  "trusted-root": { type: "string" },
} as const;
