import { isUtf8 } from "node:buffer";
import { blocks } from "../decode.ts";
import type { ByteSource } from "../source.ts";

/**
 * Whether a source is text: no control character but those of lines, in UTF-8 or an encoding with
 * one byte a character.
 */
export function isText(source: ByteSource): boolean {
  for (const block of blocks(source)) if (!PLAIN.test(block.toString("latin1"))) return false;
  return true;
}

/** A small text; `undefined` where it is longer than `most` bytes, or is no UTF-8. */
export function textOf(source: ByteSource, most: number): string | undefined {
  if (source.size > most) return undefined;
  const bytes = source.read(0, source.size);
  return isUtf8(bytes) ? bytes.toString("utf8").replace(/^\ufeff/, "") : undefined;
}

// oxlint-disable-next-line no-control-regex
const PLAIN = /^[^\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]*$/;
