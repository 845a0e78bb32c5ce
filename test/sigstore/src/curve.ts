import { constants, createPublicKey, type KeyObject, publicDecrypt } from "node:crypto";
import { readAll, readInteger, readOne } from "./der.ts";

/**
 * Verifies a signature over a digest that is all there is: a log never sees the artifact, and Node
 * has no verification of a bare digest. ECDSA over the NIST curves, and RSA PKCS#1 v1.5.
 */
export function verifyDigest(key: KeyObject, digest: Buffer, signature: Buffer): boolean {
  try {
    return key.asymmetricKeyType === "rsa"
      ? verifyRsa(key, digest, signature)
      : verifyEcdsa(key, digest, signature);
  } catch {
    return false;
  }
}

/**
 * Other keys under which an ECDSA signature over this digest is valid too: anybody can find them,
 * and an honest log accepts the entry (duplicate-signature key selection).
 */
export function recoverKeys(key: KeyObject, digest: Buffer, signature: Buffer): KeyObject[] {
  const curve = curveOf(key);
  const [r, s] = readSignature(signature);
  const e = truncated(digest, curve.n);
  const inverse = invert(r, curve.n);
  return [0n, 1n].map((parity) => {
    const ray = lift(curve, r, parity);
    // Q = (s R - e G) / r
    const sum = add(curve, multiply(curve, ray, s), multiply(curve, curve.g, curve.n - e));
    return keyOf(curve, affine(curve, multiply(curve, sum, inverse)));
  });
}

function verifyRsa(key: KeyObject, digest: Buffer, signature: Buffer): boolean {
  const info = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
  const [algorithm, hashed] = readAll(readOne(info).content);
  const name = readAll(algorithm?.content ?? Buffer.alloc(0))[0]?.content.toString("hex");
  return name === SHA256_OID && hashed?.content.equals(digest) === true;
}

function verifyEcdsa(key: KeyObject, digest: Buffer, signature: Buffer): boolean {
  const curve = curveOf(key);
  const [r, s] = readSignature(signature);
  if (r <= 0n || r >= curve.n || s <= 0n || s >= curve.n) return false;
  const inverse = invert(s, curve.n);
  const u1 = (truncated(digest, curve.n) * inverse) % curve.n;
  const u2 = (r * inverse) % curve.n;
  const sum = add(curve, multiply(curve, curve.g, u1), multiply(curve, pointOf(key), u2));
  return sum.z !== 0n && affine(curve, sum).x % curve.n === r;
}

interface Curve {
  readonly name: string;
  readonly p: bigint;
  readonly a: bigint;
  readonly b: bigint;
  readonly n: bigint;
  readonly g: Point;
}

/** Jacobian coordinates; z = 0 is the point at infinity. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
}

function curveOf(key: KeyObject): Curve {
  const name = key.asymmetricKeyDetails?.namedCurve ?? "";
  const curve = CURVES[name];
  if (curve === undefined) throw new TypeError(`Cannot verify with a key on ${name || "no curve"}`);
  return curve;
}

function pointOf(key: KeyObject): Point {
  const { x = "", y = "" } = key.export({ format: "jwk" });
  return {
    x: fromBytes(Buffer.from(x, "base64url")),
    y: fromBytes(Buffer.from(y, "base64url")),
    z: 1n,
  };
}

function keyOf(curve: Curve, { x, y }: Point): KeyObject {
  const size = Math.ceil(curve.p.toString(2).length / 8);
  const text = (value: bigint): string =>
    Buffer.from(value.toString(16).padStart(size * 2, "0"), "hex").toString("base64url");
  const jwk = { kty: "EC", crv: curve.name, x: text(x), y: text(y) };
  return createPublicKey({ key: jwk, format: "jwk" });
}

function readSignature(signature: Buffer): [r: bigint, s: bigint] {
  const [r, s] = readAll(readOne(signature).content);
  if (r === undefined || s === undefined) throw new SyntaxError("Cannot read an ECDSA signature");
  return [readInteger(r.content), readInteger(s.content)];
}

/** The digest's leftmost bits, as many as the order has. */
function truncated(digest: Buffer, n: bigint): bigint {
  const excess = digest.length * 8 - n.toString(2).length;
  const value = fromBytes(digest);
  return (excess > 0 ? value >> BigInt(excess) : value) % n;
}

/** A point with this x; all curves here have p = 3 mod 4. */
function lift({ p, a, b }: Curve, x: bigint, parity: bigint): Point {
  const root = power(modulo(x ** 3n + a * x + b, p), (p + 1n) / 4n, p);
  return { x, y: root % 2n === parity ? root : p - root, z: 1n };
}

function double({ p, a }: Curve, { x, y, z }: Point): Point {
  if (y === 0n || z === 0n) return INFINITY;
  const s = (4n * x * y * y) % p;
  const m = (3n * x * x + a * z ** 4n) % p;
  const x3 = modulo(m * m - 2n * s, p);
  return { x: x3, y: modulo(m * (s - x3) - 8n * y ** 4n, p), z: (2n * y * z) % p };
}

function add(curve: Curve, left: Point, right: Point): Point {
  if (left.z === 0n) return right;
  if (right.z === 0n) return left;
  const { p } = curve;
  const u1 = (left.x * right.z ** 2n) % p;
  const u2 = (right.x * left.z ** 2n) % p;
  const s1 = (left.y * right.z ** 3n) % p;
  const s2 = (right.y * left.z ** 3n) % p;
  if (u1 === u2) return s1 === s2 ? double(curve, left) : INFINITY;
  const h = modulo(u2 - u1, p);
  const r = modulo(s2 - s1, p);
  const h2 = (h * h) % p;
  const h3 = (h2 * h) % p;
  const x = modulo(r * r - h3 - 2n * u1 * h2, p);
  return { x, y: modulo(r * (u1 * h2 - x) - s1 * h3, p), z: (h * left.z * right.z) % p };
}

function multiply(curve: Curve, point: Point, scalar: bigint): Point {
  let sum = INFINITY;
  for (const bit of scalar.toString(2)) {
    sum = double(curve, sum);
    if (bit === "1") sum = add(curve, sum, point);
  }
  return sum;
}

function affine({ p }: Curve, { x, y, z }: Point): Point {
  const inverse = invert(z, p);
  return { x: (x * inverse ** 2n) % p, y: (y * inverse ** 3n) % p, z: 1n };
}

function invert(value: bigint, modulus: bigint): bigint {
  let [a, b, x, y] = [modulo(value, modulus), modulus, 1n, 0n];
  while (b > 0n) {
    const quotient = a / b;
    [a, b] = [b, a % b];
    [x, y] = [y, x - quotient * y];
  }
  return modulo(x, modulus);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (bit === "1") result = (result * base) % modulus;
  }
  return result;
}

function modulo(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

function fromBytes(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex") || "0"}`);
}

function nist(name: string, p: bigint, b: string, n: string, x: string, y: string): Curve {
  const value = (hex: string): bigint => BigInt(`0x${hex}`);
  return { name, p, a: p - 3n, b: value(b), n: value(n), g: { x: value(x), y: value(y), z: 1n } };
}

const INFINITY: Point = { x: 1n, y: 1n, z: 0n };
const SHA256_OID = "608648016503040201";

// SEC 2 version 2.0, parts 2.4.2, 2.5.1 and 2.6.1
const CURVES: Record<string, Curve> = {
  prime256v1: nist(
    "P-256",
    2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
  ),
  secp384r1: nist(
    "P-384",
    2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
  ),
  secp521r1: nist(
    "P-521",
    2n ** 521n - 1n,
    "51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00",
    "1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
    "c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
    "11839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
  ),
};
