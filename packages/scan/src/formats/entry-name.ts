import { isUtf8 } from "node:buffer";
import type { ScanVerdict } from "../report.ts";

/** An entry's name as text; the older encoding of zip differs from UTF-8 in what is shown alone. */
export function nameText(bytes: Buffer): string {
  return bytes.toString(isUtf8(bytes) ? "utf8" : "latin1");
}

/** What is wrong with an entry's name: where it leads to, or what readers make of it. */
export function entryNameFault(
  name: string,
): { readonly verdict: ScanVerdict; readonly message: string } | undefined {
  const shown = JSON.stringify(name);
  const parts = name.split(/[/\\]/);
  if (parts.includes("..")) {
    return { verdict: "dangerous", message: `holds ${shown}, which leads out of its folder` };
  }
  if (/^[/\\]|^[A-Za-z]:/.test(name)) {
    return { verdict: "dangerous", message: `holds ${shown}, which is absolute` };
  }
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f\\]/.test(name) || name === "") {
    return { verdict: "unscannable", message: `holds ${shown}, which readers take differently` };
  }
  return undefined;
}
