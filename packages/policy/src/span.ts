/** `72h`, `30d` in hours. */
export function hoursOf(text: string): number {
  const [, count = "0", unit] = /^(\d+)([hd])$/.exec(text) ?? [];
  return Number(count) * (unit === "d" ? 24 : 1);
}

/**
 * Whether a trusted time is in a window. What has no trusted time could have been made at any, and
 * is within.
 */
export function isWithin(
  time: string | undefined,
  { since, until }: { readonly since?: string; readonly until?: string },
): boolean {
  if (time === undefined) return true;
  const at = Date.parse(time);
  return (
    (since === undefined || at >= Date.parse(since)) &&
    (until === undefined || at < Date.parse(until))
  );
}
