/** PostgreSQL: this machine's, else Debian's, unpacked; run as nobody where this is root. */
import { execFileSync } from "node:child_process";
import { chownSync, globSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unpacked } from "./debian.ts";
import { freePorts, type Service, start } from "./run.ts";

const NOBODY = 65_534;
const BIN = "usr/lib/postgresql/15/bin";

/** The folder of its programs, or why it cannot be had. */
export async function postgresPrograms(): Promise<
  { readonly bin: string } | { readonly reason: string }
> {
  const [own] = globSync("/usr/lib/postgresql/*/bin/initdb").toSorted().toReversed();
  if (own !== undefined) return { bin: join(own, "..") };
  if (process.getuid?.() === 0)
    return { reason: "not on this machine, and what root unpacks is closed to whom it runs as" };
  const found = await unpacked(
    "postgresql",
    ["postgresql-15", "libpq5", "libllvm14"],
    join(BIN, "initdb"),
  );
  if ("reason" in found) return found;
  const bin = join(found.folder, BIN);
  try {
    execFileSync(join(bin, "postgres"), ["--version"], { stdio: "ignore" });
    return { bin };
  } catch {
    return { reason: "a library that PostgreSQL needs is not on this machine" };
  }
}

export interface Postgres extends Service {
  readonly url: string;
}

/** An empty server on 127.0.0.1, gone with `stop`. @param dir a folder of its own */
export async function startPostgres(bin: string, dir: string): Promise<Postgres> {
  const [port = 0] = await freePorts(1);
  const data = join(dir, "data");
  mkdirSync(data, { recursive: true });
  const root = process.getuid?.() === 0;
  if (root) for (const folder of [dir, data]) chownSync(folder, NOBODY, NOBODY);
  const id = String(NOBODY);
  const as = root ? ["setpriv", "--reuid", id, "--regid", id, "--clear-groups"] : ["env"];
  const init = ["-D", data, "-U", "mlsign", "--auth=trust", "-E", "UTF8", "--no-sync"];
  execFileSync("env", [...as, join(bin, "initdb"), ...init, "--locale=C"], {
    cwd: dir,
    stdio: "ignore",
  });
  const server = [join(bin, "postgres"), "-D", data, "-h", "127.0.0.1", "-p", String(port)];
  const args = [...as, ...server, "-k", dir, "-c", "fsync=off"];
  const service = await start("postgres", ["env", ...args], {
    dir,
    ready: async () => isReady(data),
  });
  return { ...service, url: `postgres://mlsign@127.0.0.1:${port}/postgres` };
}

/** The server's own word: it takes connections before it answers. */
function isReady(data: string): boolean {
  try {
    return readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[7]?.trim() === "ready";
  } catch {
    return false;
  }
}
