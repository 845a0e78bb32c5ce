import type { Examination } from "../examine.ts";

/** What a zip archive is, by the names within it. */
export type ZipKind = "zip" | "torch-zip" | "torchscript" | "numpy-zip" | "keras-zip";

export function zipKind(names: ReadonlySet<string>): ZipKind {
  let kind: ZipKind = "zip";
  let arrays = names.size > 0;
  for (const name of names) {
    if (/^(?:[^/]+\/)?(?:code\/.|constants\.pkl$|bytecode\.pkl$)/.test(name)) return "torchscript";
    if (/^(?:[^/]+\/)?data\.pkl$/.test(name)) kind = "torch-zip";
    arrays &&= name.endsWith(".npy");
  }
  if (kind !== "zip") return kind;
  if (names.has("config.json") && names.has("metadata.json")) return "keras-zip";
  return arrays ? "numpy-zip" : "zip";
}

export function describeZip(kind: ZipKind, examination: Examination): void {
  if (kind === "zip") return;
  examination.format(kind);
  if (kind !== "torchscript") return;
  examination.report({
    verdict: "executable",
    rule: "torchscript",
    message: "is a TorchScript program",
  });
}

/** Whether an entry holds numbers and nothing else, as the archive's writer has it. */
export function isRawEntry(kind: ZipKind, name: string): boolean {
  if (kind !== "torch-zip" && kind !== "torchscript") return false;
  return /^(?:[^/]+\/)?(?:data|constants|tensors|xl_model_weights)\/\d+$/.test(name);
}
