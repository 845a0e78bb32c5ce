import { execFile } from "node:child_process";
import { isAbsolute } from "node:path";
import { isRecord, MlsignError, parseJson, printable, systemCode } from "@mlsign/core";
import { type Credentials, isToken } from "./credentials.ts";

export interface HelperOptions {
  /** What the helper sees of the environment; it finds its own service's settings there. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

/**
 * Asks `docker-credential-NAME get` for a server's credentials. The name is one word, the program
 * is looked for in absolute folders of `PATH` alone, and what it prints is in no message.
 *
 * @returns `undefined` where the helper says that it has none
 * @throws MlsignError `config-invalid` for a name that is none, `service-failed`
 */
export async function askHelper(
  name: string,
  server: string,
  options: HelperOptions,
): Promise<Credentials | undefined> {
  if (!NAME.test(name)) {
    throw new MlsignError(
      "config-invalid",
      `Cannot use credential helper "${printable(name)}": its name is not one word`,
    );
  }
  const { output, ended } = await run(`docker-credential-${name}`, server, options);
  if (!ended) {
    if (NONE.test(output.trim())) return undefined;
    throw failed(name, "it failed");
  }
  return read(output, name);
}

function run(
  program: string,
  server: string,
  { env, timeoutMs = TIMEOUT_MS }: HelperOptions,
): Promise<{ output: string; ended: boolean }> {
  // A relative folder of PATH is one that a repository can fill.
  const path = (env.PATH ?? "").split(":").filter(isAbsolute).join(":");
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      ["get"],
      {
        env: { ...env, PATH: path },
        timeout: timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer: MOST_BYTES,
        windowsHide: true,
      },
      (error, stdout) => {
        if (error === null) return resolve({ output: stdout, ended: true });
        if (systemCode(error) === "ENOENT") return reject(failed(program, "it is not installed"));
        if (error.killed || typeof error.code !== "number")
          return reject(failed(program, "it did not end in time, or printed too much"));
        return resolve({ output: stdout, ended: false });
      },
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(server);
  });
}

function read(output: string, name: string): Credentials | undefined {
  let json;
  try {
    json = parseJson(output, { maxBytes: MOST_BYTES, maxDepth: 4 });
  } catch {
    // The reason would quote what it printed.
    throw failed(name, "it printed no JSON");
  }
  const { Username: username, Secret: secret } = isRecord(json) ? json : {};
  if (typeof username !== "string" || typeof secret !== "string")
    throw failed(name, "it printed no user name and secret");
  if (username === "" && secret === "") return undefined;
  if (username !== "<token>") return { kind: "password", username, password: secret };
  if (!isToken(secret)) throw failed(name, "its token is malformed");
  return { kind: "identity-token", token: secret };
}

function failed(name: string, why: string): MlsignError {
  return new MlsignError(
    "service-failed",
    `Cannot ask the credential helper ${printable(name)}: ${why}`,
  );
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** What helpers print, and end with an error, where there is nothing for that server. */
const NONE = /^credentials not found in native keychain$/i;
const TIMEOUT_MS = 20_000;
const MOST_BYTES = 256 * 1024;
