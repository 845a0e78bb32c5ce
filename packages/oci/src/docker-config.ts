import { isRecord, type JsonObject, type JsonValue, MlsignError, parseJson } from "@mlsign/core";
import { type Credentials, isToken } from "./credentials.ts";

/** What a Docker configuration says of one registry. */
export type DockerEntry =
  | { readonly helper: string; readonly server: string }
  | { readonly credentials: Credentials };

/**
 * Finds a registry in a Docker `config.json`: its own helper, else the helper for all, else what
 * the file itself holds, in Docker's own order. Nothing of the file is in an error.
 *
 * @throws MlsignError `config-invalid`
 */
export function findInDockerConfig(
  data: Uint8Array,
  registry: string,
  source: string,
): DockerEntry | undefined {
  const config = read(data, source);
  const server = registry === "docker.io" ? HUB : registry;
  const helpers = record(config.credHelpers, "credHelpers", source);
  const own = helpers[server] ?? helpers[registry];
  if (own !== undefined) return { helper: text(own, "credHelpers", source), server };
  const store = config.credsStore;
  if (store !== undefined && store !== "")
    return { helper: text(store, "credsStore", source), server };
  const auths = record(config.auths, "auths", source);
  const key = Object.hasOwn(auths, server)
    ? server
    : Object.keys(auths).find((name) => hostOf(name) === hostOf(server));
  if (key === undefined) return undefined;
  const credentials = credentialsOf(record(auths[key], "auths", source), source);
  return credentials && { credentials };
}

function read(data: Uint8Array, source: string): JsonObject {
  try {
    const json = parseJson(data, { maxBytes: MOST_BYTES, maxDepth: 16 });
    if (isRecord(json)) return json as JsonObject;
  } catch {
    // The reason would quote the file.
  }
  throw invalid(source, "not a JSON object");
}

function credentialsOf(entry: JsonObject, source: string): Credentials | undefined {
  const { auth, identitytoken, registrytoken, username, password } = entry;
  if (registrytoken !== undefined && registrytoken !== "")
    return { kind: "registry-token", token: token(registrytoken, source) };
  if (identitytoken !== undefined && identitytoken !== "")
    return { kind: "identity-token", token: token(identitytoken, source) };
  if (typeof auth === "string" && auth !== "") {
    const decoded = Buffer.from(auth, "base64");
    const plain = decoded.toString("utf8").replace(/\0+$/, "");
    const colon = plain.indexOf(":");
    if (colon < 1 || decoded.toString("base64").replace(/=+$/, "") !== auth.replace(/=+$/, ""))
      throw invalid(source, "an entry's auth is not user:password in base64");
    return {
      kind: "password",
      username: plain.slice(0, colon),
      password: plain.slice(colon + 1),
    };
  }
  if (typeof username === "string" && typeof password === "string" && username !== "")
    return { kind: "password", username, password };
  return undefined;
}

/** Keys are hosts, or addresses as an earlier Docker wrote them. */
function hostOf(key: string): string {
  return key.replace(/^https?:\/\//, "").replace(/\/.*$/, "");
}

function record(value: JsonValue | undefined, what: string, source: string): JsonObject {
  if (value === undefined || value === null) return {};
  if (isRecord(value)) return value as JsonObject;
  throw invalid(source, `${what} is not an object`);
}

function text(value: JsonValue, what: string, source: string): string {
  if (typeof value === "string") return value;
  throw invalid(source, `${what} names no program`);
}

function token(value: JsonValue, source: string): string {
  if (isToken(value)) return value;
  throw invalid(source, "an entry's token is malformed");
}

function invalid(source: string, why: string): MlsignError {
  return new MlsignError("config-invalid", `Cannot use ${source}: ${why}`);
}

/** Docker Hub's name in configurations, from the time of its first interface. */
const HUB = "https://index.docker.io/v1/";
const MOST_BYTES = 1024 * 1024;
