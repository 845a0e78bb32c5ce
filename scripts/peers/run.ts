import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly timeout?: number;
}

/** Runs a program to its end, whatever its exit code. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Result> {
  return new Promise((resolve) => {
    execFile(
      program,
      args,
      { timeout: 120_000, maxBuffer: 1 << 26, env: process.env, ...options },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === "number" ? error.code : 127;
        resolve({ code, stdout, stderr: stderr || (error?.message ?? "") });
      },
    );
  });
}

/** As `run`, for what must not fail. */
export async function mustRun(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: exit ${code}\n${tail(stderr)}`);
  return stdout;
}

/**
 * The environment for a peer: nothing of the user's, a home of its own, and a proxy that nobody
 * listens on, so that whoever leaves the loopback fails loudly.
 */
export function isolated(home: string): NodeJS.ProcessEnv {
  const nowhere = "http://127.0.0.1:9";
  return {
    PATH: process.env.PATH,
    HOME: home,
    TUF_ROOT: join(home, "tuf"),
    LC_ALL: "C.UTF-8",
    HTTP_PROXY: nowhere,
    HTTPS_PROXY: nowhere,
    http_proxy: nowhere,
    https_proxy: nowhere,
    NO_PROXY: "127.0.0.1",
    no_proxy: "127.0.0.1",
  };
}

export interface Service {
  readonly name: string;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/**
 * Starts a server and waits until `ready` answers 200. It ends with `stop`, and also when this
 * process dies in whatever way: a keeper holds its process id and this process's pipe.
 */
export async function start(
  name: string,
  command: readonly [program: string, ...args: string[]],
  options: {
    /** Asked for 200; a daemon that speaks no HTTP is asked for by whoever calls. */
    readonly ready: string | (() => Promise<boolean>);
    readonly dir: string;
    /** Beside what is isolated. */
    readonly env?: NodeJS.ProcessEnv;
  },
): Promise<Service> {
  const file = join(options.dir, `${name}.log`);
  const fd = openSync(file, "w");
  const keeper = spawn(process.execPath, [KEEPER, ...command], {
    cwd: options.dir,
    env: { ...isolated(options.dir), ...options.env },
    stdio: ["pipe", fd, fd],
  });
  closeSync(fd);
  const exited = once(keeper, "exit");
  const service: Service = {
    name,
    log: () => readFileSync(file, "utf8"),
    async stop() {
      keeper.stdin?.end();
      await exited;
    },
  };
  const deadline = Date.now() + 60_000;
  const { ready } = options;
  const isReady = async (): Promise<boolean> =>
    typeof ready === "string" ? answers(ready) : ready();
  while (!(await isReady())) {
    if (keeper.exitCode !== null || keeper.signalCode !== null || Date.now() > deadline) {
      await service.stop();
      throw new Error(
        `Cannot start ${name}: no answer from ${typeof ready === "string" ? ready : "it"}\n${tail(service.log())}`,
      );
    }
    await sleep(50);
  }
  return service;
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}

/** Ports of the loopback that are free now, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      await new Promise((resolve) => server.close(resolve));
      return typeof address === "object" && address !== null ? address.port : 0;
    }),
  );
}

export function tail(text: string, lines = 30): string {
  return text.trimEnd().split("\n").slice(-lines).join("\n");
}

const KEEPER = fileURLToPath(import.meta.resolve("./keeper.ts"));
