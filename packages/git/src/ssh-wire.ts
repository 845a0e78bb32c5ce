/** Reads SSH's wire format (RFC 4251 5): length-prefixed strings, big-endian numbers. */
export class WireReader {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  /** Bytes read so far. */
  get position(): number {
    return this.#at;
  }

  get more(): boolean {
    return this.#at < this.#data.length;
  }

  uint32(): number {
    const value = this.#data.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  uint64(): bigint {
    const value = this.#data.readBigUInt64BE(this.#at);
    this.#at += 8;
    return value;
  }

  raw(length: number): Buffer {
    if (this.#at + length > this.#data.length) throw new Error("truncated");
    const value = this.#data.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  bytes(): Buffer {
    return this.raw(this.uint32());
  }

  text(): string {
    return this.bytes().toString("latin1");
  }

  end(): void {
    if (this.#at !== this.#data.length) throw new Error("data after the end");
  }
}

export function wireString(bytes: Uint8Array | string): Buffer {
  const data = Buffer.from(bytes as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  return Buffer.concat([length, data]);
}
