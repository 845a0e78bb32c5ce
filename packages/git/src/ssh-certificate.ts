import { readKeyFields, readSshKey } from "./ssh-key.ts";
import { verifySshBlob } from "./ssh-verify.ts";
import { WireReader, wireString } from "./ssh-wire.ts";

/** What an SSH certificate says (PROTOCOL.certkeys). Whether its authority is trusted is not in it. */
export interface SshCertificate {
  /** The key that it certifies, as on the wire. */
  readonly key: Buffer;
  readonly user: boolean;
  readonly serial: bigint;
  readonly keyId: string;
  readonly principals: readonly string[];
  /** Seconds since 1970: from the first, before the second. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: readonly string[];
  /** The authority's key, as on the wire. */
  readonly authority: Buffer;
}

export function isCertificate(wire: Buffer): boolean {
  return CERTIFICATE.test(new WireReader(wire).text());
}

/**
 * Reads a certificate whose authority's signature is over it.
 *
 * @throws where it is malformed, or signed by nobody, by a certificate or with SHA-1.
 */
export function readSshCertificate(wire: Buffer): SshCertificate {
  const reader = new WireReader(wire);
  const type = plainType(reader.text());
  reader.bytes(); // a nonce
  const start = reader.position;
  readKeyFields(type, reader);
  const fields = wire.subarray(start, reader.position);
  const serial = reader.uint64();
  const kind = reader.uint32();
  const keyId = reader.text();
  const principals = textsOf(reader.bytes());
  const [validAfter, validBefore] = [reader.uint64(), reader.uint64()];
  const criticalOptions = optionNames(reader.bytes());
  optionNames(reader.bytes()); // extensions: none has a meaning for signatures
  reader.bytes(); // reserved
  const authority = Buffer.from(reader.bytes());
  const signed = wire.subarray(0, reader.position);
  const signature = reader.bytes();
  reader.end();
  if (kind !== USER && kind !== HOST) throw new Error(`certificate of kind ${kind}`);
  if (validAfter >= validBefore) throw new Error("certificate that is never valid");
  if (isCertificate(authority)) throw new Error("certificate signed by a certificate");
  if (!verifySshBlob(readSshKey(authority), signature, signed))
    throw new Error("certificate that its authority did not sign");
  return {
    key: Buffer.concat([wireString(type), fields]),
    user: kind === USER,
    serial,
    keyId,
    principals,
    validAfter,
    validBefore,
    criticalOptions,
    authority,
  };
}

function textsOf(packed: Buffer): string[] {
  const texts: string[] = [];
  for (const reader = new WireReader(packed); reader.more;) {
    if (texts.length === MOST_PRINCIPALS) throw new Error("certificate for too many principals");
    texts.push(reader.bytes().toString("utf8"));
  }
  return texts;
}

/** Names; their data is a string of its own. */
function optionNames(packed: Buffer): string[] {
  const names: string[] = [];
  for (const reader = new WireReader(packed); reader.more; reader.bytes()) {
    names.push(reader.text());
  }
  return names;
}

/** The type of the key in a certificate; only security keys' names have a domain. */
function plainType(type: string): string {
  const [, name = "", domain = ""] = CERTIFICATE.exec(type) ?? [];
  return name.startsWith("sk-") ? `${name}${domain}` : name;
}

const CERTIFICATE =
  /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-ssh-ed25519|sk-ecdsa-sha2-nistp256)-cert-v01(@openssh\.com)$/;
const USER = 1;
const HOST = 2;
/** OpenSSH's own limit. */
const MOST_PRINCIPALS = 256;
