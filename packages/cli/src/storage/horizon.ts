import { MlsignError, printable } from "@mlsign/core";

export interface HorizonFlags {
  readonly retainUntil?: string;
  readonly minRetention?: string;
}

/** An absolute date, so that the same check later asks for the same. @throws MlsignError `usage` */
export function horizonOf(
  { retainUntil, minRetention }: HorizonFlags,
  now: Date,
): Date | undefined {
  if (retainUntil !== undefined && minRetention !== undefined)
    throw new MlsignError("usage", "Cannot use both --retain-until and --min-retention");
  if (retainUntil !== undefined) {
    const date = /^\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?$/.test(retainUntil)
      ? new Date(retainUntil)
      : undefined;
    if (date !== undefined && !Number.isNaN(date.getTime())) return date;
    throw new MlsignError("usage", `Cannot read the date ${printable(retainUntil)}`, {
      hint: "such as 2027-02-20",
    });
  }
  if (minRetention === undefined) return undefined;
  const days = /^(\d{1,5})d$/.exec(minRetention)?.[1];
  if (days === undefined)
    throw new MlsignError("usage", `Cannot read the time ${printable(minRetention)}`, {
      hint: "in days, such as 365d",
    });
  return new Date(now.getTime() + Number(days) * 86_400_000);
}
