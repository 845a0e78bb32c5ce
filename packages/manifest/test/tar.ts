import { Buffer } from "node:buffer";

/** What a hand-made entry may have; anything left out is as in a plain file. */
export interface Entry {
  readonly name?: string | Buffer;
  readonly prefix?: string;
  readonly type?: string;
  readonly link?: string;
  readonly content?: string | Buffer;
  /** Written instead of the content's size. */
  readonly size?: string | Buffer;
  readonly checksum?: string;
  readonly magic?: string;
}

/** A tar of these entries with its end marker. */
export function tar(...entries: readonly Entry[]): Buffer {
  return Buffer.concat([...entries.map(entry), END]);
}

/** One header and its body, padded. */
export function entry(fields: Entry): Buffer {
  const content = Buffer.from(fields.content ?? "");
  const block = Buffer.alloc(512);
  put(block, 0, fields.name ?? "file");
  put(block, 100, "0000644\0");
  put(block, 108, "0000000\0");
  put(block, 116, "0000000\0");
  put(block, 124, fields.size ?? `${content.length.toString(8).padStart(11, "0")}\0`);
  put(block, 136, "00000000000\0");
  put(block, 156, fields.type ?? "0");
  put(block, 157, fields.link ?? "");
  put(block, 257, fields.magic ?? "ustar\u000000");
  put(block, 345, fields.prefix ?? "");
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(block, 148, fields.checksum ?? `${sum.toString(8).padStart(6, "0")}\0 `);
  return Buffer.concat([block, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

/** The body of an extended header: records that count their own length. */
export function pax(...records: readonly (readonly [string, string])[]): string {
  return records.map(([key, value]) => record(key, value)).join("");
}

export const END: Buffer = Buffer.alloc(1024);

function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  const digits = String(bytes + String(bytes).length).length;
  return `${bytes + digits}${rest}`;
}

function put(block: Buffer, at: number, value: string | Buffer): void {
  Buffer.from(value).copy(block, at);
}
