import { RFC3161Timestamp } from "@sigstore/core";

/**
 * A timestamp token whose time may have a fraction of any length and whose signature may be RSA
 * with SHA-384 or SHA-512; the library's own class knows three digits and SHA-256 only.
 */
export class TimestampToken extends RFC3161Timestamp {
  static override parse(der: Buffer): TimestampToken {
    return new TimestampToken(RFC3161Timestamp.parse(Buffer.from(der)).root);
  }

  /** RFC 3161 2.4.2: `granted` or `grantedWithMods`. */
  get granted(): boolean {
    return this.status === 0n || this.status === 1n;
  }

  /** TSTInfo's genTime, rounded down to the millisecond. */
  override get signingTime(): Date {
    const text = this.tstInfo.root.subs[4]?.value.toString("latin1") ?? "";
    const match = GENERALIZED_TIME.exec(text);
    if (match === null) throw new Error(`invalid time ${JSON.stringify(text)}`);
    const [, year, month, day, hour, minute, second, fraction = ""] = match;
    const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, "0")}Z`;
    return new Date(iso);
  }

  override get signatureAlgorithm(): string {
    const signerInfo = this.#signerInfo;
    const oid = signerInfo.subs[4]?.subs[0]?.toOID() ?? "";
    if (oid === RSA_ENCRYPTION) return this.signerDigestAlgorithm;
    const algorithm: string | undefined = RSA_SIGNATURES[oid] ?? super.signatureAlgorithm;
    // Without a name Node would choose a digest itself: an algorithm that is not known is refused.
    if (algorithm === undefined) throw new Error(`unknown signature algorithm ${oid}`);
    return algorithm;
  }

  get #signerInfo() {
    const signedData = this.root.subs[1]?.subs.find((sub) => sub.tag.isContextSpecific(0))?.subs[0];
    const signerInfo = signedData?.subs.at(-1)?.subs[0];
    if (signerInfo === undefined) throw new Error("no signer");
    return signerInfo;
  }
}

const GENERALIZED_TIME = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(?:\.(\d{1,20}))?Z$/;
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const RSA_SIGNATURES: Readonly<Record<string, string>> = {
  "1.2.840.113549.1.1.11": "sha256",
  "1.2.840.113549.1.1.12": "sha384",
  "1.2.840.113549.1.1.13": "sha512",
};
