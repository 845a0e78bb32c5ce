import { Cursor, Cut } from "../cursor.ts";
import type { Format } from "../examine.ts";
import type { ByteSource } from "../source.ts";

/** LZ4 frames, as joblib writes them. Checksums are not looked at, as no reader has to. */
export const LZ4: Format = {
  name: "lz4",
  recognises: (source) => source.size >= 4 && source.read(0, 4).readUInt32LE(0) === FRAME,
  async scan(source, examination) {
    examination.format("lz4");
    await examination.decoded(unpack(source), (decoded) =>
      examination.descend("(lz4 stream)", decoded),
    );
  },
};

/** Thrown where the stream breaks the format's rules. */
class Lz4Error extends Error {
  readonly code = "LZ4_BROKEN";
}

async function* unpack(source: ByteSource): AsyncGenerator<Buffer> {
  const input = new Cursor(source);
  try {
    while (input.left > 0) {
      const magic = input.u32();
      if (magic === FRAME) yield* unpackFrame(input);
      else if ((magic & 0xfffffff0) >>> 0 === SKIPPED) input.skip(input.u32());
      else throw new Lz4Error("bytes behind the last frame");
    }
  } catch (error) {
    if (error instanceof Cut) throw new Lz4Error(error.message, { cause: error });
    throw error;
  }
}

function* unpackFrame(input: Cursor): Generator<Buffer> {
  const flags = input.u8();
  const largest = BLOCK_SIZES[(input.u8() >> 4) & 7];
  if (flags >> 6 !== 1 || largest === undefined) throw new Lz4Error("an unknown kind of frame");
  if ((flags & 1) !== 0) throw new Lz4Error("a dictionary that is not in the file");
  // The content's size, and the header's checksum.
  input.skip(((flags & 8) !== 0 ? 8 : 0) + 1);
  const linked = (flags & 0x20) === 0;
  const out = Buffer.allocUnsafe(HISTORY + largest);
  let kept = 0;
  for (;;) {
    const head = input.u32();
    if (head === 0) break;
    const packed = input.bytes(head & 0x7fffffff, largest);
    let end = kept;
    if (head >= 0x80000000) end += packed.copy(out, kept);
    else end = unpackBlock(packed, out, { start: kept, limit: kept + largest });
    if ((flags & 0x10) !== 0) input.skip(4);
    yield Buffer.from(out.subarray(kept, end));
    // Blocks may take bytes of the ones before them.
    const from = linked ? Math.max(0, end - HISTORY) : end;
    out.copyWithin(0, from, end);
    kept = end - from;
  }
  if ((flags & 4) !== 0) input.skip(4);
}

/** Where the block's bytes end in `out`. */
function unpackBlock(
  packed: Buffer,
  out: Buffer,
  { start, limit }: { readonly start: number; readonly limit: number },
): number {
  let at = 0;
  let end = start;
  const length = (nibble: number): number => {
    let total = nibble;
    if (nibble < 15) return total;
    for (;;) {
      const byte = packed[at++];
      if (byte === undefined) throw new Lz4Error("a length that is cut");
      total += byte;
      if (byte < 255) return total;
    }
  };
  while (at < packed.length) {
    const token = packed[at++] ?? 0;
    const literals = length(token >> 4);
    if (at + literals > packed.length || end + literals > limit) {
      throw new Lz4Error("more bytes than a block has");
    }
    packed.copy(out, end, at, at + literals);
    at += literals;
    end += literals;
    // The last sequence has no match.
    if (at === packed.length) return end;
    if (at + 2 > packed.length) throw new Lz4Error("an offset that is cut");
    const offset = packed.readUInt16LE(at);
    at += 2;
    const matched = length(token & 15) + 4;
    if (offset === 0 || offset > end || end + matched > limit) {
      throw new Lz4Error("a match that leads out of the block");
    }
    if (offset >= matched) out.copyWithin(end, end - offset, end - offset + matched);
    // A match may run into itself, and repeats then.
    else for (let i = 0; i < matched; i += 1) out[end + i] = out[end - offset + i] ?? 0;
    end += matched;
  }
  return end;
}

const FRAME = 0x184d2204;
const SKIPPED = 0x184d2a50;
const HISTORY = 64 * 1024;
/** By the number that a frame has. */
const BLOCK_SIZES: Readonly<Record<number, number>> = {
  4: 64 * 1024,
  5: 256 * 1024,
  6: 1024 * 1024,
  7: 4 * 1024 * 1024,
};
