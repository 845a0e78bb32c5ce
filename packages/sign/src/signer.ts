import type { KeyObject } from "node:crypto";
import type { Envelope, LogEntry, SignatureAlgorithm } from "@mlsign/bundle";

/** A signature, and what others need to verify it. */
export interface Signed {
  readonly signature: Buffer;
  readonly publicKey: KeyObject;
  readonly algorithm: SignatureAlgorithm;
  /** DER, leaf first; empty for a bare key. */
  readonly certificates: readonly Buffer[];
}

/** Something that signs bytes. One signer may sign several statements of a run. */
export interface Signer {
  sign(data: Buffer): Promise<Signed>;
}

/** What a witness is shown. */
export interface WitnessRequest {
  readonly envelope: Envelope;
  /** The bytes that were signed: the envelope's pre-authentication encoding. */
  readonly signedBytes: Buffer;
  readonly signed: Signed;
}

export interface Testimony {
  readonly tlogEntries?: readonly LogEntry[];
  /** RFC 3161 responses, DER. */
  readonly timestamps?: readonly Buffer[];
}

/** Something that vouches for a signature: a transparency log, a timestamp authority. */
export interface Witness {
  testify(request: WitnessRequest): Promise<Testimony>;
}
