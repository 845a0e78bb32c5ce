import type { Examination, Format } from "../examine.ts";
import type { ByteSource } from "../source.ts";
import { scanJson } from "./json.ts";

/**
 * HDF5, as Keras writes it. Its attributes lie in it as they are, in one piece each, so that every
 * configuration in it is found by looking for JSON in all of it: that finds more than a reader of
 * the structure would. The one way to pack attributes is refused.
 */
export const HDF5: Format = {
  name: "hdf5",
  recognises: (source) => superblock(source) !== undefined,
  async scan(source, examination) {
    examination.format("hdf5");
    const start = superblock(source) ?? 0;
    if (endOf(source, start) > source.size) fault(examination, "hdf5-cut", "is cut");
    searchAll(source, examination);
  },
};

/** The signature stands at the start, or at 512 bytes and the powers of two behind. */
function superblock(source: ByteSource): number | undefined {
  for (let at = 0; at + 8 <= source.size; at = at === 0 ? 512 : at * 2) {
    if (source.read(at, 8).toString("latin1") === "\x89HDF\r\n\x1a\n") return at;
  }
  return undefined;
}

/** Where the file says that it ends. */
function endOf(source: ByteSource, start: number): number {
  const head = source.read(start, 64);
  if (head.length < 64) return Infinity;
  const [version = 255, width] = [head[8], head[(head[8] ?? 0) < 2 ? 13 : 9]];
  if (version > 3 || width !== 8) return version > 3 ? Infinity : 0;
  const [base, end] = version < 2 ? [version === 1 ? 28 : 24, version === 1 ? 44 : 40] : [12, 28];
  return Math.max(Number(head.readBigUInt64LE(base)), 0) + Number(head.readBigUInt64LE(end));
}

function searchAll(source: ByteSource, examination: Examination): void {
  // A search that begins at every brace could read a file many times.
  let budget = source.size * 2 + 1024 * 1024;
  const told = new Set<string>();
  const tell = (rule: string, message: string): void => {
    if (told.has(message)) return;
    told.add(message);
    fault(examination, rule, message);
  };
  for (let at = 0; at < source.size; at += BLOCK) {
    const text = source.read(at, BLOCK + OVERLAP).toString("latin1");
    CANDIDATE.lastIndex = 0;
    for (let match = CANDIDATE.exec(text); match !== null; match = CANDIDATE.exec(text)) {
      if (match.index >= BLOCK) break;
      if (match[0].startsWith("FRHP")) {
        if (/^FRHP\0[\s\S]{2}(?!\0\0)/.test(text.slice(match.index, match.index + 9))) {
          tell("not-read", "holds attributes that are packed");
        }
        continue;
      }
      if (!match[0].startsWith("{")) {
        tell("not-read", "is written by PyTables, which unpickles what it holds");
        continue;
      }
      const walked = scanJson(source, at + match.index, examination, (bytes) => {
        budget -= Math.max(bytes, 64);
      });
      if (budget < 0) return tell("limit", "holds more beginnings of JSON than are read");
      if (walked > 0) CANDIDATE.lastIndex = Math.max(CANDIDATE.lastIndex, match.index + walked);
    }
  }
}

function fault(examination: Examination, rule: string, message: string): void {
  examination.report({ verdict: "unscannable", rule, message });
}

const CANDIDATE = /\{[ \t\r\n]{0,64}"|FRHP|PYTABLES_FORMAT_VERSION|pandas_type/g;
const BLOCK = 256 * 1024;
const OVERLAP = 64;
