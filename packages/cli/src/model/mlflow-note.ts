import { lstatSync } from "node:fs";
import { join } from "node:path";
import { MlsignError, systemCode } from "@mlsign/core";
import { readBounded } from "@mlsign/files";

/**
 * The file that MLflow itself adds to a model that it downloads, where a directory may have it: two
 * lines of YAML, the model's name and version. A file of that name with any other content is
 * nobody's note: it counts like any file.
 */
export function mlflowNotes(directory: string): readonly string[] {
  const path = join(directory, NOTE);
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    // Not there yet: the signature says that it may come, so that other verifiers agree.
    if (stats === undefined)
      return lstatSync(join(directory, "MLmodel"), { throwIfNoEntry: false }) ? [NOTE] : [];
    if (!stats.isFile() || stats.size > MOST_BYTES) return [];
    return FORM.test(readBounded(path, MOST_BYTES)?.toString("latin1") ?? "") ? [NOTE] : [];
  } catch (error) {
    // What cannot be read is for the listing to tell.
    if (error instanceof MlsignError || systemCode(error) !== undefined) return [];
    throw error;
  }
}

const NOTE = "registered_model_meta";
const MOST_BYTES = 1024;
/** As MLflow writes it: a name plain or quoted, in which no tag, anchor or second key can stand. */
const FORM =
  /^model_name: (?:'[^'\n\r]*(?:''[^'\n\r]*)*'|"[^"\n\r]*"|[^\s'"!&*|>%@`{}[\]#?:,-][^\n\r:#]*)\nmodel_version: (?:'\d{1,10}'|\d{1,10})\n$/;
