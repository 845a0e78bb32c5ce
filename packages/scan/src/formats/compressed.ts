import type { Transform } from "node:stream";
import {
  createGunzip,
  createInflate,
  createZstdDecompress,
  inflateSync,
  constants,
} from "node:zlib";
import { decodeWith } from "../decode.ts";
import type { Examination, Format } from "../examine.ts";
import { type ByteSource, sliceSource } from "../source.ts";
import { isText } from "./text.ts";

type Decoder = Transform & { readonly bytesWritten: number };

export const GZIP: Format = {
  name: "gzip",
  recognises: (source) => source.size >= 2 && source.read(0, 2).readUInt16BE(0) === 0x1f8b,
  scan: (source, examination) => unpack("gzip", source, examination, createGunzip),
};

export const ZLIB: Format = {
  name: "zlib",
  recognises: isZlib,
  scan: (source, examination) => unpack("zlib", source, examination, createInflate),
};

export const ZSTD: Format = {
  name: "zstd",
  recognises: (source) => source.size >= 4 && source.read(0, 4).readUInt32LE(0) === 0xfd2fb528,
  scan: (source, examination) => unpack("zstd", source, examination, createZstdDecompress),
};

/** What joblib wrote before 0.10: a length in hexadecimal, then a zlib stream. */
export const JOBLIB_ZFILE: Format = {
  name: "joblib-zfile",
  recognises: (source) => /^ZF0x[0-9a-f]+ *L? *$/.test(source.read(0, 21).toString("latin1")),
  async scan(source, examination) {
    examination.format("joblib-zfile");
    const start = source.read(21, 1).toString("latin1") === " " ? 22 : 21;
    await examination.descend("(zlib stream)", sliceSource(source, start, source.size - start));
  },
};

async function unpack(
  name: string,
  source: ByteSource,
  examination: Examination,
  make: () => Decoder,
): Promise<void> {
  examination.format(name);
  let rest = source;
  // Readers go on with the next stream where one ends, as long as there is one.
  for (let streams = 0; ; streams += 1) {
    if (streams === MAX_STREAMS) {
      const message = `holds more than ${MAX_STREAMS} ${name} streams`;
      return examination.report({ verdict: "unscannable", rule: "limit", message });
    }
    let taken = rest.size;
    const decoder = decodeWith(rest, make(), (count) => {
      taken = count;
    });
    await examination.decoded(decoder, (decoded) =>
      examination.descend(`(${name} stream)`, decoded),
    );
    const next = sliceSource(rest, taken, rest.size - taken);
    if (next.size === 0 || allZero(next)) return;
    if (next.read(0, 2).compare(source.read(0, 2).subarray(0, 2)) !== 0 || taken === 0) {
      examination.report({
        verdict: "unscannable",
        rule: "stream-suffix",
        message: `has ${next.size} bytes behind its ${name} stream`,
      });
      return examination.descend("(bytes behind)", next);
    }
    rest = next;
  }
}

function allZero(source: ByteSource): boolean {
  for (let at = 0; at < source.size; at += BLOCK) {
    if (source.read(at, BLOCK).some((byte) => byte !== 0)) return false;
  }
  return true;
}

/** Two bytes are little of a magic number: what follows must unpack. */
function isZlib(source: ByteSource): boolean {
  if (source.size < 3) return false;
  const head = source.read(0, HEAD);
  const first = head[0] ?? 0;
  if ((first & 0x0f) !== 8 || first >> 4 > 7 || head.readUInt16BE(0) % 31 !== 0) return false;
  const copy = Buffer.from(head);
  if (isText(source)) return false;
  try {
    const { Z_SYNC_FLUSH } = constants;
    inflateSync(copy, { finishFlush: Z_SYNC_FLUSH, maxOutputLength: 16 * 1024 * 1024 });
    return true;
  } catch (error) {
    return error instanceof RangeError;
  }
}

const MAX_STREAMS = 10_000;
const HEAD = 4096;
const BLOCK = 64 * 1024;
