import { MlsignError } from "@mlsign/core";
import type { Host } from "../host.ts";

/** The passphrase of an existing key: `MLSIGN_PASSPHRASE`, else asked for. Never a flag. */
export async function passphraseFor(what: string, host: Host): Promise<string | undefined> {
  return host.env.MLSIGN_PASSPHRASE ?? host.ask(`passphrase for ${what}: `, true);
}

/** A passphrase for a new key; `undefined` leaves the key unencrypted. */
export async function newPassphrase(host: Host): Promise<string | undefined> {
  if (host.env.MLSIGN_PASSPHRASE !== undefined) return host.env.MLSIGN_PASSPHRASE || undefined;
  const first = await host.ask("passphrase for the new key (empty for none): ", true);
  if (!first) return undefined;
  const second = await host.ask("the same again: ", true);
  if (first === second) return first;
  throw new MlsignError("usage", "Cannot make a key: the two passphrases differ");
}
