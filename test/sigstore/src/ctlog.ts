import type { Clock } from "./clock.ts";
import { generateKeys, type Keys, sha, signWith } from "./keys.ts";

export interface SctOptions {
  /** When the log says that it saw the precertificate. */
  readonly at?: Date;
  /** Signs with another key under this log's identifier. */
  readonly keys?: Keys;
  readonly extensions?: Uint8Array;
}

/** A certificate transparency log: it signs promises, and keeps no tree behind them. */
export class CtLog {
  readonly keys: Keys;
  readonly #clock: Clock;

  constructor(clock: Clock, keys: Keys = generateKeys()) {
    this.keys = keys;
    this.#clock = clock;
  }

  /** A signed certificate timestamp for a precertificate (RFC 6962 3.2). */
  sct(tbs: Uint8Array, issuerSpki: Uint8Array, options: SctOptions = {}): Buffer {
    const extensions = options.extensions ?? new Uint8Array();
    const header = Buffer.from([0]);
    const at = Buffer.alloc(8);
    at.writeBigUInt64BE(BigInt((options.at ?? this.#clock()).getTime()));
    const tail = Buffer.concat([uint(extensions.length, 2), extensions]);
    const signed = Buffer.concat([
      header,
      Buffer.from([0]), // certificate_timestamp
      at,
      uint(1, 2), // precert_entry
      sha(issuerSpki),
      uint(tbs.length, 3),
      tbs,
      tail,
    ]);
    const signature = signWith(options.keys ?? this.keys, signed);
    const algorithms = Buffer.from([4, 3]); // SHA-256, ECDSA
    const parts = [
      header,
      this.keys.id,
      at,
      tail,
      algorithms,
      uint(signature.length, 2),
      signature,
    ];
    return Buffer.concat(parts);
  }
}

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
