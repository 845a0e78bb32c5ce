import { Cursor, Cut } from "../cursor.ts";
import type { Format } from "../examine.ts";
import type { ByteSource } from "../source.ts";

/**
 * MessagePack, as Flax writes its numbers: a map that is well-formed to the last byte, whose
 * extensions are arrays and numbers. Other extensions are the reader's, who may run what they say.
 */
export const MSGPACK: Format = {
  name: "msgpack",
  recognises(source) {
    const first = source.read(0, 1)[0] ?? 0;
    if (first >> 4 !== 8 && first !== 0xde && first !== 0xdf) return false;
    return extensionsOf(source) !== undefined;
  },
  async scan(source, examination) {
    examination.format("msgpack");
    for (const type of extensionsOf(source) ?? []) {
      if (type >= 1 && type <= 3) continue;
      const message = `holds an extension of type ${type}, which its reader defines`;
      examination.report({ verdict: "unscannable", rule: "not-read", message });
    }
  },
};

/** The types of its extensions; `undefined` where it is no MessagePack, or not to its end. */
function extensionsOf(source: ByteSource): ReadonlySet<number> | undefined {
  const input = new Cursor(source);
  const types = new Set<number>();
  // How many values are to come, innermost last.
  const open: number[] = [1];
  try {
    for (;;) {
      while (open.at(-1) === 0) open.pop();
      if (open.length === 0) break;
      open[open.length - 1] = (open.at(-1) ?? 0) - 1;
      const values = readValue(input, types);
      if (values > 0) open.push(values);
      if (open.length > MAX_DEPTH) return undefined;
    }
  } catch (error) {
    if (error instanceof Cut) return undefined;
    throw error;
  }
  return input.left === 0 ? types : undefined;
}

/** Reads a value but for what is in it, and returns how many values that are. @throws Cut */
function readValue(input: Cursor, types: Set<number>): number {
  const code = input.u8();
  if (code < 0x80 || code >= 0xe0) return 0;
  if (code < 0x90) return (code & 0x0f) * 2;
  if (code < 0xa0) return code & 0x0f;
  if (code < 0xc0) return skip(input, code & 0x1f);
  const big = (width: number): number => input.bytes(width, 8).readUIntBE(0, width);
  const extension = (length: number): number => {
    types.add(input.u8());
    return skip(input, length);
  };
  switch (code) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return 0;
    case 0xc4:
    case 0xc5:
    case 0xc6:
      return skip(input, big(2 ** (code - 0xc4)));
    case 0xc7:
    case 0xc8:
    case 0xc9:
      return extension(big(2 ** (code - 0xc7)));
    case 0xca:
      return skip(input, 4);
    case 0xcb:
      return skip(input, 8);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
      return skip(input, 2 ** (code - 0xcc));
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
      return skip(input, 2 ** (code - 0xd0));
    case 0xd4:
    case 0xd5:
    case 0xd6:
    case 0xd7:
    case 0xd8:
      return extension(2 ** (code - 0xd4));
    case 0xd9:
    case 0xda:
    case 0xdb:
      return skip(input, big(2 ** (code - 0xd9)));
    case 0xdc:
    case 0xdd:
      return big(2 ** (code - 0xdb));
    case 0xde:
    case 0xdf:
      return big(2 ** (code - 0xdd)) * 2;
    default:
      throw new Cut("holds a code that is not used");
  }
}

function skip(input: Cursor, length: number): 0 {
  input.skip(length);
  return 0;
}

const MAX_DEPTH = 64;
