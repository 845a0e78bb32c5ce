import { randomBytes } from "node:crypto";
import { type CaCertificate, selfSigned } from "./authority.ts";
import {
  buildCertificate,
  type CertificateShape,
  distinguishedName,
  PURPOSE,
} from "./certificate.ts";
import { type Clock, DAY, later, wholeSeconds } from "./clock.ts";
import {
  explicit,
  generalizedTime,
  integer,
  nothing,
  octetString,
  oid,
  sequence,
  setOf,
  tlv,
} from "./der.ts";
import {
  generateKeys,
  type Hash,
  type KeyKind,
  type Keys,
  sha,
  signatureAlgorithm,
  signWith,
} from "./keys.ts";

export interface TsaOptions {
  /** Deviations of the signing certificate, such as other `purposes`. */
  readonly certificate?: Partial<CertificateShape>;
  readonly root?: Partial<CertificateShape>;
  readonly keyKind?: KeyKind;
}

/** Deviations of one timestamp. */
export interface TimestampOptions {
  readonly genTime?: Date;
  /** Appended to the seconds as it stands, such as `.25`. */
  readonly fraction?: string;
  readonly hash?: Hash;
  /** The digest to vouch for in place of the data's own. */
  readonly imprint?: Uint8Array;
  readonly nonce?: Uint8Array;
  /** Whether the signing certificate is in the token. */
  readonly certificates?: boolean;
  /** Another key that signs under this authority's name. */
  readonly keys?: Keys;
}

/** An RFC 3161 timestamp authority: a root and one signing certificate. */
export class TimestampAuthority {
  readonly root: CaCertificate;
  readonly keys: Keys;
  readonly certificate: Buffer;
  readonly #serial: Buffer;
  readonly #clock: Clock;

  constructor(clock: Clock, options: TsaOptions = {}) {
    this.#clock = clock;
    this.root = selfSigned(clock, "tsa-root", options.root);
    this.keys = generateKeys(options.keyKind);
    this.#serial = Buffer.concat([Buffer.from([0x42]), randomBytes(15)]);
    const now = wholeSeconds(clock());
    this.certificate = buildCertificate(
      {
        subject: "tsa-signing",
        notBefore: later(now, -30 * DAY),
        notAfter: later(now, 3650 * DAY),
        keyUsage: ["digitalSignature"],
        purposes: [PURPOSE.timeStamping],
        purposesCritical: true,
        serial: this.#serial,
        ...options.certificate,
        publicKey: this.keys.publicKey,
      },
      this.root,
    );
  }

  /** Signing certificate and root, as a trusted root lists them. */
  get chain(): readonly Buffer[] {
    return [this.certificate, this.root.der];
  }

  /** A TimeStampResp over the data: what a bundle carries. */
  timestamp(data: Uint8Array, options: TimestampOptions = {}): Buffer {
    const hash = options.hash ?? "sha256";
    const info = this.#info(options.imprint ?? sha(data, hash), hash, options);
    const granted = sequence(integer(0));
    return sequence(
      granted,
      sequence(oid(SIGNED_DATA), explicit(0, this.#signedData(info, options))),
    );
  }

  /** TSTInfo (RFC 3161 2.4.2). */
  #info(imprint: Uint8Array, hash: Hash, options: TimestampOptions): Buffer {
    const genTime = options.genTime ?? wholeSeconds(this.#clock());
    return sequence(
      integer(1),
      oid("1.3.6.1.4.1.57264.2"),
      sequence(sequence(oid(HASHES[hash]), nothing()), octetString(imprint)),
      integer(Buffer.concat([Buffer.from([0x41]), randomBytes(15)])),
      generalizedTime(genTime, options.fraction),
      sequence(integer(1)),
      ...(options.nonce === undefined ? [] : [integer(options.nonce)]),
    );
  }

  #signedData(info: Buffer, { keys = this.keys, certificates = false }: TimestampOptions): Buffer {
    const sha256 = sequence(oid(HASHES.sha256), nothing());
    const attributes = [
      attribute("1.2.840.113549.1.9.3", oid(TST_INFO)),
      attribute("1.2.840.113549.1.9.4", octetString(sha(info))),
      attribute(
        "1.2.840.113549.1.9.16.2.47", // signingCertificateV2
        sequence(sequence(sequence(octetString(sha(this.certificate))))),
      ),
    ];
    // RFC 5652 5.4: signed as a SET OF, written as [0]
    const signed = setOf(...attributes);
    const signerInfo = sequence(
      integer(1),
      sequence(distinguishedName(this.root.name), integer(this.#serial)),
      sha256,
      Buffer.concat([Buffer.from([0xa0]), signed.subarray(1)]),
      signatureAlgorithm(keys.publicKey, "sha256"),
      octetString(signWith(keys, signed, "sha256")),
    );
    return sequence(
      integer(3),
      setOf(sha256),
      sequence(oid(TST_INFO), explicit(0, octetString(info))),
      ...(certificates ? [tlv(0xa0, this.certificate)] : []),
      setOf(signerInfo),
    );
  }
}

function attribute(type: string, value: Buffer): Buffer {
  return sequence(oid(type), setOf(value));
}

const SIGNED_DATA = "1.2.840.113549.1.7.2";
const TST_INFO = "1.2.840.113549.1.9.16.1.4";

export const HASHES: Readonly<Record<Hash, string>> = {
  sha256: "2.16.840.1.101.3.4.2.1",
  sha384: "2.16.840.1.101.3.4.2.2",
  sha512: "2.16.840.1.101.3.4.2.3",
};
