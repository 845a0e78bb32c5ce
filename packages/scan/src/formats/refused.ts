/* oxlint-disable no-control-regex -- magic numbers are made of them */
import type { Format } from "../examine.ts";

/** Formats that hold other files, or run code, and that nothing here can read: fail closed. */
export const REFUSED: Format = {
  name: "refused",
  recognises: (source) => refusal(source.read(0, 16)) !== undefined,
  async scan(source, examination) {
    const [format, , message] = refusal(source.read(0, 16)) ?? ["", /^/, ""];
    examination.format(format);
    examination.report({ verdict: "unscannable", rule: "not-read", message });
  },
};

type Refusal = readonly [format: string, magic: RegExp, message: string];

function refusal(head: Buffer): Refusal | undefined {
  const text = head.toString("latin1");
  return REFUSALS.find(([, magic]) => magic.test(text));
}

const REFUSALS: readonly Refusal[] = [
  ["7z", /^7z\xbc\xaf\x27\x1c/, "is a 7z archive, which is not unpacked"],
  ["rar", /^Rar!\x1a\x07/, "is a RAR archive, which is not unpacked"],
  [
    "bzip2",
    /^BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)/,
    "is a bzip2 stream, which is not unpacked",
  ],
  ["xz", /^\xfd7zXZ\x00/, "is an xz stream, which is not unpacked"],
  ["lzma", /^\x5d\x00\x00[\x00-\x80]/, "is an LZMA stream, which is not unpacked"],
  ["lz4-legacy", /^\x02\x21\x4c\x18/, "is an LZ4 stream of the old form, which is not unpacked"],
  ["snappy", /^\xff\x06\0\0sNaPpY/, "is a snappy stream, which is not unpacked"],
  ["cab", /^MSCF\0\0\0\0/, "is a cabinet archive, which is not unpacked"],
  ["rds", /^(?:RD[AX][23]\n)?[XAB]\n\0\0\0[\x02\x03]\0/, "is an R data file, which may hold code"],
  ["rds", /^(?:RD[AX][23]\n)?A\n[23]\n\d+\n/, "is an R data file, which may hold code"],
  // A type's number, an index, and for a Torch object its version: `V 1`.
  ["torch7", /^\x04\0\0\0\x01\0\0\0\x03\0\0\0V 1/, "is a Torch7 file, which may hold code"],
  ["torch7", /^[1-8]\n1\n(?:3\nV 1|\d+\n)/, "is a Torch7 file, which may hold code"],
  ["torch7", /^[\x03\x06-\x08]\0\0\0\x01\0\0\0/, "is a Torch7 file, which may hold code"],
  ["marshal", /^[\xe3\x63]\0\0\0\0\0\0\0\0/, "is compiled Python"],
  // The version's number, a carriage return and a newline.
  ["pyc", /^(?:[\s\S][\x0b-\x0e]\r\n[\0-\x03]\0\0\0|\x03\xf3\r\n)/, "is compiled Python"],
];
