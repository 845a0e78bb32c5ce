import { type FulcioIdentity, fulcioShape, type LeafShape } from "./authority.ts";
import {
  dsseBody,
  type EntryVerifier,
  hashedRekordBody,
  hashedRekordV2Body,
  pae,
  type SignedBy,
} from "./bodies.ts";
import type { Instance } from "./instance.ts";
import type { Json } from "./json.ts";
import { generateKeys, hashOf, type Hash, type Keys, sha, signWith } from "./keys.ts";
import type { EntryOptions, LogEntry, TransparencyLog } from "./log.ts";
import type { TimestampAuthority, TimestampOptions } from "./timestamp.ts";

/** What is signed: a DSSE payload, or an artifact. */
export type Content =
  | { readonly payload: Uint8Array; readonly payloadType?: string }
  | { readonly artifact: Uint8Array; readonly digestAlgorithm?: Hash };

/** A bundle whose every part may deviate; what is left out is as a correct signer has it. */
export interface BundleOptions {
  readonly keys?: Keys;
  /** Another hash than the key's own. */
  readonly hash?: Hash;
  readonly mediaType?: string;
  /** `key` makes a bundle of a bare key; else a certificate is issued. */
  readonly material?: "certificate" | "key";
  readonly identity?: FulcioIdentity;
  readonly leaf?: LeafShape;
  /** A certificate that was made elsewhere. */
  readonly certificate?: Buffer;
  /** Writes an `x509CertificateChain`: the leaf, then these. */
  readonly chain?: readonly Buffer[];
  readonly hint?: string;
  readonly keyid?: string;
  /** One log entry each; none for a bundle without a log. Rekor v1 where left out. */
  readonly logs?: readonly LogStep[];
  /** One RFC 3161 token each. One from the instance's authority where left out. */
  readonly timestamps?: readonly TimestampStep[];
}

/** One entry: 1 and 2 are the instance's Rekor v1 and v2. */
export interface LogStep extends EntryOptions {
  readonly log: 1 | 2 | TransparencyLog;
  /** In place of the body that belongs to the signature, or made from it. */
  readonly body?: Json | Buffer | ((own: Json) => Json | Buffer);
  /** In place of the signature, digest or verifier inside that body. */
  readonly signature?: Buffer;
  readonly digest?: Buffer;
  readonly verifier?: EntryVerifier | ((digest: Buffer, signature: Buffer) => EntryVerifier);
}

export interface TimestampStep extends TimestampOptions {
  readonly tsa?: TimestampAuthority;
  /** What is stamped in place of the signature. */
  readonly data?: Uint8Array;
}

/** A Sigstore bundle as JSON, open to further changes. */
export interface BundleJson {
  mediaType: string;
  verificationMaterial: {
    certificate?: { rawBytes: string };
    x509CertificateChain?: { certificates: { rawBytes: string }[] };
    publicKey?: { hint: string };
    tlogEntries: LogEntry[];
    timestampVerificationData: { rfc3161Timestamps: { signedTimestamp: string }[] };
  };
  dsseEnvelope?: {
    payload: string;
    payloadType: string;
    signatures: { sig: string; keyid: string }[];
  };
  messageSignature?: { messageDigest: { algorithm: string; digest: string }; signature: string };
}

/** Signs with an instance's parts, in process: a good bundle, or one that is wrong in one point. */
export function signBundle(
  instance: Instance,
  content: Content,
  options: BundleOptions = {},
): BundleJson {
  const keys = options.keys ?? generateKeys();
  const signed = signedBytes(content);
  const signature = signWith(keys, signed, options.hash);
  const certificate = options.material === "key" ? undefined : certify(instance, keys, options);
  const own = certificate === undefined ? { publicKey: keys.publicKey } : { certificate };
  const hash = options.hash ?? hashOf(keys.publicKey) ?? "sha256";
  const { keyid = "" } = options;
  const subject = { content, signature, verifier: own, digest: sha(signed, hash), hash, keyid };
  const { logs = [{ log: 1 }], timestamps = [{}] } = options;
  return {
    mediaType: options.mediaType ?? "application/vnd.dev.sigstore.bundle.v0.3+json",
    verificationMaterial: {
      ...materialOf(keys, certificate, options),
      tlogEntries: logs.map((step) => logEntry(instance, subject, step)),
      timestampVerificationData: {
        rfc3161Timestamps: timestamps.map(({ tsa = instance.tsa, data = signature, ...rest }) => ({
          signedTimestamp: tsa.timestamp(data, rest).toString("base64"),
        })),
      },
    },
    ...contentOf(content, signature, keyid),
  };
}

interface Subject extends SignedBy {
  readonly content: Content;
  readonly digest: Buffer;
  readonly hash: Hash;
  readonly keyid: string;
}

function signedBytes(content: Content): Uint8Array {
  return "artifact" in content ? content.artifact : pae(typeOf(content), content.payload);
}

function certify(instance: Instance, keys: Keys, options: BundleOptions): Buffer {
  if (options.certificate !== undefined) return options.certificate;
  const identity = options.identity ?? {
    names: [{ type: "email", value: "alice@example.com" }],
    issuer: instance.issuer.url,
  };
  const { extensions, names } = fulcioShape(identity);
  const { extensions: more = [], ...leaf } = options.leaf ?? {};
  const shape = { names, ...leaf, extensions: [...extensions, ...more] };
  return instance.authority.issue(keys.publicKey, shape).der;
}

function materialOf(
  keys: Keys,
  certificate: Buffer | undefined,
  { chain, hint }: BundleOptions,
): Pick<BundleJson["verificationMaterial"], "certificate" | "x509CertificateChain" | "publicKey"> {
  if (certificate === undefined) return { publicKey: { hint: hint ?? hintOf(keys) } };
  const raw = (der: Buffer): { rawBytes: string } => ({ rawBytes: der.toString("base64") });
  return chain === undefined
    ? { certificate: raw(certificate) }
    : { x509CertificateChain: { certificates: [certificate, ...chain].map(raw) } };
}

function logEntry(instance: Instance, subject: Subject, step: LogStep): LogEntry {
  const log = step.log === 1 ? instance.rekor1 : step.log === 2 ? instance.rekor2 : step.log;
  const body =
    typeof step.body === "function"
      ? step.body(bodyOf(log, subject, step))
      : (step.body ?? bodyOf(log, subject, step));
  return log.entry(log.append(body), step);
}

function bodyOf(log: TransparencyLog, subject: Subject, step: LogStep): Json {
  const { content, hash } = subject;
  const { digest = subject.digest, signature = subject.signature } = step;
  const verifier =
    typeof step.verifier === "function"
      ? step.verifier(digest, signature)
      : (step.verifier ?? subject.verifier);
  const signed = { signature, verifier };
  if (log.version === 2) return hashedRekordV2Body(digest, signed);
  if ("artifact" in content) return hashedRekordBody(digest, signed, hash);
  const { dsseEnvelope } = contentOf(content, signature, subject.keyid);
  const body = dsseBody(JSON.stringify(dsseEnvelope), content.payload, [signed]);
  if (step.digest === undefined) return body;
  const payloadHash = { algorithm: "sha256", value: step.digest.toString("hex") };
  const { spec, ...rest } = body as { spec: object };
  return { ...rest, spec: { ...spec, payloadHash } };
}

function contentOf(
  content: Content,
  signature: Buffer,
  keyid: string,
): Pick<BundleJson, "dsseEnvelope" | "messageSignature"> {
  const sig = signature.toString("base64");
  if (!("artifact" in content)) {
    const payload = Buffer.from(content.payload).toString("base64");
    return {
      dsseEnvelope: { payload, payloadType: typeOf(content), signatures: [{ sig, keyid }] },
    };
  }
  const hash = content.digestAlgorithm ?? "sha256";
  const digest = sha(content.artifact, hash).toString("base64");
  const messageDigest = { algorithm: `SHA2_${hash.slice(3)}`, digest };
  return { messageSignature: { messageDigest, signature: sig } };
}

function typeOf({ payloadType }: { readonly payloadType?: string }): string {
  return payloadType ?? "application/vnd.in-toto+json";
}

/** cosign's hint: base64 of the SPKI's SHA-256. */
export function hintOf(keys: Keys): string {
  return keys.id.toString("base64");
}
