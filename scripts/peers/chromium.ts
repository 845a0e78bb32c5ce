/** A headless Chromium out of Debian, driven over its pipe: no port, no library. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { unpacked } from "./debian.ts";

/** The browser, and what it loads that a small machine has not. */
const PACKAGES = [
  "chromium-headless-shell",
  "chromium-common",
  "fonts-dejavu-core",
  "libasyncns0",
  "libdouble-conversion3",
  "libflac12",
  "libharfbuzz-subset0",
  "libminizip1",
  "libmp3lame0",
  "libmpg123-0",
  "libogg0",
  "libopenh264-7",
  "libopenjp2-7",
  "libopus0",
  "libpulse0",
  "libsndfile1",
  "libvorbis0a",
  "libvorbisenc2",
  "libxnvctrl0",
];
const PROGRAM = "usr/lib/chromium/chromium-headless-shell";

interface BrowserEvent {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** One page of a browser. */
export interface Page {
  /** A command of the DevTools protocol. @throws what the browser answers with */
  ask(method: string, params?: object): Promise<Record<string, unknown>>;
  /** What the browser told since it started, oldest first. */
  readonly events: readonly BrowserEvent[];
  /** Resolves with the next event of this kind, or one that came already. */
  told(method: string): Promise<BrowserEvent>;
  close(): Promise<void>;
}

/** Opens an empty page, or tells why there is no browser. @param home a folder of its own */
export async function openPage(home: string): Promise<Page | { readonly reason: string }> {
  const found = await unpacked("chromium", PACKAGES, PROGRAM);
  if ("reason" in found) return found;
  const libraries = join(found.folder, "usr/lib/x86_64-linux-gnu");
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"];
  const child = spawn(
    join(found.folder, PROGRAM),
    [...flags, "--remote-debugging-pipe", `--user-data-dir=${join(home, "profile")}`],
    {
      env: { HOME: home, LD_LIBRARY_PATH: `${libraries}:${join(libraries, "pulseaudio")}` },
      stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
    },
  );
  const browser = new Browser(child);
  try {
    return await browser.page();
  } catch (error) {
    await browser.close();
    return { reason: error instanceof Error ? error.message : String(error) };
  }
}

class Browser {
  readonly #child: ChildProcess;
  readonly #waiting: Map<number, (answer: Record<string, unknown>) => void> = new Map();
  readonly #events: BrowserEvent[] = [];
  readonly #listening: Set<() => void> = new Set();
  #stderr = "";
  #next = 1;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on("exit", () => this.#ended());
    child.on("error", () => this.#ended());
    child.stderr?.on("data", (data: Buffer) => (this.#stderr += data.toString()));
    let rest = "";
    (child.stdio[4] as Readable).on("data", (data: Buffer) => {
      const parts = `${rest}${data.toString()}`.split("\0");
      rest = parts.pop() ?? "";
      for (const part of parts) this.#heard(JSON.parse(part) as Record<string, unknown>);
    });
  }

  async page(): Promise<Page> {
    const { targetId } = await this.#ask("Target.createTarget", { url: "about:blank" });
    const { sessionId } = await this.#ask("Target.attachToTarget", { targetId, flatten: true });
    return {
      ask: (method, params = {}) => this.#ask(method, params, String(sessionId)),
      events: this.#events,
      told: (method) => this.#told(method),
      close: () => this.close(),
    };
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async #ask(method: string, params: object, sessionId?: string): Promise<Record<string, unknown>> {
    const id = this.#next++;
    const answer = new Promise<Record<string, unknown>>((resolve) =>
      this.#waiting.set(id, resolve),
    );
    (this.#child.stdio[3] as Writable).write(
      `${JSON.stringify({ id, method, params, ...(sessionId !== undefined && { sessionId }) })}\0`,
    );
    const { error, result } = await answer;
    if (error !== undefined) throw new Error(`${method}: ${JSON.stringify(error)}`);
    return result as Record<string, unknown>;
  }

  #heard(message: Record<string, unknown>): void {
    if (typeof message["id"] === "number") {
      this.#waiting.get(message["id"])?.(message);
      this.#waiting.delete(message["id"]);
      return;
    }
    this.#events.push(message as unknown as BrowserEvent);
    for (const listen of this.#listening) listen();
  }

  #told(method: string): Promise<BrowserEvent> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`no ${method} in 30 s`)), 30_000);
      const look = (): void => {
        const found = this.#events.find((event) => event.method === method);
        if (found === undefined) return;
        clearTimeout(late);
        this.#listening.delete(look);
        resolve(found);
      };
      this.#listening.add(look);
      look();
    });
  }

  #ended(): void {
    const message = `the browser ended: ${this.#stderr.trim().split("\n").at(-1) ?? ""}`;
    for (const answer of this.#waiting.values()) answer({ error: { message } });
    this.#waiting.clear();
  }
}
