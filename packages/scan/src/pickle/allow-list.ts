import { createHash } from "node:crypto";
import { canonicalJson } from "@mlsign/core";
import list from "../../data/allow-list.json" with { type: "json" };

/**
 * What a pickle may do with a name: have it as a value (`reference`), make instances without calling
 * the constructor (`class`), or call it as well (`callable`).
 */
type AllowedMode = "reference" | "class" | "callable";

export interface Allowed {
  readonly framework: string;
  /** The releases in which the name was seen and reviewed. */
  readonly versions: string;
  readonly mode: AllowedMode;
  /** Its instances may be given items: APPEND, SETITEM, ADDITEMS. */
  readonly items: boolean;
  /** It calls what it is given, so that those names count as called. */
  readonly applies: boolean;
  readonly reason: string;
}

/** The entry of a name, exactly as Python 3 spells it. */
export function allowed(module: string, name: string): Allowed | undefined {
  return ENTRIES.get(`${module}\n${name}`);
}

const ENTRIES: ReadonlyMap<string, Allowed> = new Map(
  list.frameworks.flatMap(({ framework, versions, reasons, names }) =>
    names.map(([module = "", name = "", flags = "", reason = ""]): [string, Allowed] => [
      `${module}\n${name}`,
      {
        framework,
        versions,
        mode: modeOf(flags.split(" ")[0]),
        items: flags.includes("items"),
        applies: flags.includes("applies"),
        reason: (reasons as Readonly<Record<string, string>>)[reason] ?? reason,
      },
    ]),
  ),
);

function modeOf(word: string | undefined): AllowedMode {
  if (word === "reference" || word === "class" || word === "callable") return word;
  throw new Error(`The allow list holds the mode ${word ?? ""}`);
}

/** SHA-256 of the canonical JSON of the whole list, for what is signed about a scan. */
export const ALLOW_LIST_DIGEST: string = createHash("sha256")
  .update(canonicalJson(list))
  .digest("hex");

/** How many names are on the list. */
export const ALLOW_LIST_SIZE: number = ENTRIES.size;
