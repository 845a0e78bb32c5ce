/** Other people's S3 servers: versitygw from its Go module, and moto from PyPI. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { goProgram } from "./go-program.ts";
import { find } from "./install.ts";
import type { RadosUser } from "./radosgw.ts";
import { freePorts, type Service, start } from "./run.ts";

export interface S3Peer {
  readonly endpoint: string;
  readonly admin: RadosUser;
  readonly stop: () => Promise<void>;
}

/** The program, which is built where it is missing, or why it cannot be had. */
export async function versityProgram(): Promise<
  { readonly program: string } | { readonly reason: string }
> {
  return goProgram({
    name: "versitygw",
    module: "github.com/versity/versitygw",
    version: "v1.7.0",
    folder: "cmd/versitygw",
  });
}

/** Keeps objects and versions in folders below `dir`, which must be absolute. */
export async function startVersity(program: string, dir: string): Promise<S3Peer> {
  const [data, versions, iam] = ["data", "versions", "iam"].map((name) => join(dir, name));
  if (data === undefined || versions === undefined || iam === undefined)
    throw new Error("no folder");
  for (const folder of [data, versions, iam]) mkdirSync(folder, { recursive: true });
  const admin = { accessKeyId: "admin", secretAccessKey: "adminsecret" };
  const [port = 0] = await freePorts(1);
  const endpoint = `http://127.0.0.1:${port}`;
  const login = ["--access", admin.accessKeyId, "--secret", admin.secretAccessKey];
  const flags = ["--port", `127.0.0.1:${port}`, ...login, "--iam-dir", iam, "--quiet"];
  const service = await start(
    "versitygw",
    [program, ...flags, "posix", "--versioning-dir", versions, data],
    { ready: async () => answers(endpoint), dir },
  );
  return peer(endpoint, admin, service);
}

/** moto, where it was installed; it knows every caller. */
export async function startMoto(dir: string): Promise<S3Peer | { readonly reason: string }> {
  const found = find("moto");
  if ("reason" in found) return found;
  const [port = 0] = await freePorts(1);
  const endpoint = `http://127.0.0.1:${port}`;
  const command = [found.program, "-H", "127.0.0.1", "-p", String(port)] as const;
  const service = await start("moto", command, { ready: async () => answers(endpoint), dir });
  return peer(endpoint, { accessKeyId: "a", secretAccessKey: "b" }, service);
}

function peer(endpoint: string, admin: RadosUser, { stop }: Service): S3Peer {
  return { endpoint, admin, stop };
}

/** Whatever it says to somebody without a signature. */
async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url, { signal: AbortSignal.timeout(2_000) })).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}
