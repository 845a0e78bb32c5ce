/** Container registries: olareg from its Go module, and Debian's docker-registry, unpacked. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { unpacked } from "./debian.ts";
import { goProgram } from "./go-program.ts";
import { freePorts, type Service, start } from "./run.ts";

export type RegistryKind = "olareg" | "docker-registry";
export type RegistryLogin = "none" | "basic" | "token";

/** Who may read and write where a login is asked for. */
export const LOGIN = { username: "trainer", password: "hunter2" } as const;

export interface Registry {
  /** `127.0.0.1:PORT`, over plain http. */
  readonly host: string;
  readonly stop: () => Promise<void>;
  readonly log: () => string;
}

/** Installs the registry where it is missing, or says why it cannot be had. */
export async function registryProgram(
  kind: RegistryKind,
): Promise<{ readonly program: string } | { readonly reason: string }> {
  if (kind === "olareg") return olareg();
  const found = await unpacked(kind, [kind], DOCKER_REGISTRY);
  return "reason" in found ? found : { program: join(found.folder, DOCKER_REGISTRY) };
}

/** What a registry is started with; `dir` gets its configuration and log. */
export interface RegistryStart {
  readonly login: RegistryLogin;
  readonly dir: string;
  readonly tokens?: TokenIssuer;
  /** A folder that it keeps everything in, also over its own end; else it is in memory. */
  readonly store?: string;
  /** That of the one whose place it takes; else a free one. */
  readonly port?: number;
}

/** Starts a registry. */
export async function startRegistry(
  kind: RegistryKind,
  program: string,
  options: RegistryStart,
): Promise<Registry> {
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const host = `127.0.0.1:${port}`;
  const args = kind === "olareg" ? olaregArgs(port, host, options) : dockerArgs(host, options);
  const ready = `http://${host}/${kind === "olareg" ? OLAREG_READY[options.login] : ""}`;
  const name = `${kind}-${options.login}-${port}`;
  const service: Service = await start(name, [program, ...args], { ready, dir: options.dir });
  return { host, stop: service.stop, log: service.log };
}

/** Who issues the tokens that docker-registry takes: it has no token service of its own. */
interface TokenIssuer {
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** PEM file of the certificate that tokens are signed with. */
  readonly certificate: string;
}

async function olareg(): Promise<{ readonly program: string } | { readonly reason: string }> {
  const folder = "cmd/olareg";
  return goProgram({ name: "olareg", module: OLAREG, version: OLAREG_VERSION, folder });
}

function olaregArgs(port: number, host: string, { login, dir, store }: RegistryStart): string[] {
  const kept = store === undefined ? ["mem"] : ["dir", "--dir", store];
  const args = ["serve", "--addr", "127.0.0.1", "--port", String(port), "--store-type", ...kept];
  if (login === "none") return args;
  const file = join(dir, `olareg-${port}.yaml`);
  writeFileSync(file, OLAREG_LOGIN);
  return login === "basic"
    ? [...args, "--auth-basic", file]
    : [...args, "--auth-token-opaque", file, "--external-url", `http://${host}`];
}

function dockerArgs(host: string, options: RegistryStart): string[] {
  const { login, dir, tokens, store } = options;
  const stem = join(dir, `docker-registry-${host.split(":")[1]}`);
  writeFileSync(`${stem}.htpasswd`, `${LOGIN.username}:${BCRYPT}\n`);
  const auth = {
    none: "",
    basic: `auth:\n  htpasswd:\n    realm: models\n    path: ${stem}.htpasswd\n`,
    token: `auth:\n  token:\n    realm: ${tokens?.realm}\n    service: ${tokens?.service}\n    issuer: ${tokens?.issuer}\n    rootcertbundle: ${tokens?.certificate}\n`,
  }[login];
  const kept = store === undefined ? "inmemory: {}" : `filesystem:\n    rootdirectory: ${store}`;
  writeFileSync(
    `${stem}.yaml`,
    `version: 0.1\nlog:\n  level: warn\nstorage:\n  ${kept}\nhttp:\n  addr: ${host}\n  secret: upload\n${auth}`,
  );
  return ["serve", `${stem}.yaml`];
}

const OLAREG = "github.com/olareg/olareg";
const OLAREG_VERSION = "v0.2.2";
const DOCKER_REGISTRY = "usr/bin/docker-registry";
/** Where it answers 200 without a login. */
const OLAREG_READY = {
  none: "v2/",
  basic: "v2/",
  token: "token?service=olareg%20registry",
} as const;
/** Of the password, as crypt(5) has it. */
const BCRYPT = "$2y$05$abcdefghijklmnopqrstuuoXuKqgZXLiJqzfmMXDDhSFPIvxV7t8.";
/** Anybody may ask whether it is a registry, which says when it has started. */
const OLAREG_LOGIN = `users:
  ${LOGIN.username}:
    cred: "${BCRYPT.replace("$2y$", "$2a$")}"
groups:
  all:
    members: ["${LOGIN.username}"]
acls:
  - repo: "*"
    members: ["all"]
    access: ["read", "write"]
  - repo: ""
    anonymous: true
    access: ["read"]
`;
