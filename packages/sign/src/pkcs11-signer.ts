import { createHash, createPublicKey, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { type KeyUse, type SignatureAlgorithm, suitableKey } from "@mlsign/bundle";
import { messageOf, MlsignError } from "@mlsign/core";
import { derSignature } from "./ecdsa.ts";
import { parsePkcs11Uri, type Pkcs11Uri } from "./pkcs11-uri.ts";
import type { Signer } from "./signer.ts";

/**
 * A signer whose key stays on a token. The binding, `pkcs11js`, is an optional peer: it compiles
 * on installation, which nobody who does not need it should pay for.
 *
 * @throws MlsignError `key-invalid` for the URI; `signer-failed` on `sign`. The PIN is in neither.
 */
export function pkcs11Signer(
  uri: string,
  use: KeyUse,
  passphrase: () => Promise<string | undefined>,
): Signer {
  const wanted = parsePkcs11Uri(uri);
  return {
    sign: async (data) => {
      const pin = await pinOf(wanted, passphrase);
      const session = await openSession(wanted, pin);
      try {
        const publicKey = session.publicKey();
        const algorithm = suitableKey(publicKey, use, "sign");
        return {
          signature: session.sign(data, algorithm, publicKey),
          publicKey,
          algorithm,
          certificates: [],
        };
      } catch (cause) {
        if (cause instanceof MlsignError) throw cause;
        throw failed(messageOf(cause), cause);
      } finally {
        session.close();
      }
    },
  };
}

async function pinOf(
  uri: Pkcs11Uri,
  passphrase: () => Promise<string | undefined>,
): Promise<string | undefined> {
  if (uri.pinValue !== undefined) return uri.pinValue;
  if (uri.pinSource === undefined) return passphrase();
  try {
    return readFileSync(uri.pinSource, "utf8").replace(/\r?\n$/, "");
  } catch (cause) {
    throw failed("its pin-source cannot be read", cause);
  }
}

/** The part of `pkcs11js` that is used, so that its types need not be installed. */
interface Binding {
  load(path: string): void;
  C_Initialize(): void;
  C_Finalize(): void;
  C_GetSlotList(present: boolean): Buffer[];
  C_GetTokenInfo(slot: Buffer): { label: string; serialNumber: string };
  C_OpenSession(slot: Buffer, flags: number): Buffer;
  C_CloseSession(session: Buffer): void;
  C_Login(session: Buffer, user: number, pin: string): void;
  C_FindObjectsInit(
    session: Buffer,
    template: { type: number; value: number | Buffer | string }[],
  ): void;
  C_FindObjects(session: Buffer, most: number): Buffer[];
  C_FindObjectsFinal(session: Buffer): void;
  C_GetAttributeValue(
    session: Buffer,
    object: Buffer,
    template: { type: number }[],
  ): { value: Buffer }[];
  C_SignInit(session: Buffer, mechanism: { mechanism: number }, key: Buffer): void;
  C_Sign(session: Buffer, data: Buffer, into: Buffer): Buffer;
}

async function openSession(uri: Pkcs11Uri, pin: string | undefined): Promise<Session> {
  const path = uri.modulePath;
  if (path === undefined) throw failed("the URI has no module-path");
  const name = "pkcs11js";
  const binding = (await import(name).catch((cause: unknown) => {
    throw failed("the optional package pkcs11js is not installed", cause);
  })) as { PKCS11: new () => Binding };
  const library = new binding.PKCS11();
  try {
    library.load(path);
    library.C_Initialize();
    return new Session(library, uri, pin);
  } catch (cause) {
    // The binding's messages name the function and the return code, nothing that was passed.
    throw cause instanceof MlsignError ? cause : failed(messageOf(cause), cause);
  }
}

class Session {
  readonly #library: Binding;
  readonly #session: Buffer;
  readonly #uri: Pkcs11Uri;

  constructor(library: Binding, uri: Pkcs11Uri, pin: string | undefined) {
    this.#library = library;
    this.#uri = uri;
    const slots = library.C_GetSlotList(true).filter((slot, index) => {
      const token = library.C_GetTokenInfo(slot);
      return (
        (uri.slotId === undefined || index === uri.slotId || slot.readUInt32LE(0) === uri.slotId) &&
        (uri.token === undefined || token.label.trimEnd() === uri.token) &&
        (uri.serial === undefined || token.serialNumber.trimEnd() === uri.serial)
      );
    });
    const [slot] = slots;
    if (slot === undefined || slots.length > 1) throw failed(`${slots.length} tokens fit, not one`);
    this.#session = library.C_OpenSession(slot, CKF_SERIAL_SESSION);
    if (pin !== undefined) library.C_Login(this.#session, CKU_USER, pin);
  }

  publicKey(): KeyObject {
    const object = this.#find(CKO_PUBLIC_KEY);
    const value = (type: number): Buffer => {
      const [attribute] = this.#library.C_GetAttributeValue(this.#session, object, [{ type }]);
      return attribute?.value ?? Buffer.alloc(0);
    };
    if (value(CKA_KEY_TYPE).readUInt32LE(0) === CKK_EC) {
      const point = value(CKA_EC_POINT);
      const bare = unwrapped(point);
      const spki = sequence(sequence(EC_PUBLIC_KEY, value(CKA_EC_PARAMS)), bits(bare));
      return createPublicKey({ key: spki, format: "der", type: "spki" });
    }
    const [n, e] = [value(CKA_MODULUS), value(CKA_PUBLIC_EXPONENT)];
    const jwk = { kty: "RSA", n: n.toString("base64url"), e: e.toString("base64url") };
    return createPublicKey({ key: jwk, format: "jwk" });
  }

  sign(data: Buffer, algorithm: SignatureAlgorithm, publicKey: KeyObject): Buffer {
    if (algorithm.hash === undefined)
      throw failed("a token signs digests, which Ed25519 has none of");
    const digest = createHash(algorithm.hash).update(data).digest();
    const ec = publicKey.asymmetricKeyType === "ec";
    const mechanism = ec ? CKM_ECDSA : CKM_RSA_PKCS;
    this.#library.C_SignInit(this.#session, { mechanism }, this.#find(CKO_PRIVATE_KEY));
    const input = ec ? digest : Buffer.concat([SHA256_DIGEST_INFO, digest]);
    const signature = this.#library.C_Sign(this.#session, input, Buffer.alloc(1024));
    return ec ? derSignature(signature) : signature;
  }

  close(): void {
    this.#library.C_CloseSession(this.#session);
    this.#library.C_Finalize();
  }

  #find(kind: number): Buffer {
    const template: { type: number; value: number | Buffer | string }[] = [
      { type: CKA_CLASS, value: kind },
    ];
    if (this.#uri.object !== undefined) template.push({ type: CKA_LABEL, value: this.#uri.object });
    if (this.#uri.id !== undefined) template.push({ type: CKA_ID, value: this.#uri.id });
    this.#library.C_FindObjectsInit(this.#session, template);
    const found = this.#library.C_FindObjects(this.#session, 2);
    this.#library.C_FindObjectsFinal(this.#session);
    const [object] = found;
    const what = kind === CKO_PRIVATE_KEY ? "private" : "public";
    if (object === undefined) throw failed(`no ${what} key on the token fits the URI`);
    if (found.length > 1) throw failed(`several ${what} keys on the token fit the URI`);
    return object;
  }
}

/** PKCS #11 wraps the point in an OCTET STRING; some tokens leave that out. */
function unwrapped(point: Buffer): Buffer {
  if (BARE_POINTS.has(point.length)) return point;
  return point.subarray(point[1] === 0x81 ? 3 : 2);
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(parts));
}

function bits(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.concat([Buffer.of(0), bytes]));
}

function tagged(tag: number, content: Buffer): Buffer {
  const head = content.length < 0x80 ? [tag, content.length] : [tag, 0x81, content.length];
  return Buffer.concat([Buffer.from(head), content]);
}

function failed(why: string, cause?: unknown): MlsignError {
  return new MlsignError("signer-failed", `Cannot sign with the PKCS #11 token: ${why}`, {
    ...(cause !== undefined && { cause }),
  });
}

// PKCS #11 3.0, the constants used.
const CKF_SERIAL_SESSION = 4;
const CKU_USER = 1;
const CKO_PUBLIC_KEY = 2;
const CKO_PRIVATE_KEY = 3;
const CKA_CLASS = 0;
const CKA_LABEL = 3;
const CKA_KEY_TYPE = 0x100;
const CKA_ID = 0x102;
const CKA_MODULUS = 0x120;
const CKA_PUBLIC_EXPONENT = 0x122;
const CKA_EC_PARAMS = 0x180;
const CKA_EC_POINT = 0x181;
const CKK_EC = 3;
const CKM_RSA_PKCS = 1;
const CKM_ECDSA = 0x1041;
/** Uncompressed points of P-256, P-384 and P-521, in bytes; wrapped ones are longer. */
const BARE_POINTS = new Set([65, 97, 133]);
const EC_PUBLIC_KEY = Buffer.from("06072a8648ce3d0201", "hex");
const SHA256_DIGEST_INFO = Buffer.from("3031300d060960864801650304020105000420", "hex");
