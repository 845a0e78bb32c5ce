import { createPublicKey, type KeyObject } from "node:crypto";
import type { LogEntry } from "@mlsign/bundle";
import { decodeBase64, isRecord, type JsonValue, parseJson } from "@mlsign/core";
import { parseCertificate } from "@mlsign/x509";

/**
 * Whether a log entry names the very key, or certificate, that made the signature. Another key
 * can be found for which an ECDSA signature verifies, so that an honest log would witness a
 * signature that its signer never showed (sigstore.md 5.12).
 *
 * @throws where the entry's body is malformed or of an unknown kind.
 */
export function entryNames(
  entry: LogEntry,
  signer: { key: KeyObject; certificate?: Buffer },
): boolean {
  const verifier = verifierOf(parseJson(entry.canonicalizedBody));
  if (verifier.kind === "certificate") {
    return signer.certificate !== undefined && verifier.der.equals(signer.certificate);
  }
  // An entry made with a bare key must not stand for a certificate's signature.
  return signer.certificate === undefined && verifier.key.equals(signer.key);
}

type Verifier = { kind: "certificate"; der: Buffer } | { kind: "key"; key: KeyObject };

function verifierOf(body: JsonValue): Verifier {
  const kind = at(body, "kind");
  const version = at(body, "apiVersion");
  if (version === "0.0.2" && kind === "hashedrekord") {
    return fromRaw(at(body, "spec", "hashedRekordV002", "signature", "verifier"));
  }
  if (version === "0.0.2" && kind === "dsse") {
    return fromRaw(at(one(at(body, "spec", "dsseV002", "signatures")), "verifier"));
  }
  if (version === "0.0.1" && kind === "hashedrekord") {
    return fromPem(at(body, "spec", "signature", "publicKey", "content"));
  }
  if (version === "0.0.1" && kind === "dsse") {
    return fromPem(at(one(at(body, "spec", "signatures")), "verifier"));
  }
  if (version === "0.0.2" && kind === "intoto") {
    return fromPem(at(one(at(body, "spec", "content", "envelope", "signatures")), "publicKey"));
  }
  throw new Error(`unknown entry kind ${String(kind)}/${String(version)}`);
}

function fromPem(value: unknown): Verifier {
  const pem = decodeBase64(String(value), "the entry's verifier").toString("latin1");
  return pem.includes("BEGIN CERTIFICATE")
    ? { kind: "certificate", der: parseCertificate(pem).der }
    : { kind: "key", key: createPublicKey(pem) };
}

function fromRaw(verifier: unknown): Verifier {
  const certificate = at(verifier, "x509Certificate", "rawBytes");
  if (typeof certificate === "string") {
    return { kind: "certificate", der: decodeBase64(certificate, "the entry's certificate") };
  }
  const key = decodeBase64(String(at(verifier, "publicKey", "rawBytes")), "the entry's key");
  return { kind: "key", key: createPublicKey({ key, format: "der", type: "spki" }) };
}

function at(value: unknown, ...path: string[]): unknown {
  let current = value;
  for (const key of path) current = isRecord(current) ? current[key] : undefined;
  return current;
}

function one(list: unknown): unknown {
  if (!Array.isArray(list) || list.length !== 1) throw new Error("not exactly one signature");
  return list[0];
}
