import { Cursor, Cut } from "../cursor.ts";
import type { ByteSource } from "../source.ts";

/** One field of a message; `from` and `to` are where a text, bytes or message lies. */
export interface Field {
  readonly number: number;
  readonly wire: 0 | 1 | 2 | 5;
  readonly value: number;
  readonly from: number;
  readonly to: number;
}

/** The fields of a message in order, without reading what lies in them. @throws Cut */
export function* fields(source: ByteSource, from = 0, to: number = source.size): Generator<Field> {
  const input = new Cursor(source, from, to);
  while (input.left > 0) {
    const tag = varint(input);
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    if (number === 0 || number > 536_870_911) throw new Cut("holds a field without a number");
    if (wire === 0) yield { number, wire, value: varint(input), from: input.at, to: input.at };
    else if (wire === 1 || wire === 5) {
      const at = input.at;
      input.skip(wire === 1 ? 8 : 4);
      yield { number, wire, value: 0, from: at, to: input.at };
    } else if (wire === 2) {
      const length = varint(input);
      const at = input.at;
      input.skip(length);
      yield { number, wire, value: 0, from: at, to: input.at };
    } else throw new Cut(`holds a field of wire type ${wire}`);
  }
}

/** Whether all of a message is of these fields: each number with its wire types. */
export function fits(
  source: ByteSource,
  shape: Readonly<Record<number, string>>,
  from = 0,
  to: number = source.size,
): boolean {
  try {
    for (const { number, wire } of fields(source, from, to)) {
      if (!(shape[number]?.includes(String(wire)) ?? false)) return false;
    }
    return to > from;
  } catch (error) {
    if (error instanceof Cut) return false;
    throw error;
  }
}

/** @throws Cut where it is longer than a name is. */
export function textField(source: ByteSource, { from, to }: Field): string {
  if (to - from > MAX_TEXT) throw new Cut(`holds a name of ${to - from} bytes`);
  return source.read(from, to - from).toString("utf8");
}

function varint(input: Cursor): number {
  let value = 0;
  for (let i = 0, factor = 1; i < 10; i += 1, factor *= 128) {
    const byte = input.u8();
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value;
  }
  throw new Cut("holds a number that does not end");
}

const MAX_TEXT = 64 * 1024;
