import type { ScanVerdict } from "../report.ts";
import type { ByteSource } from "../source.ts";
import { judgePickle } from "./judge.ts";
import { readPickle } from "./machine.ts";

/**
 * Whether a source is a pickle by its content. A PROTO says so at once; the protocols 0 and 1 have
 * none, and then a stream is a pickle if loading it does anything: it ends where the source ends, or
 * imports a name and calls it, or a name that is known.
 */
export function isPickle(source: ByteSource): boolean {
  const start = Buffer.from(source.read(0, 2));
  const [first = 0, second = 0xff] = start;
  if (first === 0x80) return second <= NEXT_PROTOCOLS;
  if (!FIRST.has(first)) return false;
  for (let at = 0, streams = 0; at < source.size && streams < 4; streams++) {
    const pickle = readPickle(source, at, { limits: { opcodes: 1_000_000 }, depth: 0 });
    const { imports, broken, end, opcodes } = pickle;
    if (imports.some(({ called, made, filled }) => called || made || filled)) return true;
    if (imports.length > 0 && judgePickle(pickle).some(({ verdict }) => KNOWN.has(verdict))) {
      return true;
    }
    if (broken !== undefined) return broken.message === TOO_MANY;
    if (opcodes > 1 && (end === source.size || imports.length > 0)) return true;
    at = end;
  }
  return false;
}

/** Opcodes that can come first: those that take nothing from the stack. */
const FIRST: ReadonlySet<number> = new Set([
  ...Buffer.from("(IJKLMNSTUVXFGclg]})CBP", "latin1"),
  ...Buffer.from("82838488898a8b8c8d8e8f959697", "hex"),
]);

const KNOWN: ReadonlySet<ScanVerdict> = new Set(["allowed", "dangerous", "executable"]);

/** Protocols that do not exist yet are pickles too, which nobody can read. */
const NEXT_PROTOCOLS = 9;
const TOO_MANY = "holds too many opcodes";
