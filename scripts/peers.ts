/** Real peers from public registries: installs, finds and starts them. */
import { find, install, PEER_NAMES, PEERS, PEERS_DIR, type PeerName } from "./peers/install.ts";
import { run } from "./peers/run.ts";
import { startPrivateSigstore } from "./peers/sigstore.ts";

export type { PeerName } from "./peers/install.ts";
export { isolated, mustRun, type Result, run } from "./peers/run.ts";
export { type PrivateSigstore, SIGSTORE_PEERS, startPrivateSigstore } from "./peers/sigstore.ts";

/** Programs that are there, and the reason of each peer that is not. */
export interface Peers {
  readonly cosign?: string;
  readonly modelSigning?: string;
  readonly sigstorePython?: string;
  /** All of them, also those above. */
  readonly paths: Partial<Record<PeerName, string>>;
  readonly skipped: Partial<Record<PeerName, string>>;
}

/** Looks, and installs nothing. */
export async function peers(): Promise<Peers> {
  const skipped: Partial<Record<PeerName, string>> = {};
  const programs = new Map<PeerName, string>();
  for (const name of PEER_NAMES) {
    const found = find(name);
    if ("program" in found) programs.set(name, found.program);
    else skipped[name] = found.reason;
  }
  if (!skipped.fulcio && (await run("openssl", ["version"])).code !== 0) {
    skipped.fulcio = "its CA is made with openssl, which is not on this machine";
  }
  const [cosign, modelSigning, sigstorePython] = (
    ["cosign", "model-signing", "sigstore-python"] as const
  ).map((name) => programs.get(name));
  return {
    ...(cosign !== undefined && { cosign }),
    ...(modelSigning !== undefined && { modelSigning }),
    ...(sigstorePython !== undefined && { sigstorePython }),
    paths: Object.fromEntries(programs),
    skipped,
  };
}

export async function installPeers(): Promise<void> {
  await install((line) => console.error(line));
}

const USAGE = `usage: node scripts/peers.ts install   what is missing, into ${PEERS_DIR}
       node scripts/peers.ts list      what is there, and why the rest is not
       node scripts/peers.ts start     a private Sigstore, until interrupted
`;

async function main(command: string | undefined): Promise<number> {
  switch (command) {
    case "install":
      await installPeers();
      return 0;
    case "list":
      for (const name of PEER_NAMES) {
        const found = find(name);
        const state = "program" in found ? found.program : `skipped: ${found.reason}`;
        console.log(`${name} ${PEERS[name].version}  ${state}`);
      }
      return 0;
    case "start": {
      await installPeers();
      const { stop, token, logs, ...rest } = await startPrivateSigstore();
      console.log(JSON.stringify({ ...rest, token: token("someone@example.com") }, null, 2));
      await new Promise((resolve) => process.on("SIGINT", resolve).on("SIGTERM", resolve));
      console.error(logs());
      await stop();
      return 0;
    }
    default:
      console.error(USAGE);
      return 2;
  }
}

if (import.meta.main) process.exitCode = await main(process.argv[2]);
