import { sign, verify } from "node:crypto";
import type { Json } from "./json.ts";
import type { Keys } from "./keys.ts";

export type Claims = { readonly [claim: string]: Json };

/** A compact JWS: ES256 by a P-256 key, RS256 by an RSA one. */
export function signJwt(claims: Claims, keys: Keys): string {
  const header = { alg: algorithmOf(keys), kid: keyIdOf(keys), typ: "JWT" };
  const signed = `${encode(header)}.${encode(claims)}`;
  const signature = sign("sha256", Buffer.from(signed), withEncoding(keys.privateKey));
  return `${signed}.${signature.toString("base64url")}`;
}

/** @throws SyntaxError where the token is not one, or not by this key. */
export function verifyJwt(token: string, keys: Keys): Claims {
  const [header = "", claims = "", signature = "", ...rest] = token.split(".");
  const { alg } = decode(header);
  const signed = Buffer.from(`${header}.${claims}`);
  const bytes = Buffer.from(signature, "base64url");
  const valid =
    rest.length === 0 &&
    alg === algorithmOf(keys) &&
    verify("sha256", signed, withEncoding(keys.publicKey), bytes);
  if (!valid) throw new SyntaxError("Cannot accept the token: not signed by this issuer");
  return decode(claims);
}

/** The public key as a JSON Web Key. */
export function jwkOf(keys: Keys): Claims {
  const jwk = keys.publicKey.export({ format: "jwk" }) as Claims;
  return { ...jwk, kid: keyIdOf(keys), alg: algorithmOf(keys), use: "sig" };
}

export function algorithmOf(keys: Keys): "ES256" | "RS256" {
  return keys.kind.startsWith("rsa") ? "RS256" : "ES256";
}

function keyIdOf(keys: Keys): string {
  return keys.id.toString("base64url").slice(0, 16);
}

function withEncoding<T>(key: T): { key: T; dsaEncoding: "ieee-p1363" } {
  return { key, dsaEncoding: "ieee-p1363" };
}

function encode(value: Claims): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Claims {
  return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as Claims;
}
