import { byUtf8, MlsignError, printable } from "@mlsign/core";
import { clashesOf } from "./names.ts";
import type { ListedFile, Listing, ListOptions } from "./source.ts";

/** Sorts what was found and looks for clashes. @throws MlsignError `model-empty` */
export function toListing(
  found: Omit<Listing, "clashes"> & { files: ListedFile[]; ignored: string[] },
  options: ListOptions,
): Listing {
  const empty = found.files.length === 0 && !(options.allowEmpty ?? false);
  if (empty && options.only === undefined) {
    throw new MlsignError(
      "model-empty",
      `Cannot sign "${printable(found.name)}": it holds no file`,
      found.ignored.length > 0 ? { hint: `${found.ignored.length} files were ignored` } : {},
    );
  }
  sortByName(found.files, (file) => file.name);
  sortByName(found.ignored, (name) => name);
  return { ...found, clashes: clashesOf(found.files.map(({ name }) => name)) };
}

/** Sorts in place by UTF-8 bytes. Without a surrogate anywhere, UTF-16 order is the same. */
export function sortByName<T>(items: T[], nameOf: (item: T) => string): T[] {
  if (items.some((item) => SURROGATE.test(nameOf(item)))) {
    return items.sort((a, b) => byUtf8(nameOf(a), nameOf(b)));
  }
  return items.sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
}

const SURROGATE = /[\ud800-\udfff]/;
