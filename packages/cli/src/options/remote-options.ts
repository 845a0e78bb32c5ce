import type { Command } from "commander";

/** Where DVC keeps the data, as flags say it. */
export interface RemoteFlags {
  readonly remote?: string;
  readonly remoteEndpoint?: string;
  readonly remoteRegion?: string;
}

export function addRemoteOptions(command: Command): Command {
  return command
    .option("--remote <name>", "DVC's remote, or its s3:// or gs:// address: versions are pinned")
    .option("--remote-endpoint <url>", "its server, where it is not the provider's own")
    .option("--remote-region <name>", "its region");
}
