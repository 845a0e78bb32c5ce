import { MlsignError, printable } from "@mlsign/core";

/** `72h` or `30d` in milliseconds. @throws MlsignError `usage` */
export function spanOf(text: string): number {
  const [, count, unit] = /^([1-9]\d{0,4})([hd])$/.exec(text) ?? [];
  if (count === undefined)
    throw new MlsignError("usage", `Cannot use the age ${printable(text)}`, {
      hint: "an age is written like 72h or 30d",
    });
  return Number(count) * (unit === "d" ? 24 : 1) * 3_600_000;
}
