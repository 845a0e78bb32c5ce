import { MlsignError, printable } from "@mlsign/core";

/** What `models:/…` names for good: a version of a registered model, or a logged model. */
export type MlflowReference =
  | { readonly kind: "version"; readonly name: string; readonly version: string }
  | { readonly kind: "logged"; readonly modelId: string };

/**
 * `models:/NAME/VERSION` or `models:/m-ID`. An alias (`models:/NAME@ALIAS`), a stage and `latest`
 * can move between two looks, and are refused.
 *
 * @throws MlsignError `reference-invalid`
 */
export function parseMlflowReference(text: string): MlflowReference {
  const rest = /^models:\/{1,3}(.*)$/s.exec(text)?.[1] ?? "";
  if (/^m-[0-9a-f]{32}$/.test(rest)) return { kind: "logged", modelId: rest };
  const slash = rest.lastIndexOf("/");
  const name = rest.slice(0, Math.max(slash, 0));
  const version = rest.slice(slash + 1);
  if (isModelName(name) && /^[1-9]\d{0,9}$/.test(version))
    return { kind: "version", name, version };
  const moving = rest.includes("@") || ["latest", "Production", "Staging"].includes(version);
  throw new MlsignError(
    "reference-invalid",
    `Cannot use ${printable(text)}: ${moving ? "an alias or stage can move" : "no version of a model"}`,
    { hint: "name the version, such as models:/NAME/3: what is judged must be what was looked at" },
  );
}

/** MLflow refuses `/` and `:` in a model's name; the rest is what a tag or a terminal can take. */
function isModelName(name: string): boolean {
  return (
    name.length <= 256 && /^[^/:\p{Cc}]+$/u.test(name) && name.isWellFormed() && name.trim() !== ""
  );
}
