import { randomBytes } from "node:crypto";
import {
  dsseBody,
  hashedRekordBody,
  intotoBody,
  keyOf,
  pae,
  readVerifier,
  type SignedBy,
} from "./bodies.ts";
import { verifyDigest } from "./curve.ts";
import {
  asBytes,
  asObject,
  asText,
  type Handler,
  json,
  notFound,
  objectOf,
  orRefuse,
  Refusal,
  type Reply,
  text,
} from "./http.ts";
import { canonical, type Json } from "./json.ts";
import { generateKeys, type Hash, sha, signWith, verifyWith } from "./keys.ts";
import type { LogRecord, TransparencyLog } from "./log.ts";

/** Rekor v1's HTTP interface over a log. */
export function rekor1Handler(log: TransparencyLog): Handler {
  const strangers = generateKeys(log.keys.kind);
  return ({ method, url, body }, lie) => {
    const keys = lie === "wrong-key" ? strangers : log.keys;
    const answer = (record: LogRecord, status = 200): Reply =>
      json(responseOf(log, lie === "replayed" ? another(log, record) : record, keys), status);
    if (url.pathname === ENTRIES && method === "POST") return answer(add(log, body), 201);
    if (method !== "GET") return notFound();
    if (url.pathname === "/api/v1/log/publicKey") return text(log.keys.pem);
    if (url.pathname === "/api/v1/log") return json({ signedTreeHead: log.checkpoint({ keys }) });
    const uuid = url.pathname.startsWith(`${ENTRIES}/`)
      ? url.pathname.slice(ENTRIES.length + 1)
      : "";
    const record = log.lookUp(uuid);
    return record === undefined ? notFound() : answer(record);
  };
}

function add(log: TransparencyLog, body: Buffer): LogRecord {
  const bytes = canonical(bodyOf(objectOf(body)));
  const known = log.find(bytes);
  if (known !== undefined) {
    const message = `an equivalent entry already exists in the transparency log with UUID ${known.uuid}`;
    throw new Refusal(409, message, { location: `${ENTRIES}/${known.uuid}` });
  }
  return log.append(bytes);
}

function bodyOf({ kind, apiVersion, spec }: Record<string, unknown>): Json {
  const proposed = asObject(spec);
  return orRefuse(`invalid ${String(kind)} entry`, () => {
    if (kind === "dsse" && apiVersion === "0.0.1") return readDsse(proposed);
    if (kind === "hashedrekord" && apiVersion === "0.0.1") return readHashedRekord(proposed);
    if (kind === "intoto" && apiVersion === "0.0.2") return readIntoto(proposed);
    throw new Refusal(400, "entry kind is not supported");
  });
}

function readDsse(spec: Record<string, unknown>): Json {
  const content = asObject(spec["proposedContent"]);
  const text = asText(content["envelope"]);
  const envelope = objectOf(Buffer.from(text));
  const payload = asBytes(envelope["payload"]);
  const signed = pae(asText(envelope["payloadType"]), payload);
  const verifiers = (content["verifiers"] as unknown[]).map((one) => readVerifier(asBytes(one)));
  const signatures = (envelope["signatures"] as unknown[]).map((one): SignedBy => {
    const signature = asBytes(asObject(one)["sig"]);
    // Rekor hashes with SHA-256 here, whatever the key.
    const verifier = verifiers.find((v) => verifiesSha256(keyOf(v), signed, signature));
    if (verifier === undefined) throw new Refusal(400, "could not verify envelope");
    return { signature, verifier };
  });
  if (signatures.length === 0) throw new Refusal(400, "no signatures in envelope");
  return dsseBody(text, payload, signatures);
}

function readHashedRekord(spec: Record<string, unknown>): Json {
  const { algorithm, value } = asObject(asObject(asObject(spec["data"])["hash"]));
  const hash = asText(algorithm) as Hash;
  const digest = Buffer.from(asText(value), "hex");
  const proposed = asObject(spec["signature"]);
  const signature = asBytes(proposed["content"]);
  const verifier = readVerifier(asBytes(asObject(proposed["publicKey"])["content"]));
  if (digest.length !== DIGEST_LENGTHS[hash] || !verifyDigest(keyOf(verifier), digest, signature)) {
    throw new Refusal(
      400,
      "verifying signature: invalid signature when validating ASN.1 encoded signature",
    );
  }
  return hashedRekordBody(digest, { signature, verifier }, hash);
}

function readIntoto(spec: Record<string, unknown>): Json {
  const content = asObject(spec["content"]);
  const envelope = asObject(content["envelope"]);
  const payloadType = asText(envelope["payloadType"]);
  const twice = (value: unknown): Buffer => asBytes(asBytes(value).toString("utf8"));
  const payload = twice(envelope["payload"]);
  const one = asObject((envelope["signatures"] as unknown[])[0]);
  const signature = twice(one["sig"]);
  const verifier = readVerifier(asBytes(one["publicKey"]));
  if (!verifiesSha256(keyOf(verifier), pae(payloadType, payload), signature)) {
    throw new Refusal(400, "could not verify envelope");
  }
  const keyid = one["keyid"];
  const parts = { payloadType, payload, ...(typeof keyid === "string" ? { keyid } : {}) };
  const hash = asText(asObject(content["hash"])["value"]);
  return intotoBody(parts, hash, { signature, verifier });
}

function verifiesSha256(key: ReturnType<typeof keyOf>, data: Buffer, signature: Buffer): boolean {
  const hash = key.asymmetricKeyType === "ed25519" ? undefined : "sha256";
  return verifyWith(key, data, signature, hash);
}

/** An entry that is not the one asked for: an earlier one, or one made for the purpose. */
export function another(log: TransparencyLog, record: LogRecord): LogRecord {
  const earlier = log.records.find((one) => one !== record);
  if (earlier !== undefined) return earlier;
  const keys = generateKeys();
  const data = randomBytes(32);
  const signed = { signature: signWith(keys, data), verifier: { publicKey: keys.publicKey } };
  return log.append(hashedRekordBody(sha(data), signed));
}

/** Rekor v1's own JSON: one member, named by the UUID. */
function responseOf(log: TransparencyLog, record: LogRecord, keys: typeof log.keys): Json {
  const entry = log.entry(record, { keys });
  const hex = (base64: string): string => Buffer.from(base64, "base64").toString("hex");
  const proof = entry.inclusionProof;
  return {
    [record.uuid]: {
      body: entry.canonicalizedBody,
      integratedTime: Number(entry.integratedTime),
      logID: hex(entry.logId.keyId),
      logIndex: Number(entry.logIndex),
      verification: {
        inclusionProof: {
          checkpoint: proof?.checkpoint.envelope ?? "",
          hashes: (proof?.hashes ?? []).map(hex),
          logIndex: Number(proof?.logIndex),
          rootHash: hex(proof?.rootHash ?? ""),
          treeSize: Number(proof?.treeSize),
        },
        signedEntryTimestamp: entry.inclusionPromise?.signedEntryTimestamp ?? "",
      },
    },
  };
}

const ENTRIES = "/api/v1/log/entries";
const DIGEST_LENGTHS: Record<string, number> = { sha256: 32, sha384: 48, sha512: 64 };
