/** Makers of files that hold numbers: NumPy, SafeTensors, GGUF, and messages of Protocol Buffers. */

export function npy(header: string, data: Uint8Array, version = 1): Buffer {
  const start = version === 1 ? 10 : 12;
  const padded = `${header}${" ".repeat(64 - ((start + header.length + 1) % 64))}\n`;
  const length = Buffer.alloc(start - 8);
  if (version === 1) length.writeUInt16LE(padded.length);
  else length.writeUInt32LE(padded.length);
  return Buffer.concat([
    Buffer.from("\x93NUMPY", "latin1"),
    Buffer.from([version, 0]),
    length,
    Buffer.from(padded, "latin1"),
    data,
  ]);
}

export function npyOf(descr: string, shape: string, data: Uint8Array, version = 1): Buffer {
  return npy(`{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`, data, version);
}

export function safetensors(header: object | string, data: Uint8Array): Buffer {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

type GgufValue = string | number | readonly string[];

export interface GgufShape {
  readonly version?: number;
  readonly tensors?: readonly { name: string; size: number; offset: number }[];
  readonly data?: number;
  readonly keys?: readonly (readonly [string, GgufValue])[];
}

/** A GGUF file; numbers are written as uint32, tensors as F32. */
export function gguf({ version = 3, tensors = [], data = 0, keys = [] }: GgufShape): Buffer {
  const parts: Buffer[] = [
    Buffer.from("GGUF"),
    u32(version),
    u64(tensors.length),
    u64(keys.length),
  ];
  for (const [key, value] of keys) {
    parts.push(text(key));
    if (typeof value === "number") parts.push(u32(4), u32(value));
    else if (typeof value === "string") parts.push(u32(8), text(value));
    else parts.push(u32(9), u32(8), u64(value.length), ...value.map(text));
  }
  for (const { name, size, offset } of tensors) {
    parts.push(text(name), u32(1), u64(size), u32(0), u64(offset));
  }
  const head = Buffer.concat(parts);
  const padding = tensors.length === 0 ? 0 : (32 - (head.length % 32)) % 32;
  return Buffer.concat([head, Buffer.alloc(padding), Buffer.alloc(data, 1)]);
}

/** A field of a message: a number, a text, or a message. */
export function field(number: number, value: number | string | Uint8Array): Buffer {
  if (typeof value === "number") return Buffer.concat([varint(number * 8), varint(value)]);
  const bytes = Buffer.from(value);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

export function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

export interface OnnxShape {
  readonly domain?: string;
  readonly location?: string;
  readonly functions?: readonly Buffer[];
  readonly node?: readonly Buffer[];
}

/** An ONNX model of one node and one tensor. */
export function onnx({ domain = "", location, functions = [], node = [] }: OnnxShape): Buffer {
  const tensor = message(
    field(1, 4),
    field(2, 1),
    field(8, "w"),
    ...(location === undefined
      ? [field(9, Buffer.alloc(16, 1))]
      : [field(13, message(field(1, "location"), field(2, location))), field(14, 1)]),
  );
  const graph = message(
    field(1, message(field(1, "x"), field(2, "y"), field(4, "Op"), field(7, domain), ...node)),
    field(2, "g"),
    field(5, tensor),
  );
  return message(
    field(1, 8),
    field(2, "test"),
    field(7, graph),
    field(8, message(field(1, domain), field(2, 17))),
    ...functions,
  );
}

/** A SavedModel with one node in its graph, and one in a function of that name. */
export function savedModel(operator: string, owner = "f"): Buffer {
  const node = message(field(1, "n"), field(2, operator));
  const body = message(field(1, message(field(1, owner))), field(3, node));
  const graph = message(
    field(1, message(field(1, "x"), field(2, "Const"))),
    field(2, message(field(1, body))),
  );
  return message(field(1, 1), field(2, message(field(1, message(field(1, "m"))), field(2, graph))));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) {
      bytes.push(rest);
      return Buffer.from(bytes);
    }
    bytes.push((rest % 128) | 0x80);
  }
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);
}
