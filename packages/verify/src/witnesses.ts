import type { KeyObject } from "node:crypto";
import type { Bundle, LogEntry, SignatureAlgorithm } from "@mlsign/bundle";
import { type Finding, finding, messageOf } from "@mlsign/core";
import { parseCertificate, purposeFault, TIME_STAMPING } from "@mlsign/x509";
import type { TrustedRoot } from "@sigstore/protobuf-specs";
import type { TrustMaterial } from "@sigstore/verify";
import { checkpointFault } from "./checkpoint.ts";
import { KeptCertificate } from "./kept-certificate.ts";
import { entryNames } from "./log-body.ts";
import type { SignedContent } from "./signed-content.ts";
import { loadVerifier } from "./sigstore.ts";
import { TimestampToken } from "./timestamp.ts";
import type { EstablishedTime } from "./trust.ts";

export interface Signer {
  readonly key: KeyObject;
  readonly algorithm: SignatureAlgorithm;
  /** DER of the leaf, where the signer has one. */
  readonly certificate?: Buffer;
}

/** What the witnesses of a bundle say, each checked on its own. */
export interface Witnesses {
  readonly findings: readonly Finding[];
  readonly times: readonly EstablishedTime[];
  /** Entries, and tokens, that count toward a threshold. */
  readonly entries: number;
  readonly timestamps: number;
}

/**
 * Checks every log entry and timestamp of a bundle (sigstore.md 5.5, 5.6, 5.10-5.13). All that
 * are there must hold; a time counts only where it is signed for: by a timestamp authority over
 * the signature, or by a Rekor v1 promise.
 */
export async function checkWitnesses(
  bundle: Bundle,
  content: SignedContent,
  signer: Signer,
  root: TrustedRoot,
  now: Date,
): Promise<Witnesses> {
  const checker = new Checker(content, signer, root, await loadMaterial(root), now);
  for (const token of bundle.timestamps) await checker.timestamp(token);
  for (const entry of bundle.tlogEntries) await checker.entry(entry);
  checker.logKeys(bundle.tlogEntries);
  return checker;
}

/**
 * Trust material with the timestamp authorities that may stamp times, and no others. Entries name
 * a log by its whole id, so `checkpointKeyId`, which the library would prefer, is left out.
 */
export function loadMaterial(root: TrustedRoot): Promise<TrustMaterial> {
  const loaded = MATERIAL.get(root) ?? makeMaterial(root);
  MATERIAL.set(root, loaded);
  return loaded;
}

async function makeMaterial(root: TrustedRoot): Promise<TrustMaterial> {
  const { toTrustMaterial } = await loadVerifier();
  const timestampAuthorities = root.timestampAuthorities.filter((authority) => {
    const leaf = authority.certChain?.certificates[0];
    return leaf && purposeFault(parseCertificate(leaf.rawBytes), TIME_STAMPING) === undefined;
  });
  const tlogs = root.tlogs.map((log) => ({ ...log, checkpointKeyId: undefined }));
  const material = toTrustMaterial({ ...root, tlogs, timestampAuthorities });
  return {
    ...material,
    certificateAuthorities: withKept(material.certificateAuthorities, root.certificateAuthorities),
    timestampAuthorities: withKept(material.timestampAuthorities, timestampAuthorities),
  };
}

function withKept(
  authorities: TrustMaterial["certificateAuthorities"],
  sources: TrustedRoot["certificateAuthorities"],
): TrustMaterial["certificateAuthorities"] {
  return authorities.map((authority, at) => ({
    ...authority,
    certChain: (sources[at]?.certChain?.certificates ?? []).map(
      ({ rawBytes }) => new KeptCertificate(rawBytes),
    ),
  }));
}

class Checker implements Witnesses {
  readonly findings: Finding[] = [];
  readonly times: EstablishedTime[] = [];
  entries = 0;
  timestamps = 0;
  readonly #content: SignedContent;
  readonly #signer: Signer;
  readonly #root: TrustedRoot;
  readonly #material: TrustMaterial;
  readonly #now: Date;
  readonly #seen = new Set<string>();

  constructor(
    content: SignedContent,
    signer: Signer,
    root: TrustedRoot,
    material: TrustMaterial,
    now: Date,
  ) {
    this.#content = content;
    this.#signer = signer;
    this.#root = root;
    this.#material = material;
    this.#now = now;
  }

  async timestamp(der: Buffer): Promise<void> {
    try {
      if (this.#repeated(`timestamp ${der.toString("base64")}`))
        throw new Error("it is there twice");
      const token = TimestampToken.parse(der);
      if (!token.granted) throw new Error("the authority did not grant it");
      const { Verifier } = await loadVerifier();
      const verifier = new Verifier(this.#anyKey(), { tlogThreshold: 0, ctlogThreshold: 0 });
      verifier.verify({
        ...this.#entity(),
        timestamps: [{ $case: "timestamp-authority", timestamp: token }],
      });
      const at = this.#past(token.signingTime);
      this.timestamps += 1;
      this.times.push({ source: "timestamp-authority", at });
      this.findings.push(
        finding("timestamp-valid", "pass", `timestamped at ${at.toISOString()}`, {
          evidence: { at: at.toISOString() },
        }),
      );
    } catch (error) {
      this.findings.push(
        finding("timestamp-valid", "fail", `a timestamp does not hold: ${messageOf(error)}`),
      );
    }
  }

  async entry(entry: LogEntry): Promise<void> {
    const logIndex = provenIndex(entry);
    const evidence = { logIndex, logId: entry.logId.keyId.toString("hex") };
    try {
      const identity = `${evidence.logId} ${entry.canonicalizedBody.toString("base64")}`;
      if (this.#repeated(identity)) throw new Error("it is there twice");
      const { Verifier } = await loadVerifier();
      const verifier = new Verifier(this.#anyKey(), { ctlogThreshold: 0, timestampThreshold: 0 });
      // The library's type wants a mutable entry that it does not change.
      verifier.verify({ ...this.#entity(), tlogEntries: [structuredEntry(entry)] });
      const fault = checkpointFault(entry, this.#root.tlogs);
      if (fault !== undefined) throw new Error(fault);
      if (!entryNames(entry, this.#signer))
        throw new Error("it names another key than the signer's");
      if (entry.inclusionPromise !== undefined && entry.integratedTime !== "0") {
        const at = this.#past(new Date(Number(entry.integratedTime) * 1000));
        this.times.push({ source: "transparency-log", at });
      }
      this.entries += 1;
      this.findings.push(finding("log-entry", "pass", `logged as entry ${logIndex}`, { evidence }));
    } catch (error) {
      this.findings.push(
        finding("log-entry", "fail", `a log entry does not hold: ${messageOf(error)}`, {
          evidence,
        }),
      );
    }
  }

  /** A log's key must have been in use at every established time, else now. */
  logKeys(entries: readonly LogEntry[]): void {
    const times = this.times.length > 0 ? this.times.map(({ at }) => at) : [this.#now];
    for (const entry of entries) {
      const periods = this.#root.tlogs
        .filter((log) => Buffer.from(log.logId?.keyId ?? []).equals(entry.logId.keyId))
        .map((log) => log.publicKey?.validFor);
      const valid = periods.some((period) =>
        times.every(
          (at) => period?.start && period.start <= at && (!period.end || at <= period.end),
        ),
      );
      if (valid || periods.length === 0) continue;
      this.findings.push(
        finding("log-entry", "fail", "the log's key was not in use when the signature was made", {
          evidence: { logIndex: provenIndex(entry), times: times.map((at) => at.toISOString()) },
        }),
      );
    }
  }

  #repeated(identity: string): boolean {
    if (this.#seen.has(identity)) return true;
    this.#seen.add(identity);
    return false;
  }

  #past(at: Date): Date {
    if (at.getTime() > this.#now.getTime() + CLOCK_SKEW_MS) {
      throw new Error(`its time ${at.toISOString()} is in the future`);
    }
    return at;
  }

  /** The signature is verified by us, with the hash that the key asks for: here only witnesses are. */
  #entity() {
    const { signature, payloadDigest } = this.#content;
    return {
      key: { $case: "public-key", hint: "" } as const,
      timestamps: [],
      tlogEntries: [],
      signature: {
        signature,
        compareSignature: (other: Buffer) => other.equals(signature),
        compareDigest: (other: Buffer) => other.equals(payloadDigest),
        compareSignedDigest: (other: Buffer) =>
          other.equals(this.#content.signedDigest(this.#signer.algorithm)),
        verifySignature: () => true,
      },
    };
  }

  #anyKey(): TrustMaterial {
    const publicKey = this.#signer.key;
    return { ...this.#material, publicKey: () => ({ publicKey, validFor: () => true }) };
  }
}

/** The index in the log is signed for by a promise only; a proof is for the index in its tree. */
function provenIndex({ logIndex, inclusionPromise, inclusionProof }: LogEntry): string {
  return inclusionPromise === undefined ? (inclusionProof?.logIndex ?? logIndex) : logIndex;
}

function structuredEntry(entry: LogEntry) {
  return {
    ...entry,
    logId: { ...entry.logId },
    kindVersion: { ...entry.kindVersion },
    inclusionPromise: entry.inclusionPromise && { ...entry.inclusionPromise },
    inclusionProof: entry.inclusionProof && {
      ...entry.inclusionProof,
      hashes: [...entry.inclusionProof.hashes],
      checkpoint: { ...entry.inclusionProof.checkpoint },
    },
  };
}

/** Clocks of services and of this machine may differ by so much. */
const CLOCK_SKEW_MS = 60_000;
/** Parsing a root's keys and certificates takes longer than checking a bundle against them. */
const MATERIAL = new WeakMap<TrustedRoot, Promise<TrustMaterial>>();
