import { createHash, verify } from "node:crypto";
import type { SshKey } from "./ssh-key.ts";
import { WireReader } from "./ssh-wire.ts";

/**
 * Whether a signature as SSH has it on the wire (RFC 4253 6.6, RFC 8332, RFC 5656, RFC 8709,
 * PROTOCOL.u2f) is by this key over this message. SHA-1 is no hash of it.
 *
 * @throws where the signature is malformed.
 */
export function verifySshBlob(key: SshKey, blob: Buffer, message: Buffer): boolean {
  const reader = new WireReader(blob);
  const algorithm = reader.text();
  const signature = reader.bytes();
  const data =
    key.application === undefined ? message : securityKeyData(key.application, reader, message);
  if (data === undefined) return false;
  reader.end();
  try {
    switch (algorithm) {
      case "ssh-ed25519":
      case "sk-ssh-ed25519@openssh.com":
        return algorithm === key.type && verify(null, data, key.key, signature);
      case "rsa-sha2-256":
      case "rsa-sha2-512":
        return (
          key.type === "ssh-rsa" &&
          verify(algorithm.replace("rsa-sha2-", "sha"), data, key.key, signature)
        );
      default:
        return algorithm === key.type && verifyEcdsa(algorithm, data, key, signature);
    }
  } catch {
    return false;
  }
}

/** RFC 5656 3.1.2: r and s are mpints in a string of their own. */
function verifyEcdsa(algorithm: string, data: Buffer, key: SshKey, signature: Buffer): boolean {
  const hash = { "256": "sha256", "384": "sha384", "521": "sha512" }[
    /nistp(\d+)/.exec(algorithm)?.[1] ?? ""
  ];
  if (hash === undefined) return false;
  const reader = new WireReader(signature);
  const size = { sha256: 32, sha384: 48, sha512: 66 }[hash as "sha256"];
  const halves = [reader.bytes(), reader.bytes()].map((mpint) => {
    const digits = mpint.subarray(mpint.length > size ? mpint.length - size : 0);
    return Buffer.concat([Buffer.alloc(size - digits.length), digits]);
  });
  reader.end();
  return verify(hash, data, { key: key.key, dsaEncoding: "ieee-p1363" }, Buffer.concat(halves));
}

/** PROTOCOL.u2f: what a security key signs; user presence is asked for. */
function securityKeyData(
  application: Buffer,
  reader: WireReader,
  message: Buffer,
): Buffer | undefined {
  const flags = reader.raw(1);
  const counter = reader.raw(4);
  if (((flags[0] ?? 0) & 1) === 0) return undefined;
  const digest = (bytes: Buffer): Buffer => createHash("sha256").update(bytes).digest();
  return Buffer.concat([digest(application), flags, counter, digest(message)]);
}
