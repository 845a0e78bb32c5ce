/**
 * Signature checks that are remembered. A mutant differs from its bundle in one place, so that
 * nearly all its signatures (chain, SCT, timestamp, checkpoint) are those of the mutant before:
 * the same key, bytes and signature give the same answer. What is new is checked as ever.
 */
import crypto, { createHash, KeyObject, X509Certificate } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";

const MOST = 50_000;
const answers = new Map<string, boolean>();

export function rememberSignatures(): void {
  const verify = crypto.verify;
  const checked = (...args: Parameters<typeof verify>): boolean => {
    const [algorithm, data, key, signature] = args;
    if (!(key instanceof KeyObject)) return verify(algorithm, data, key, signature) as boolean;
    const spki = key.export({ type: "spki", format: "der" });
    return remember([String(algorithm), spki, data, signature], () =>
      verify(algorithm, data, key, signature),
    );
  };
  crypto.verify = checked as typeof verify;
  const issued = Object.getOwnPropertyDescriptor(X509Certificate.prototype, "verify")?.value as (
    this: X509Certificate,
    key: KeyObject,
  ) => boolean;
  X509Certificate.prototype.verify = function by(this: X509Certificate, key: KeyObject): boolean {
    const spki = key.export({ type: "spki", format: "der" });
    return remember(["x509", this.raw, spki], () => issued.call(this, key));
  };
  syncBuiltinESMExports();
}

/** An error is an answer of its own: it is not remembered, but thrown again by the check itself. */
function remember(
  parts: readonly (string | NodeJS.ArrayBufferView)[],
  check: () => boolean,
): boolean {
  const hash = createHash("sha256");
  for (const part of parts) {
    hash.update(String(typeof part === "string" ? part.length : part.byteLength));
    hash.update(":").update(part as string);
  }
  const name = hash.digest("base64");
  const known = answers.get(name);
  if (known !== undefined) return known;
  const answer = check();
  if (answers.size >= MOST) answers.clear();
  answers.set(name, answer);
  return answer;
}
