import { createHash } from "node:crypto";
import { crc32, deflateRawSync } from "node:zlib";

/** An entry of a zip archive, with what a hostile one would change. */
export interface ZipEntry {
  readonly name: string;
  readonly data?: string | Uint8Array;
  readonly localName?: string;
  /** Upper half of the external attributes: 0o120777 is a link. */
  readonly mode?: number;
  /** What the directory says of the unpacked size. */
  readonly size?: number;
  readonly flags?: number;
  /** Points to the data of the entry before it. */
  readonly overlap?: boolean;
}

/** Writes a zip archive, deflated. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  let previous = 0;
  for (const entry of entries) {
    const data = Buffer.from(entry.data ?? "");
    const packed = deflateRawSync(data);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x800 | (entry.flags ?? 0), 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crc32(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(entry.size ?? data.length, 18);
    const local = Buffer.from(entry.localName ?? entry.name);
    const name = Buffer.from(entry.name);
    const start = entry.overlap === true ? previous : offset;
    if (entry.overlap !== true) {
      common.writeUInt16LE(local.length, 22);
      const header = Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), common, local, packed]);
      parts.push(header);
      previous = offset;
      offset += header.length;
    }
    common.writeUInt16LE(name.length, 22);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(start, 10);
    const made = Buffer.from([20, 3]);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02", "latin1"), made, common, tail, name]));
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

/** A wheel of files by name, with a RECORD, and what else its METADATA says. */
export function wheel(
  name: string,
  version: string,
  files: Readonly<Record<string, string>>,
  more = "",
): { filename: string; bytes: Buffer; sha256: string } {
  const info = `${name}-${version}.dist-info`;
  const all: Record<string, string> = {
    ...files,
    [`${info}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n${more}`,
    [`${info}/WHEEL`]: "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  };
  const record = `${info}/RECORD`;
  const rows = Object.entries(all).map(([path, text]) => row(path, text));
  const bytes = zip(
    [...Object.entries(all), [record, `${rows.join("")}${record},,\n`] as const].map(
      ([path, data]) => ({
        name: path,
        data,
      }),
    ),
  );
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { filename: `${name}-${version}-py3-none-any.whl`, bytes, sha256 };
}

/** A row of a RECORD. */
export function row(path: string, text: string): string {
  const digest = createHash("sha256").update(text).digest("base64url");
  return `${path},sha256=${digest},${Buffer.byteLength(text)}\n`;
}
