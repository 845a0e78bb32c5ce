import { MlsignError } from "@mlsign/core";
import {
  type ObjectStore,
  openStore,
  redirects,
  type StorageLocation,
  type StoreOptions,
} from "@mlsign/objects";
import type { Host } from "../host.ts";

/**
 * A store whose answers come from where the caller meant: a variable that sends the SDK elsewhere
 * is refused, unless a flag names the server.
 *
 * @throws MlsignError `usage`
 */
export async function openTrustedStore(
  scheme: StorageLocation["scheme"],
  options: Omit<StoreOptions, "env">,
  host: Host,
): Promise<ObjectStore> {
  const redirected = redirects(host.env, scheme);
  if (redirected.length > 0 && options.endpoint === undefined) {
    throw new MlsignError(
      "usage",
      `Cannot trust the store's answers: ${redirected.join(" and ")} may name another server`,
      { hint: "unset it, or name the server that is meant with a flag" },
    );
  }
  return openStore(scheme, { ...options, env: host.env });
}
