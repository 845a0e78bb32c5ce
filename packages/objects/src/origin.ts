import { MlsignError, printable } from "@mlsign/core";

/**
 * The origin of a store's address.
 *
 * @throws MlsignError `usage` for what is no address, or one that is not safe
 */
export function originOf(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.username !== "")
    throw new MlsignError("usage", `Cannot ask a store at ${printable(endpoint)}: no such address`);
  return url.origin;
}
