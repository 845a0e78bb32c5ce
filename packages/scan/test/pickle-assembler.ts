/** A small assembler of pickles: what tests are made of, so that no hostile file is kept. */

export type Part = Buffer | number | string;

/** Parts one behind the other; a text stands for its bytes in Latin-1. */
export function pickle(...parts: readonly Part[]): Buffer {
  return Buffer.concat(
    parts.map((part) =>
      typeof part === "number"
        ? Buffer.from([part])
        : typeof part === "string"
          ? Buffer.from(part, "latin1")
          : part,
    ),
  );
}

export const MARK = "(";
export const STOP = ".";
export const TUPLE = "t";
export const REDUCE = "R";
export const BUILD = "b";
export const POP = "0";
export const EMPTY_TUPLE = ")";
export const EMPTY_DICT = "}";
export const EMPTY_LIST = "]";
export const NEWOBJ = "\x81";
export const STACK_GLOBAL = "\x93";
export const MEMOIZE = "\x94";
export const TUPLE1 = "\x85";
export const TUPLE2 = "\x86";
export const TUPLE3 = "\x87";

export function proto(version: number): Buffer {
  return Buffer.from([0x80, version]);
}

/** GLOBAL */
export function global(module: string, name: string): Buffer {
  return Buffer.from(`c${module}\n${name}\n`);
}

/** BINUNICODE */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return pickle("X", uint32(bytes.length), bytes);
}

/** SHORT_BINUNICODE */
export function shortText(value: string): Buffer {
  const bytes = Buffer.from(value);
  return pickle(0x8c, bytes.length, bytes);
}

/** BINBYTES */
export function bytes(value: Uint8Array): Buffer {
  return pickle("B", uint32(value.length), Buffer.from(value));
}

export function binput(key: number): Buffer {
  return pickle("q", key);
}

export function binget(key: number): Buffer {
  return pickle("h", key);
}

export function frame(content: Buffer, length: number = content.length): Buffer {
  return pickle(0x95, uint64(length), content);
}

/** STACK_GLOBAL of two texts. */
export function stackGlobal(module: string, name: string): Buffer {
  return pickle(shortText(module), shortText(name), STACK_GLOBAL);
}

/** A call of a name with texts, in protocol 2 and whole. */
export function calling(module: string, name: string, ...args: readonly string[]): Buffer {
  return pickle(proto(2), call(module, name, ...args), STOP);
}

/** The same without its PROTO and STOP. */
export function call(module: string, name: string, ...args: readonly string[]): Buffer {
  return pickle(global(module, name), MARK, ...args.map(text), TUPLE, REDUCE);
}

export function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return buffer;
}

export function uint64(value: number): Buffer {
  const buffer = Buffer.alloc(8);
  buffer.writeBigUInt64LE(BigInt(value));
  return buffer;
}

/** A `.npy` array of objects around a pickle. */
export function npyOfObjects(content: Buffer): Buffer {
  const header = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".padEnd(117) + "\n";
  return pickle("\x93NUMPY\x01\x00", header.length & 0xff, header.length >> 8, header, content);
}
