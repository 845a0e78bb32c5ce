import { createPublicKey, X509Certificate } from "node:crypto";
import { type EntryVerifier, hashedRekordV2Body, keyOf } from "./bodies.ts";
import { verifyDigest } from "./curve.ts";
import {
  asBytes,
  asObject,
  type Handler,
  json,
  notFound,
  objectOf,
  orRefuse,
  Refusal,
  text,
} from "./http.ts";
import { canonical } from "./json.ts";
import { generateKeys, hashOf, keyDetailsOf } from "./keys.ts";
import type { LogRecord, TransparencyLog } from "./log.ts";
import { another } from "./rekor1.ts";

/** Rekor v2's (rekor-tiles 2.3.0) HTTP interface over a log, but for the tiles. */
export function rekor2Handler(log: TransparencyLog): Handler {
  const strangers = generateKeys(log.keys.kind);
  return ({ method, url, body }, lie) => {
    const keys = lie === "wrong-key" ? strangers : log.keys;
    if (method === "GET" && url.pathname === "/api/v2/checkpoint")
      return text(log.checkpoint({ keys }));
    if (method !== "POST" || url.pathname !== "/api/v2/log/entries") return notFound();
    const record = add(log, body);
    const entry = log.entry(lie === "replayed" ? another(log, record) : record, { keys });
    // The gateway writes fields that are not set.
    return json({ ...entry, inclusionPromise: null }, 201);
  };
}

function add(log: TransparencyLog, body: Buffer): LogRecord {
  const request = objectOf(body)["hashedRekordRequestV002"];
  if (request === undefined) throw new Refusal(400, "invalid type, must be hashedrekord");
  const bytes = orRefuse("invalid hashedrekord request", () => canonical(read(asObject(request))));
  const known = log.find(bytes);
  if (known !== undefined) {
    const message = `an equivalent entry already exists in the transparency log with index ${known.index}`;
    throw new Refusal(409, message, { "x-log-index": String(known.index) });
  }
  return log.append(bytes);
}

function read(request: Record<string, unknown>): ReturnType<typeof hashedRekordV2Body> {
  const digest = asBytes(request["digest"]);
  const proposed = asObject(request["signature"]);
  const signature = asBytes(proposed["content"]);
  const stated = asObject(proposed["verifier"]);
  const verifier = verifierOf(stated);
  const key = keyOf(verifier);
  const details = keyDetailsOf(key);
  // Only the registry's algorithms, each with its own hash; pure Ed25519 is not among them.
  const allowed = details !== undefined && details !== "PKIX_ED25519";
  const length = { sha256: 32, sha384: 48, sha512: 64 }[hashOf(key) ?? "sha256"];
  if (!allowed || stated["keyDetails"] !== details || digest.length !== length) {
    throw new Refusal(400, "invalid hashedrekord request");
  }
  if (!verifyDigest(key, digest, signature)) throw new Refusal(400, "invalid hashedrekord request");
  return hashedRekordV2Body(digest, { signature, verifier }, details);
}

function verifierOf(stated: Record<string, unknown>): EntryVerifier {
  const raw = asObject(stated["x509Certificate"] ?? stated["publicKey"]);
  const bytes = asBytes(raw["rawBytes"]);
  return stated["x509Certificate"] === undefined
    ? { publicKey: createPublicKey({ key: bytes, format: "der", type: "spki" }) }
    : { certificate: new X509Certificate(bytes).raw };
}
