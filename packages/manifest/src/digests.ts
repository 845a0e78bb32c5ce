import { createHash } from "node:crypto";
import { MlsignError, printable } from "@mlsign/core";
import { sortByName } from "./listing.ts";

/**
 * SHA-256 over the raw digests in the order given, in hexadecimal (OMS 5.1): binds contents and
 * their order, not names.
 */
export function rootOf(resources: Iterable<{ readonly digest: string }>): string {
  const hash = createHash("sha256");
  for (const { digest } of resources) hash.update(digest, "hex");
  return hash.digest("hex");
}

/**
 * Go's `h1` in hexadecimal: SHA-256 over the lines `<sha256>  <path>\n`, sorted by the bytes of the
 * path. Binds names and contents.
 *
 * @throws MlsignError `name-invalid` for a name with a newline, as it could pass for two lines.
 */
export function dirHash1(
  files: Iterable<{ readonly path: string; readonly sha256: string }>,
): string {
  const hash = createHash("sha256");
  // A call for each line would take longer than the hashing.
  let lines: string[] = [];
  for (const { path, sha256 } of sortByName([...files], (file) => file.path)) {
    if (path.includes("\n")) {
      throw new MlsignError(
        "name-invalid",
        `Cannot hash "${printable(path)}": its name holds a newline`,
      );
    }
    lines.push(`${sha256}  ${path}\n`);
    if (lines.length < 1000) continue;
    hash.update(lines.join(""));
    lines = [];
  }
  return hash.update(lines.join("")).digest("hex");
}
