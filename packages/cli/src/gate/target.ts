import { MlsignError, printable } from "@mlsign/core";

/** @throws MlsignError `usage` */
export function checkTarget(to: string): void {
  if (/^[a-z][a-z0-9-]{0,63}$/.test(to)) return;
  throw new MlsignError("usage", `Cannot use the target ${printable(to)}`, {
    hint: "a target is named like prod or staging-eu",
  });
}
