import { MlsignError, printable } from "@mlsign/core";
import type { Client } from "@mlsign/mlflow";

/** An alias, and the version that it pointed to before the model was judged. */
export interface WatchedAlias {
  readonly name: string;
  readonly alias: string;
  readonly before: string | undefined;
}

/**
 * Remembers whom an alias points to: before a model is judged.
 *
 * @throws MlsignError `usage` for what is no alias, `model-missing`, `service-failed`
 */
export async function watchAlias(
  client: Client,
  name: string,
  alias: string,
): Promise<WatchedAlias> {
  // MLflow reserves `latest` and names that look like a version.
  if (!/^[\w.-]{1,255}$/.test(alias) || /^(?:latest|v?\d+)$/i.test(alias))
    throw new MlsignError("usage", `Cannot use the alias ${printable(alias)}`, {
      hint: "an alias is named like champion",
    });
  return { name, alias, before: await versionOf(client, name, alias) };
}

/**
 * Moves a watched alias to a version, unless somebody else moved it since; moved there already is
 * well. MLflow has no conditional write: between this look and the move there are milliseconds in
 * which another can come first, and the look afterwards tells it.
 *
 * @returns whether it had to be moved
 * @throws MlsignError `alias-moved`, `service-failed`
 */
export async function moveAlias(
  client: Client,
  { name, alias, before }: WatchedAlias,
  version: string,
): Promise<boolean> {
  const now = await versionOf(client, name, alias);
  if (now === version) return false;
  if (now !== before) throw moved(alias, before, now);
  await client.setAlias(name, alias, version);
  const after = await versionOf(client, name, alias);
  if (after !== version) throw moved(alias, version, after);
  return true;
}

async function versionOf(client: Client, name: string, alias: string): Promise<string | undefined> {
  const aliases = await client.getAliases(name);
  if (aliases !== undefined) return aliases.get(alias);
  throw new MlsignError(
    "model-missing",
    `Cannot find ${printable(name)}: MLflow has no such registered model`,
  );
}

function moved(alias: string, from: string | undefined, to: string | undefined): MlsignError {
  const place = (version: string | undefined): string =>
    version === undefined ? "nothing" : `version ${printable(version)}`;
  return new MlsignError(
    "alias-moved",
    `Cannot move ${printable(alias)}: it pointed to ${place(from)}, and somebody else moved it to ${place(to)}`,
    { hint: "look who did, then promote again" },
  );
}
