import { createPublicKey, type KeyObject } from "node:crypto";
import { WireReader } from "./ssh-wire.ts";

export interface SshKey {
  readonly type: string;
  readonly key: KeyObject;
  /** Of security keys: what their signatures are bound to. */
  readonly application: Buffer | undefined;
}

/** Reads a public key as SSH has it on the wire (RFC 4253 6.6, RFC 5656, RFC 8709). */
export function readSshKey(wire: Buffer): SshKey {
  const reader = new WireReader(wire);
  const key = readKeyFields(reader.text(), reader);
  reader.end();
  return key;
}

/** The part of a public key that follows its type, as certificates have it too. */
export function readKeyFields(type: string, reader: WireReader): SshKey {
  const key = keyOf(type, reader);
  const application = type.startsWith("sk-") ? reader.bytes() : undefined;
  return { type, key, application };
}

function keyOf(type: string, reader: WireReader): KeyObject {
  switch (type) {
    case "ssh-ed25519":
    case "sk-ssh-ed25519@openssh.com":
      return fromJwk({ kty: "OKP", crv: "Ed25519", x: reader.bytes().toString("base64url") });
    case "ecdsa-sha2-nistp256":
    case "ecdsa-sha2-nistp384":
    case "ecdsa-sha2-nistp521":
    case "sk-ecdsa-sha2-nistp256@openssh.com": {
      const curve = reader.text();
      const point = reader.bytes();
      const half = (point.length - 1) / 2;
      if (point[0] !== 4 || !type.includes(curve)) throw new Error("malformed EC key");
      const [x, y] = [point.subarray(1, 1 + half), point.subarray(1 + half)];
      return fromJwk({
        kty: "EC",
        crv: `P-${curve.slice("nistp".length)}`,
        x: x.toString("base64url"),
        y: y.toString("base64url"),
      });
    }
    case "ssh-rsa": {
      const [e, n] = [reader.bytes(), reader.bytes()];
      const key = fromJwk({ kty: "RSA", n: unsigned(n), e: unsigned(e) });
      if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048)
        throw new Error("RSA key too short");
      return key;
    }
    default:
      throw new Error(`unknown key type ${type}`);
  }
}

function fromJwk(key: Record<string, string>): KeyObject {
  return createPublicKey({ key, format: "jwk" });
}

function unsigned(mpint: Buffer): string {
  return mpint.subarray(mpint[0] === 0 ? 1 : 0).toString("base64url");
}
