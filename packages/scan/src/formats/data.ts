/* oxlint-disable no-control-regex -- magic numbers are made of them */
import type { Format } from "../examine.ts";

/**
 * Pictures, sounds and tables, by their magic numbers: formats whose readers run nothing. A file that
 * is also of another format is looked at as that, too.
 */
export const DATA: Format = {
  name: "data",
  recognises: (source) => kindOf(source.read(0, 16)) !== undefined,
  async scan(source, examination) {
    examination.format(kindOf(source.read(0, 16)) ?? "data");
  },
};

function kindOf(head: Buffer): string | undefined {
  const text = head.toString("latin1");
  return KINDS.find(([, magic]) => magic.test(text))?.[0];
}

const KINDS: readonly (readonly [format: string, magic: RegExp])[] = [
  ["png", /^\x89PNG\r\n\x1a\n/],
  ["jpeg", /^\xff\xd8\xff[\xc0-\xfe]/],
  ["gif", /^GIF8[79]a/],
  ["webp", /^RIFF[\s\S]{4}WEBP/],
  ["wav", /^RIFF[\s\S]{4}WAVE/],
  ["flac", /^fLaC\0/],
  ["ogg", /^OggS\0/],
  ["mp4", /^\0\0\0[\s\S]ftyp/],
  ["parquet", /^PAR1[\s\S]/],
  ["arrow", /^ARROW1\0\0/],
  ["mp3", /^ID3[\x02-\x04]\0/],
  ["catboost", /^CBM1/],
  ["fasttext", /^\xba\x16\x4f\x2f/],
  // XGBoost's own: UBJSON with the long key lengths that it writes.
  ["ubjson", /^\{L\0\0\0\0\0\0\0[\x01-\xff]/],
];
