import type { Observation, ScanVerdict } from "../report.ts";
import { allowed } from "./allow-list.ts";
import { isDangerous } from "./dangerous.ts";
import type { Import, Pickle } from "./machine.ts";
import { inPython3 } from "./python2.ts";

/** What is said of a stream; a scanner adds the place. */
export type Remark = Omit<Observation, "within">;

/**
 * Judges all that a stream does, nested streams included. `prefix` begins the messages, and a stream
 * that broke is told by whoever knows whether it was to end there.
 */
export function judgePickle(pickle: Pickle, prefix = ""): Remark[] {
  const applied = appliedBy(pickle.imports);
  return [
    ...pickle.imports.map((entry) => judgeImport(entry, applied.has(keyOf(entry)), prefix)),
    ...pickle.acts.map(({ kind, message, offset }): Remark => {
      return { verdict: "dangerous", rule: `pickle-${kind}`, message: prefix + message, offset };
    }),
    ...pickle.faults.map(({ message, offset }): Remark => {
      return {
        verdict: "unscannable",
        rule: "pickle-conformance",
        message: prefix + message,
        offset,
      };
    }),
    ...pickle.nested.flatMap(({ how, offset, pickle: inner }) =>
      judgePickle(inner, `${prefix}in a pickle within ${how}: `)
        .filter(({ verdict }) => verdict !== "unscannable")
        .map((remark) => ({ ...remark, offset })),
    ),
  ];
}

/** Imports that are given to something that calls what it is given. */
function appliedBy(imports: readonly Import[]): Set<string> {
  const applied = new Set<string>();
  for (const entry of imports) {
    const [module, name] = spelled(entry);
    if (allowed(module, name)?.applies !== true) continue;
    for (const given of entry.given) applied.add(keyOf(given));
  }
  return applied;
}

function usesOf(entry: Import, applied: boolean): ("call" | "instance" | "items")[] {
  return [
    ...(entry.called || applied ? (["call"] as const) : []),
    ...(entry.made ? (["instance"] as const) : []),
    ...(entry.filled ? (["items"] as const) : []),
  ];
}

function keyOf({ module, name }: Import): string {
  return `${module}\n${name}`;
}

function judgeImport(entry: Import, applied: boolean, prefix: string): Remark {
  const { module, name, offset } = entry;
  const called = entry.called || entry.made || applied;
  const remark = (verdict: ScanVerdict, rest: string): Remark => ({
    verdict,
    rule: "pickle-import",
    message: `${prefix}${called ? "calls" : "imports"} ${module}.${name}${rest}`,
    offset,
    import: { module, name, called, uses: usesOf(entry, applied) },
  });
  const [newModule, newName] = spelled(entry);
  const known = allowed(newModule, newName);
  if (known !== undefined) {
    if (called && known.mode === "reference") {
      return remark("unknown-import", ", which is allowed as a value alone");
    }
    if ((entry.called || applied) && known.mode === "class") {
      return remark("unknown-import", ", whose constructor nobody reviewed");
    }
    if (entry.filled && !known.items) {
      return remark("unknown-import", " and puts values into it, which nobody reviewed");
    }
    return remark("allowed", "");
  }
  if (entry.followed && !called && !entry.filled) return remark("allowed", ", as far as is known");
  // Python 3's spelling and the stream's own: which of them counts is up to the reader.
  const [oldModule, oldName] = inPython3(module, name);
  if (module === "torch.jit._pickle" && TORCHSCRIPT.has(name)) {
    return remark("executable", ", which TorchScript's files hold");
  }
  if (isDangerous(module, name) || isDangerous(oldModule, oldName)) return remark("dangerous", "");
  if (module === "__torch__" || module.startsWith("__torch__.")) {
    return remark("executable", ", a class of TorchScript's, whose code comes with the file");
  }
  return remark("unknown-import", ", which is not on the allow list");
}

function spelled({ module, name, protocol }: Import): readonly [string, string] {
  return protocol < 3 ? inPython3(module, name) : [module, name];
}

/** What TorchScript's own pickler writes; in Python these return what they are given. */
const TORCHSCRIPT: ReadonlySet<string> = new Set([
  "build_boollist",
  "build_doublelist",
  "build_intlist",
  "build_tensor_from_id",
  "build_tensorlist",
  "restore_type_tag",
]);
