import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { MlsignError, systemCode } from "@mlsign/core";
import { askHelper } from "./credential-helper.ts";
import type { Credentials } from "./credentials.ts";
import { findInDockerConfig } from "./docker-config.ts";

export interface DockerCredentialsOptions {
  /** `DOCKER_CONFIG`, else `HOME`, says where `config.json` is; helpers see all of it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

/**
 * Who to be at a registry, as `docker login` left it: the entry of `config.json`, or what its
 * credential helper says. Nothing is read before a registry asks for a login.
 *
 * @returns what `fetchManifest` takes as `credentials`; it throws MlsignError `config-invalid`,
 *   `service-failed` or `file-unreadable`
 */
export function dockerCredentials(
  options: DockerCredentialsOptions,
): (registry: string) => Promise<Credentials | undefined> {
  return async (registry) => {
    const folder = folderOf(options.env);
    if (folder === undefined) return undefined;
    const file = join(folder, "config.json");
    const data = await read(file);
    const entry = data && findInDockerConfig(data, registry, file);
    if (entry === undefined) return undefined;
    return "helper" in entry ? askHelper(entry.helper, entry.server, options) : entry.credentials;
  };
}

/** A relative folder would be one of the repository's. */
function folderOf({ DOCKER_CONFIG, HOME }: DockerCredentialsOptions["env"]): string | undefined {
  const folder = DOCKER_CONFIG || (HOME && join(HOME, ".docker"));
  return folder && isAbsolute(folder) ? folder : undefined;
}

async function read(file: string): Promise<Buffer | undefined> {
  try {
    // Without waiting: a FIFO in its place would be read for ever.
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = await handle.stat();
      if (!stats.isFile() || stats.size > MOST_BYTES)
        throw new MlsignError("config-invalid", `Cannot use ${file}: no file, or too large`);
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (error instanceof MlsignError) throw error;
    if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return undefined;
    throw new MlsignError("file-unreadable", `Cannot read ${file}: ${systemCode(error)}`, {
      cause: error,
    });
  }
}

const MOST_BYTES = 1024 * 1024;
