import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import { type KeyUse, suitableKey } from "@mlsign/bundle";
import { MlsignError } from "@mlsign/core";
import type { Signer } from "./signer.ts";

/**
 * A signer with a private key in memory.
 *
 * @throws MlsignError `key-unsuitable`
 */
export function keySigner(privateKey: KeyObject, use: KeyUse): Signer {
  const algorithm = suitableKey(privateKey, use, "sign");
  const publicKey = createPublicKey(privateKey);
  return {
    sign: async (data) => ({
      signature: algorithm.sign(data, privateKey),
      publicKey,
      algorithm,
      certificates: [],
    }),
  };
}

/**
 * Reads a PEM private key; text around it is passed over. `passphrase` is asked for only where
 * the key is encrypted.
 *
 * @throws MlsignError `key-invalid`, `passphrase-missing` or `passphrase-wrong`; never the key.
 */
export async function loadPrivateKey(
  pem: string,
  source: string,
  passphrase: () => Promise<string | undefined>,
): Promise<KeyObject> {
  const block = PRIVATE_KEY.exec(pem)?.[0];
  if (block === undefined) {
    throw new MlsignError("key-invalid", `Cannot read key ${source}: no PEM private key in it`, {
      hint: PUBLIC_KEY.test(pem)
        ? "this is a public key; signing needs the private one"
        : undefined,
    } as { hint?: string });
  }
  if (SIGSTORE_KEY.test(block)) {
    throw new MlsignError("key-invalid", `Cannot read key ${source}: cosign's own encrypted form`, {
      hint: "make a PEM key with `mlsign keygen`",
    });
  }
  if (!ENCRYPTED.test(block)) return parse(block, source);
  const secret = await passphrase();
  if (secret === undefined) {
    throw new MlsignError("passphrase-missing", `Cannot open key ${source}: it is encrypted`, {
      hint: "set MLSIGN_PASSPHRASE, or run on a terminal",
    });
  }
  return parse(block, source, secret);
}

function parse(key: string, source: string, passphrase?: string): KeyObject {
  try {
    return createPrivateKey({
      key,
      format: "pem",
      ...(passphrase !== undefined && { passphrase }),
    });
  } catch {
    // OpenSSL's message can hold nothing useful and its cause the key's bytes: neither is kept.
    throw passphrase === undefined
      ? new MlsignError("key-invalid", `Cannot read key ${source}: malformed`)
      : new MlsignError("passphrase-wrong", `Cannot open key ${source}: wrong passphrase`);
  }
}

const PRIVATE_KEY =
  /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[^]*?-----END (?:[A-Z]+ )*PRIVATE KEY-----/;
const PUBLIC_KEY = /-----BEGIN (?:RSA )?PUBLIC KEY-----/;
const ENCRYPTED = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m;
const SIGSTORE_KEY = /-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----/;
