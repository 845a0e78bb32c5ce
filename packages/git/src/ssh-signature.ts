import { createHash, verify } from "node:crypto";
import { readSshKey, type SshKey } from "./ssh-key.ts";
import { WireReader, wireString } from "./ssh-wire.ts";

export interface SshSignature {
  /** The key that signed, as on the wire. */
  readonly key: Buffer;
  readonly valid: boolean;
}

/**
 * Verifies an SSH signature (PROTOCOL.sshsig) in git's namespace, without any program.
 *
 * @throws where the armour or its content is malformed.
 */
export function verifySshSignature(armour: string, signed: Buffer): SshSignature {
  const body =
    /^-----BEGIN SSH SIGNATURE-----\n([A-Za-z0-9+/=\n]+)-----END SSH SIGNATURE-----\s*$/.exec(
      armour,
    )?.[1];
  if (body === undefined) throw new Error("malformed armour");
  const reader = new WireReader(Buffer.from(body.replaceAll("\n", ""), "base64"));
  if (reader.raw(6).toString("latin1") !== MAGIC) throw new Error("no SSH signature");
  if (reader.uint32() !== 1) throw new Error("unknown version");
  const key = Buffer.from(reader.bytes());
  const namespace = reader.text();
  const reserved = reader.bytes();
  const hash = reader.text();
  const signature = reader.bytes();
  reader.end();
  if (namespace !== "git") throw new Error(`namespace "${namespace}", not "git"`);
  if (hash !== "sha256" && hash !== "sha512") throw new Error(`hash ${hash}`);
  const digest = createHash(hash).update(signed).digest();
  const message = Buffer.concat([
    Buffer.from(MAGIC),
    ...[namespace, reserved, hash, digest].map((part) => wireString(part)),
  ]);
  return { key, valid: verifyBlob(readSshKey(key), signature, message) };
}

function verifyBlob(key: SshKey, blob: Buffer, message: Buffer): boolean {
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

const MAGIC = "SSHSIG";
