import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { IN_TOTO, pae } from "@mlsign/bundle";
import { type ErrorCode, MlsignError } from "@mlsign/core";
import { keySigner, type WitnessRequest } from "@mlsign/sign";
import type { ExecutionContext } from "ava";

export const PAYLOAD: Buffer = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
export const NO_PASSPHRASE = async (): Promise<undefined> => undefined;

export function ecKey(namedCurve = "P-256"): { privateKey: KeyObject; publicKey: KeyObject } {
  return generateKeyPairSync("ec", { namedCurve });
}

/** What a witness is shown: a new signature each time. */
export async function asked(privateKey: KeyObject = ecKey().privateKey): Promise<WitnessRequest> {
  const signedBytes = pae(IN_TOTO, PAYLOAD);
  const signed = await keySigner(privateKey, "claim").sign(signedBytes);
  const envelope = {
    kind: "dsse",
    payloadType: IN_TOTO,
    payload: PAYLOAD,
    signature: signed.signature,
    keyid: "",
  } as const;
  return { envelope, signedBytes, signed };
}

/** That a promise fails with a code, and that nothing of the error shows a secret. */
export async function fails(
  t: ExecutionContext,
  promise: Promise<unknown>,
  code: ErrorCode,
  secrets: readonly string[] = [],
): Promise<MlsignError> {
  const error = await t.throwsAsync(promise, { instanceOf: MlsignError });
  t.is(error.code, code, error.message);
  keepsSecret(t, error, secrets);
  return error;
}

/** A token's parts are secrets too. */
export function keepsSecret(
  t: ExecutionContext,
  error: MlsignError,
  secrets: readonly string[],
): void {
  const shown = `${inspect(error, { depth: 9, showHidden: true })} ${error.hint ?? ""}`;
  for (const secret of secrets.flatMap((text) => [text, ...text.split(".")])) {
    t.false(shown.includes(secret), `shows ${secret.slice(0, 8)}…`);
  }
}

/** A directory of its own for one test, taken away after it. */
export function temporary(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "mlsign-sign-"));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** A service that answers as the test says, for one test. */
export async function serve(
  t: ExecutionContext,
  answer: (request: IncomingMessage, body: string, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => answer(request, body, response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** An address where nobody listens any more. */
export async function deserted(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return `http://127.0.0.1:${port}`;
}
