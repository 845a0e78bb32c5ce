import type { Examination } from "../examine.ts";
import type { JsonFrame } from "./json-walk.ts";
import { judgeCallable } from "./python-name.ts";

/** One object of a Keras configuration: which class it makes, and from where. */
export function judgeKerasObject({ keys, texts }: JsonFrame, examination: Examination): void {
  const name = texts.get("class_name");
  if (name === undefined || !keys.has("config")) return;
  examination.format("keras-config");
  const known = LAYERS.get(name);
  if (known !== undefined) {
    const [verdict, message] = known;
    examination.report({
      verdict,
      rule: "keras-code",
      message: `has a ${name} layer, which ${message}`,
    });
  }
  const module = texts.get("module");
  if (module !== undefined) judgeModule(module, name, texts.get("config"), examination);
  const registered = texts.get("registered_name");
  const package_ = registered?.includes(">") ? registered.split(">")[0] : undefined;
  if (
    module === undefined &&
    package_ !== undefined &&
    !/^(?:keras|Addons|TensorFlow|builtins)/i.test(package_)
  ) {
    report(examination, "unknown-import", package_, name);
  }
}

/** Bytecode that a Lambda layer carries: base64 of a code object as `marshal` writes it. */
export function isMarshalled(text: string): boolean {
  if (!/^(?:4w|Yw)[A-Za-z0-9+/\n]{20}/.test(text)) return false;
  const bytes = Buffer.from(text.slice(0, 32), "base64");
  // Small counts: of arguments, and of those that take a position or a name alone.
  return bytes[2] === 0 && bytes[3] === 0 && bytes[4] === 0;
}

function judgeModule(
  module: string,
  name: string,
  config: string | undefined,
  examination: Examination,
): void {
  const own =
    /^(?:tf_keras|keras|tensorflow\.(?:python\.)?keras)(?:\.(?:src|api|_tf_keras|_legacy)(?=\.|$))*(?:\.(\w+)|$)/.exec(
      module,
    );
  if (own === null) {
    const verdict = judgeCallable(module, name);
    // A function of the caller's own is looked up among what the caller hands over.
    if (verdict !== "allowed") report(examination, verdict, module, config ?? name);
    return;
  }
  const [, family] = own;
  const harmful = family !== undefined && HARMFUL.has(family);
  if (harmful) return report(examination, "dangerous", module, config ?? name);
  const named = /^(?:[A-Z]\w*|function|__\w+__)$/.test(name);
  if (named && (family === undefined || FAMILIES.has(family))) return;
  report(examination, "unknown-import", module, config ?? name);
}

function report(
  examination: Examination,
  verdict:
    | "dangerous"
    | "executable"
    | "unknown-import"
    | "unscannable"
    | "allowed"
    | "safe-format",
  module: string,
  name: string,
): void {
  examination.report({
    verdict,
    rule: "keras-import",
    message: `makes ${module}.${name} when it is loaded`,
    import: { module, name, called: true },
  });
}

const LAYERS: ReadonlyMap<string, readonly ["dangerous" | "executable", string]> = new Map([
  ["Lambda", ["executable", "is a program"]],
  ["__lambda__", ["executable", "is a program"]],
  ["TFOpLambda", ["executable", "calls a function by its name"]],
  ["SlicingOpLambda", ["executable", "calls a function by its name"]],
  ["ClassMethod", ["executable", "calls a function by its name"]],
  ["InstanceMethod", ["executable", "calls a function by its name"]],
  ["InstanceProperty", ["executable", "calls a function by its name"]],
  ["TorchModuleWrapper", ["dangerous", "unpickles a PyTorch module"]],
  ["JaxLayer", ["executable", "is a program"]],
  ["FlaxLayer", ["executable", "is a program"]],
]);
/** Where Keras has what fetches, writes, or turns its own safety off. */
const HARMFUL: ReadonlySet<string> = new Set([
  "utils",
  "config",
  "saving",
  "datasets",
  "preprocessing",
  "callbacks",
  "trainers",
  "testing",
  "wrappers",
  "tree",
  "distribution",
]);
const FAMILIES: ReadonlySet<string> = new Set([
  "layers",
  "models",
  "engine",
  "activations",
  "initializers",
  "regularizers",
  "constraints",
  "losses",
  "metrics",
  "optimizers",
  "dtype_policies",
  "mixed_precision",
  "quantizers",
  "random",
  "ops",
  "backend",
  "feature_column",
  "premade",
  "applications",
]);
