import { isIP } from "node:net";

/**
 * Whether two hosts have one owner, as far as names tell: the last two labels agree, or the last
 * three under a country's second level (`co.uk`). Addresses must be equal.
 */
export function sameSite(one: string, other: string): boolean {
  if (one === other) return true;
  if (isAddress(one) || isAddress(other)) return false;
  return siteOf(one) === siteOf(other);
}

function siteOf(host: string): string {
  const labels = host.toLowerCase().split(".");
  const [second = "", top = ""] = labels.slice(-2);
  const depth = top.length === 2 && SECOND_LEVELS.has(second) ? 3 : 2;
  return labels.length < depth ? host : labels.slice(-depth).join(".");
}

function isAddress(host: string): boolean {
  return isIP(host.replace(/^\[|\]$/g, "")) !== 0;
}

const SECOND_LEVELS = new Set([
  "ac",
  "co",
  "com",
  "edu",
  "go",
  "gob",
  "gov",
  "mil",
  "ne",
  "net",
  "or",
  "org",
]);
