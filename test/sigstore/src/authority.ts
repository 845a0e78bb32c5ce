import type { KeyObject } from "node:crypto";
import {
  type AlternativeName,
  buildCertificate,
  type CertificateShape,
  type Extension,
  type Issuer,
  PURPOSE,
  type Timestamper,
} from "./certificate.ts";
import { type Clock, DAY, later, MINUTE, wholeSeconds } from "./clock.ts";
import type { CtLog } from "./ctlog.ts";
import { pem, utf8String } from "./der.ts";
import { generateKeys, type Keys } from "./keys.ts";

/** A CA's own certificate and key. */
export interface CaCertificate extends Issuer {
  readonly der: Buffer;
}

export interface AuthorityOptions {
  /** Deviations of the root's and the intermediate's certificates. */
  readonly root?: Partial<CertificateShape>;
  readonly intermediate?: Partial<CertificateShape>;
  /** Has leaves issued by the root itself. */
  readonly flat?: boolean;
}

/** A leaf: a Fulcio-like certificate but for what is said here. */
export interface LeafShape extends Partial<Omit<CertificateShape, "publicKey">> {
  /** Where there is no other: the CA's intermediate. */
  readonly issuer?: CaCertificate;
  /** The SCTs to embed; false embeds none. One from the instance's CT log where left out. */
  readonly scts?: Timestamper | false;
}

/** A certificate and the CAs above it, lowest first, the root last. */
export interface Issued {
  readonly der: Buffer;
  readonly pem: string;
  readonly chain: readonly Buffer[];
}

/** A certificate authority: root, intermediate, and leaves of any shape. */
export class Authority {
  readonly root: CaCertificate;
  readonly intermediate: CaCertificate;
  readonly ctlog: CtLog;
  readonly #clock: Clock;

  constructor(clock: Clock, ctlog: CtLog, options: AuthorityOptions = {}) {
    this.#clock = clock;
    this.ctlog = ctlog;
    this.root = selfSigned(clock, "sigstore-root", options.root);
    this.intermediate =
      options.flat === true
        ? this.root
        : this.subordinate("sigstore-intermediate", {
            pathLength: 0,
            purposes: [PURPOSE.codeSigning],
            ...options.intermediate,
          });
  }

  /** The CAs of this authority as a trusted root lists them: lowest first. */
  get chain(): readonly Buffer[] {
    const flat = this.intermediate === this.root;
    return flat ? [this.root.der] : [this.intermediate.der, this.root.der];
  }

  /** A further CA: with `pathLength`, without `keyCertSign`, below the intermediate, and so on. */
  subordinate(
    name: string,
    shape: Partial<CertificateShape> = {},
    issuer: CaCertificate = this.root,
  ): CaCertificate {
    const keys = generateKeys();
    const der = buildCertificate(caShape(this.#clock, name, keys, shape), issuer);
    return { name, keys, der };
  }

  /** Issues a certificate for a key: for ten minutes, to sign code, with an SCT. */
  issue(publicKey: KeyObject, shape: LeafShape = {}): Issued {
    const { issuer = this.intermediate, scts, ...rest } = shape;
    const notBefore = rest.notBefore ?? wholeSeconds(this.#clock());
    const der = buildCertificate(
      {
        keyUsage: ["digitalSignature"],
        purposes: [PURPOSE.codeSigning],
        ...rest,
        publicKey,
        notBefore,
        notAfter: rest.notAfter ?? later(notBefore, 10 * MINUTE),
      },
      issuer,
      scts === false ? undefined : (scts ?? this.timestamps(this.ctlog)),
    );
    const below = issuer === this.intermediate || issuer === this.root ? [] : [issuer.der];
    const chain = issuer === this.root ? [this.root.der] : [...below, ...this.chain];
    return { der, pem: pem("CERTIFICATE", der), chain };
  }

  /** One SCT from each log named, in this order; naming a log twice gives two from it. */
  timestamps(...logs: readonly CtLog[]): Timestamper {
    return (tbs, issuerSpki) => logs.map((log) => log.sct(tbs, issuerSpki));
  }
}

/** The identity parts of a Fulcio certificate. `legacyIssuer` is the raw extension .1. */
export interface FulcioIdentity {
  readonly names?: readonly AlternativeName[];
  readonly issuer?: string | undefined;
  readonly legacyIssuer?: string | undefined;
  /** Further Fulcio extensions by their last arc: DER from .8 on, raw bytes below. */
  readonly claims?: Readonly<Record<number, string>>;
}

/** What an identity adds to a leaf's shape. */
export function fulcioShape(
  identity: FulcioIdentity,
): Required<Pick<LeafShape, "names" | "extensions">> {
  const { names = [], issuer, legacyIssuer = issuer, claims = {} } = identity;
  const values: [arc: number, text: string | undefined][] = [
    [1, legacyIssuer],
    [8, issuer],
    ...Object.entries(claims).map(([arc, text]): [number, string] => [Number(arc), text]),
  ];
  const extensions = values.flatMap(([arc, text]) =>
    text === undefined ? [] : [fulcioExtension(arc, text)],
  );
  return { names, extensions };
}

export function fulcioExtension(arc: number, text: string): Extension {
  const value = arc < 8 ? Buffer.from(text, "utf8") : utf8String(text);
  return { oid: `1.3.6.1.4.1.57264.1.${arc}`, value };
}

export function selfSigned(
  clock: Clock,
  name: string,
  shape: Partial<CertificateShape> = {},
): CaCertificate {
  const keys = generateKeys();
  const der = buildCertificate(caShape(clock, name, keys, shape), { name, keys });
  return { name, keys, der };
}

function caShape(
  clock: Clock,
  subject: string,
  keys: Keys,
  shape: Partial<CertificateShape>,
): CertificateShape {
  const now = wholeSeconds(clock());
  return {
    subject,
    publicKey: keys.publicKey,
    notBefore: later(now, -30 * DAY),
    notAfter: later(now, 3650 * DAY),
    ca: true,
    keyUsage: ["keyCertSign", "cRLSign"],
    ...shape,
  };
}
