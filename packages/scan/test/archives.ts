import { crc32, deflateRawSync } from "node:zlib";

/** An entry of a zip archive, with what a hostile one would change. */
export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array | string;
  readonly method?: number;
  readonly localName?: string;
  readonly localMethod?: number;
  readonly localSize?: number;
  /** What the directory says of the unpacked size. */
  readonly size?: number;
  readonly flags?: number;
  readonly mode?: number;
  readonly crc?: number;
  /** Leaves it out of the directory. */
  readonly hidden?: boolean;
  /** Puts bytes behind the packed data that belong to it by its length. */
  readonly behind?: string;
  readonly extra?: Buffer;
  /** Sizes follow the data, as PyTorch writes them. */
  readonly deferred?: boolean;
}

export interface ZipShape {
  readonly prefix?: Uint8Array | string;
  readonly suffix?: string;
  readonly between?: string;
  readonly count?: number;
  readonly comment?: Uint8Array;
}

/** A zip archive, byte by byte. */
export function zip(entries: readonly ZipEntry[], shape: ZipShape = {}): Buffer {
  const parts: Buffer[] = [Buffer.from(shape.prefix ?? "")];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const data = Buffer.from(entry.data);
    const method = entry.method ?? 0;
    const body = Buffer.concat([
      method === 8 ? deflateRawSync(data) : data,
      Buffer.from(entry.behind ?? ""),
    ]);
    const deferred = entry.deferred === true;
    const common = (local: boolean): Buffer => {
      const it = Buffer.alloc(26);
      const blank = local && deferred;
      it.writeUInt16LE(20, 0);
      it.writeUInt16LE((entry.flags ?? 0) | (deferred ? 8 : 0), 2);
      it.writeUInt16LE(local ? (entry.localMethod ?? method) : method, 4);
      it.writeUInt32LE(blank ? 0 : (entry.crc ?? crc32(data)), 10);
      it.writeUInt32LE(blank ? 0 : local ? (entry.localSize ?? body.length) : body.length, 14);
      it.writeUInt32LE(blank ? 0 : (entry.size ?? data.length), 18);
      return it;
    };
    const localName = Buffer.from(entry.localName ?? entry.name);
    const head = common(true);
    head.writeUInt16LE(localName.length, 22);
    const name = Buffer.from(entry.name);
    const extra = entry.extra ?? Buffer.alloc(0);
    const central = common(false);
    central.writeUInt16LE(name.length, 22);
    central.writeUInt16LE(extra.length, 24);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((entry.mode ?? 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    if (entry.hidden !== true) {
      directory.push(
        Buffer.concat([Buffer.from("PK\x01\x02\x14\x03", "latin1"), central, tail, name, extra]),
      );
    }
    const descriptor = Buffer.alloc(deferred ? 16 : 0);
    if (deferred) {
      descriptor.write("PK\x07\x08", "latin1");
      descriptor.writeUInt32LE(crc32(data), 4);
      descriptor.writeUInt32LE(body.length, 8);
      descriptor.writeUInt32LE(data.length, 12);
    }
    const all = Buffer.concat([
      Buffer.from("PK\x03\x04", "latin1"),
      head,
      localName,
      body,
      descriptor,
      Buffer.from(shape.between ?? ""),
    ]);
    parts.push(all);
    offset += all.length;
  }
  const central = Buffer.concat(directory);
  const comment = Buffer.from(shape.comment ?? "");
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  const count = shape.count ?? directory.length;
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, central, end, comment, Buffer.from(shape.suffix ?? "")]);
}

export interface TarEntry {
  readonly name: string;
  readonly data?: Uint8Array | string;
  readonly type?: string;
  readonly link?: string;
}

/** A tar archive in the form of POSIX. */
export function tar(entries: readonly TarEntry[], suffix: Uint8Array | string = ""): Buffer {
  const parts: Buffer[] = [];
  for (const { name, data = "", type = "0", link = "" } of entries) {
    const body = Buffer.from(data);
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write("0000644\0", 100);
    head.write(`${body.length.toString(8).padStart(11, "0")}\0`, 124);
    head.write("00000000000\0", 136);
    head.write("        ", 148);
    head.write(type, 156);
    head.write(link, 157);
    head.write("ustar\x0000", 257, "latin1");
    const sum = head.reduce((total, byte) => total + byte, 0);
    head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    parts.push(head, body, Buffer.alloc((512 - (body.length % 512)) % 512));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024), Buffer.from(suffix)]);
}
