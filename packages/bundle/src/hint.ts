import type { KeyObject } from "node:crypto";
import { hexOf, sha256 } from "@mlsign/core";

/** OMS: hex SHA-256 of the key's PEM as re-encoded (64 columns, newline at the end). */
export function omsHint(key: KeyObject): string {
  return hexOf(sha256(key.export({ type: "spki", format: "pem" })));
}

/** cosign and sigstore-go: base64 SHA-256 of the key's DER. */
export function cosignHint(key: KeyObject): string {
  return sha256(key.export({ type: "spki", format: "der" })).toString("base64");
}

/**
 * Whether a hint names this key: `no` where it has the form of a fingerprint and is that of
 * another key, `unclear` where it is a name that no convention of ours explains.
 */
export function namesKey(hint: string, key: KeyObject): "yes" | "no" | "unclear" {
  if (hint === omsHint(key)) return "yes";
  const der = sha256(key.export({ type: "spki", format: "der" }));
  if (hint === hexOf(der) || hint === der.toString("base64")) return "yes";
  return /^(?:[0-9a-f]{64}|[A-Za-z0-9+/]{43}=)$/.test(hint) ? "no" : "unclear";
}
