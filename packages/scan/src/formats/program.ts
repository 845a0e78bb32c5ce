/* oxlint-disable no-control-regex -- magic numbers are made of them */
import type { Format } from "../examine.ts";
import type { ByteSource } from "../source.ts";

/** Programs for a machine: models that are run rather than loaded (llamafile), and libraries. */
export const PROGRAM: Format = {
  name: "program",
  recognises: (source) => kindOf(source) !== undefined,
  async scan(source, examination) {
    const [format, what] = kindOf(source) ?? ["", ""];
    examination.format(format);
    examination.report({ verdict: "executable", rule: "program", message: `is ${what}` });
  },
};

function kindOf(source: ByteSource): readonly [format: string, what: string] | undefined {
  const head = source.read(0, 64);
  const text = head.toString("latin1");
  const known = KINDS.find(([, , magic]) => magic.test(text));
  if (known !== undefined) return [known[0], known[1]];
  if (!text.startsWith("MZ") || head.length < 64) return undefined;
  const at = head.readUInt32LE(60);
  const signature = at + 4 <= source.size ? source.read(at, 4).toString("latin1") : "";
  return signature === "PE\0\0" ? ["pe", "a program for Windows"] : undefined;
}

const KINDS: readonly (readonly [format: string, what: string, magic: RegExp])[] = [
  ["elf", "a program or library for Unix", /^\x7fELF/],
  ["llamafile", "a program for any system, as llamafile is", /^(?:MZqFpD|jartsr)='/],
  [
    "mach-o",
    "a program or library for macOS",
    /^(?:\xcf\xfa\xed\xfe|\xce\xfa\xed\xfe|\xfe\xed\xfa[\xce\xcf])/,
  ],
  ["mach-o", "a program or library for macOS", /^\xca\xfe\xba\xbe\0\0\0[\x01-\x1f]/],
  ["java", "a compiled Java class", /^\xca\xfe\xba\xbe\0[\s\S]\0[\x2d-\xff]/],
  ["wasm", "a WebAssembly module", /^\0asm[\s\S]\0\0\0/],
];
