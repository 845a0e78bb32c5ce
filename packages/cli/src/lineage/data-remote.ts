import { dirname, join, relative, resolve, sep } from "node:path";
import { MlsignError, printable } from "@mlsign/core";
import { type DvcRemote, parseDvcConfig } from "@mlsign/dvc";
import { openRepository, readBlob } from "@mlsign/git";
import type { DataRemote } from "@mlsign/lineage";
import { parseLocation } from "@mlsign/objects";
import type { Host } from "../host.ts";
import type { RemoteFlags } from "../options/remote-options.ts";
import { openTrustedStore } from "../storage/trusted-store.ts";

/**
 * Runs with the remote that a flag names, by its address or by its name in DVC's committed
 * configuration; `undefined` where no flag does. An endpoint comes from the flag alone: requests
 * carry the caller's credentials, and a pull request can change the configuration.
 *
 * @throws MlsignError `usage` where there is no such remote, or it asks for an endpoint of its own
 */
export async function withRemote<T>(
  flags: RemoteFlags,
  host: Host,
  use: (remote: DataRemote | undefined) => Promise<T>,
): Promise<T> {
  const { remote: named, remoteEndpoint: endpoint, remoteRegion: region } = flags;
  if (named === undefined) {
    if (endpoint !== undefined || region !== undefined)
      throw new MlsignError("usage", "Cannot use an endpoint or region without --remote");
    return use(undefined);
  }
  const configured = named.includes("://") ? undefined : await configuredRemote(named, host);
  const url = configured?.url ?? named;
  const own = configured?.endpointUrl;
  if (own !== undefined && endpoint === undefined) {
    throw new MlsignError(
      "usage",
      `Cannot ask the remote ${printable(named)}: the repository names a server of its own`,
      { hint: `if your credentials may go there, give --remote-endpoint ${printable(own)}` },
    );
  }
  const { scheme, bucket, prefix } = parseLocation(url);
  const store = await openTrustedStore(scheme, { endpoint, region }, host);
  try {
    return await use({
      name: configured?.name,
      url: url.replace(/\/+$/, ""),
      bucket,
      prefix,
      versionAware: configured?.versionAware ?? false,
      store,
    });
  } finally {
    store.close();
  }
}

/** As the checked-out commit has it: from this folder upwards, the first that DVC was set up in. */
async function configuredRemote(name: string, host: Host): Promise<DvcRemote> {
  const { root, head } = await openRepository(host.cwd);
  for (let folder = resolve(host.cwd); ; folder = dirname(folder)) {
    const path = relative(root, join(folder, ".dvc", "config"))
      .split(sep)
      .join("/");
    const blob = path.startsWith("..") ? undefined : await readBlob(root, head, path);
    if (blob !== undefined) {
      const { remotes } = parseDvcConfig(blob.toString("utf8"), path);
      const found = remotes.find((remote) => remote.name === name);
      if (found !== undefined) return found;
      const names = remotes.map((remote) => printable(remote.name)).join(", ");
      throw new MlsignError(
        "usage",
        `Cannot find remote ${printable(name)} in ${printable(path)}`,
        {
          hint: names === "" ? "the commit has no remote" : `the commit has ${names}`,
        },
      );
    }
    if (folder === root || folder === dirname(folder)) break;
  }
  throw new MlsignError(
    "usage",
    `Cannot find remote ${printable(name)}: no .dvc/config is committed`,
    {
      hint: "commit it, or give the remote's address",
    },
  );
}
