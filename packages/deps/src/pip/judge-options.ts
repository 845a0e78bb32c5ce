import type { Sheet } from "../sheet.ts";
import type { PlacedLine } from "./read.ts";

type OptionLine = Exclude<PlacedLine, { problem: string }>;

/** A line without a requirement: its hashes are lost, and its options may let bytes in. */
export function judgeOptions(sheet: Sheet, line: OptionLine): void {
  const at = { path: line.path, line: line.line };
  if (line.options.hashes.length > 0) {
    sheet.problem("dependency-hash-detached", "--hash stands alone: pip ignores it", {
      ...at,
      fix: "join it to its requirement: end the line above with a backslash, no comment between",
    });
  }
  if (line.options.leftover.length > 0) {
    const words = line.options.leftover.join(" ");
    sheet.problem("dependency-file", `pip ignores "${words}"`, at);
  }
  const includes = line.options.requirements.length + line.options.constraints.length;
  // pip follows the include and drops what else the line says.
  if (includes > 0) {
    if (includes > 1 || line.options.others.length > 0) {
      const message = "the line has more than one include or option: pip takes the first include";
      sheet.problem("dependency-option", message, { ...at, severity: "warning" });
    }
    return;
  }
  for (const [name, value] of line.options.others) judgeOption(sheet, name, value, at);
}

function judgeOption(
  sheet: Sheet,
  name: string,
  value: string,
  at: { path: string; line: number },
): void {
  switch (name) {
    case "--no-require-hashes":
      sheet.problem("dependency-option", "--no-require-hashes turns hash checking off", {
        ...at,
        fix: "remove the line",
      });
      break;
    case "--trusted-host":
      warn(sheet, "--trusted-host turns TLS checks off for a host", "remove the line", at);
      break;
    case "--extra-index-url":
      warn(
        sheet,
        "--extra-index-url lets any of several indexes answer for a name",
        "use one index that mirrors the others",
        at,
      );
      break;
    case "--index-url":
    case "--find-links":
      if (/^(?:http|ftp):/i.test(value)) {
        warn(sheet, `${name} is read without TLS`, "use https", at);
      }
      break;
  }
}

/** Hashes hold against all of these, so that they warn: what they break is the rest. */
function warn(
  sheet: Sheet,
  message: string,
  fix: string,
  at: { path: string; line: number },
): void {
  sheet.problem("dependency-option", message, { ...at, fix, severity: "warning" });
}
