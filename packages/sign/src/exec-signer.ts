import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { type KeyUse, type SignatureAlgorithm, suitableKey } from "@mlsign/bundle";
import { isRecord, messageOf, MlsignError, parseJson } from "@mlsign/core";
import { derSignature } from "./ecdsa.ts";
import { runProgram } from "./run-program.ts";
import type { Signer } from "./signer.ts";

export interface ExecSignerOptions {
  readonly use: KeyUse;
  readonly timeoutMs?: number;
}

/**
 * A signer behind a program: the door for key management services and hardware. The program gets
 * one JSON request on stdin and answers one JSON object on stdout:
 *
 *     {"version":1,"operation":"public-key"}                     -> {"publicKey":"-----BEGIN PUBLIC KEY-----…"}
 *     {"version":1,"operation":"sign","hash":"sha256","digest":"<base64>"} -> {"signature":"<base64>"}
 *
 * ECDSA signatures may be DER or r||s. What it returns is verified before it is used.
 *
 * @throws MlsignError `signer-failed` or `key-unsuitable`, on `sign`.
 */
export function execSigner(program: string, options: ExecSignerOptions): Signer {
  const ask = async (request: object, field: string): Promise<string> => {
    const answer = await run(program, { version: 1, ...request }, options.timeoutMs ?? TIMEOUT_MS);
    const value = answer[field];
    if (typeof value !== "string") throw failed(program, `its answer has no "${field}"`);
    return value;
  };
  let publicKey: Promise<KeyObject> | undefined;
  return {
    sign: async (data) => {
      publicKey ??= ask({ operation: "public-key" }, "publicKey").then((pem) => read(program, pem));
      const key = await publicKey;
      const algorithm = suitableKey(key, options.use, "sign");
      const { hash } = algorithm;
      if (hash === undefined)
        throw failed(program, "a program signs digests, which Ed25519 has none of");
      const digest = createHash(hash).update(data).digest("base64");
      const text = await ask({ operation: "sign", hash, digest }, "signature");
      const signature = usable(Buffer.from(text, "base64"), data, key, algorithm);
      if (signature === undefined) throw failed(program, "its signature does not verify");
      return { signature, publicKey: key, algorithm, certificates: [] };
    },
  };
}

function usable(
  bytes: Buffer,
  data: Buffer,
  key: KeyObject,
  algorithm: SignatureAlgorithm,
): Buffer | undefined {
  const forms = key.asymmetricKeyType === "ec" ? [bytes, derSignature(bytes)] : [bytes];
  return forms.find((form) => algorithm.verify(data, key, form));
}

async function run(
  program: string,
  request: object,
  timeoutMs: number,
): Promise<Record<string, unknown>> {
  try {
    const output = await runProgram(program, [], {
      input: `${JSON.stringify(request)}\n`,
      timeoutMs,
    });
    const answer = parseJson(output, { maxBytes: 1024 * 1024, maxDepth: 8 });
    if (isRecord(answer)) return answer;
  } catch (cause) {
    throw failed(program, messageOf(cause), cause);
  }
  throw failed(program, "its answer is not a JSON object");
}

function read(program: string, pem: string): KeyObject {
  try {
    return createPublicKey(pem);
  } catch {
    throw failed(program, "its public key is malformed");
  }
}

function failed(program: string, why: string, cause?: unknown): MlsignError {
  return new MlsignError("signer-failed", `Cannot sign with ${program}: ${why}`, {
    ...(cause !== undefined && { cause }),
  });
}

const TIMEOUT_MS = 60_000;
