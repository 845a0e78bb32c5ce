import { createHash } from "node:crypto";
import { isCertificate, readSshCertificate, type SshCertificate } from "./ssh-certificate.ts";
import { readSshKey } from "./ssh-key.ts";
import { verifySshBlob } from "./ssh-verify.ts";
import { WireReader, wireString } from "./ssh-wire.ts";

export interface SshSignature {
  /** The key that signed, as on the wire: of a certificate, the key that it certifies. */
  readonly key: Buffer;
  /** Signed by its authority, whoever that is. */
  readonly certificate: SshCertificate | undefined;
  readonly valid: boolean;
}

/**
 * Verifies an SSH signature (PROTOCOL.sshsig) in git's namespace, without any program.
 *
 * @throws where the armour or its content is malformed, or its certificate is not what was signed.
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
  const shown = Buffer.from(reader.bytes());
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
  const certificate = isCertificate(shown) ? readSshCertificate(shown) : undefined;
  const key = certificate?.key ?? shown;
  return { key, certificate, valid: verifySshBlob(readSshKey(key), signature, message) };
}

const MAGIC = "SSHSIG";
