import { checkFile, type CheckContext } from "@mlsign/deps";

/** An entry as `pin name version@line`, then failures as `code@line`: `~` warns, `-` notes, `?` is unknown. */
export function verdicts(
  path: string,
  text: string | Uint8Array,
  context: CheckContext = {},
): string[] {
  const { entries, findings } = checkFile(path, Buffer.from(text as string), context);
  const entryTexts = entries.map(
    ({ pin, name, version, location }) =>
      [pin, name, ...(version === undefined ? [] : [version])].join(" ") + at(location.line),
  );
  const marks = { error: "", warning: "~", note: "-" } as const;
  const failures = findings
    .filter(({ outcome }) => outcome === "fail" || outcome === "unknown")
    .map(({ code, outcome, severity, location }) => {
      const mark = outcome === "unknown" ? "?" : marks[severity];
      return mark + code + at(location?.line);
    });
  return [...entryTexts, ...failures];
}

function at(line: number | undefined): string {
  return line === undefined ? "" : `@${line}`;
}

export const H: string = "0123456789abcdef".repeat(4);
export const MD5: string = "0123456789abcdef".repeat(2);
export const COMMIT: string = "0123456789abcdef0123456789abcdef01234567";
export const SHA512: string = `sha512-${Buffer.alloc(64, 7).toString("base64")}`;
export const SHA1: string = `sha1-${Buffer.alloc(20, 7).toString("base64")}`;
