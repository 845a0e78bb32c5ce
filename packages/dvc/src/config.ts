import { MlsignError, printable } from "@mlsign/core";

/** A remote, without the secrets that its section may hold. */
export interface DvcRemote {
  readonly name: string;
  readonly url: string;
  readonly versionAware: boolean;
  readonly endpointUrl: string | undefined;
}

export interface DvcConfig {
  readonly defaultRemote: string | undefined;
  readonly remotes: readonly DvcRemote[];
}

/**
 * Reads a `.dvc/config` (ConfigObj INI): names and addresses only; keys and passwords are never
 * taken out of it.
 *
 * @throws MlsignError `dvc-invalid`
 */
export function parseDvcConfig(text: string, source: string): DvcConfig {
  const sections = new Map<string, Map<string, string>>();
  let current: Map<string, string> | undefined;
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue;
    const section = /^\[\s*(?:'([^']*)'|"([^"]*)"|([^\]]*?))\s*\]/.exec(line);
    const pair = /^([^=]+?)\s*=\s*(.*)$/.exec(line);
    if (section !== null) {
      const name = section[1] ?? section[2] ?? section[3] ?? "";
      current = sections.get(name) ?? new Map();
      sections.set(name, current);
    } else if (pair !== null && current !== undefined) {
      current.set(pair[1] ?? "", unquoted(pair[2] ?? ""));
    } else {
      throw new MlsignError(
        "dvc-invalid",
        `Cannot read ${printable(source)}: line ${index + 1} is not understood`,
      );
    }
  }
  const remotes = [...sections].flatMap(([section, values]) => {
    const name = /^remote "(.*)"$/.exec(section)?.[1];
    const url = values.get("url");
    return name === undefined || url === undefined ? [] : [remoteOf(name, url, values)];
  });
  return { defaultRemote: sections.get("core")?.get("remote"), remotes };
}

function remoteOf(name: string, url: string, values: ReadonlyMap<string, string>): DvcRemote {
  const truth = (key: string): boolean => /^(?:true|yes|on|1)$/i.test(values.get(key) ?? "");
  return {
    name,
    url: withoutPassword(url),
    versionAware: truth("version_aware") || truth("worktree"),
    endpointUrl: values.get("endpointurl"),
  };
}

function withoutPassword(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, "$1");
}

function unquoted(value: string): string {
  return /^(["'])(.*)\1/.exec(value)?.[2] ?? value.replace(/\s+#.*$/, "");
}
