import { existsSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { Fault } from "./fault.ts";
import type { FromWorker, WorkerStart } from "./messages.ts";
import { type Batch, MAX_BATCH_COST } from "./plan.ts";
import type { Results } from "./results.ts";

/**
 * Worker threads that take batches from a queue until it is empty. One that is still starting gets
 * none, so that nobody waits for it when the others have done all.
 */
export class Pool {
  readonly #queue: Batch[];
  readonly #results: Results;
  readonly #members: Member[];
  #closing = false;
  readonly #settle: PromiseWithResolvers<void> = Promise.withResolvers();

  /** @param results receives what the workers answer. */
  constructor(count: number, start: WorkerStart, queue: Batch[], results: Results) {
    this.#queue = queue;
    this.#results = results;
    // Who closes the pool early does not wait for its end.
    this.#settle.promise.catch(() => {});
    const url = count > 0 ? workerUrl() : undefined;
    this.#members =
      url === undefined ? [] : Array.from({ length: count }, () => this.#hire(url, start));
  }

  /** Waits, once the queue is empty, for the last answers; rejects with the first fault. */
  async finish(): Promise<void> {
    this.#closing = true;
    this.#finishIfIdle();
    await this.#settle.promise;
  }

  /** Rejects with the first fault, and is never fulfilled before `finish` is. */
  get failed(): Promise<void> {
    return this.#settle.promise;
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.worker.terminate()));
  }

  #hire(url: URL, workerData: WorkerStart): Member {
    const worker = new Worker(url, { workerData, name: "mlsign-hash" });
    const member: Member = { worker, waiting: 0 };
    worker.on("message", (message: FromWorker) => {
      this.#receive(member, message);
    });
    worker.on("error", (error) => {
      this.#settle.reject(error);
    });
    worker.on("exit", (code) => {
      this.#settle.reject(new Error(`Hash worker ended with code ${code}`));
    });
    return member;
  }

  #receive(member: Member, message: FromWorker): void {
    switch (message.kind) {
      case "ready":
        this.#feed(member);
        return;
      case "done":
        member.waiting -= 1;
        for (const result of message.results) this.#results.add(result);
        this.#feed(member);
        this.#finishIfIdle();
        return;
      case "fault":
        this.#settle.reject(new Fault(message.code, message.what, message.job));
        return;
      case "defect":
        this.#settle.reject(message.error);
    }
  }

  /** Keeps a little work waiting at the worker, so that it need not wait for this thread. */
  #feed(member: Member): void {
    for (;;) {
      const next = this.#queue[0];
      if (next === undefined) return;
      if (member.waiting > 0 && (member.waiting > 1 || next.cost > 2 * MAX_BATCH_COST)) return;
      this.#queue.shift();
      member.waiting += 1;
      member.worker.postMessage(next.units());
    }
  }

  #finishIfIdle(): void {
    if (this.#closing && this.#members.every(({ waiting }) => waiting === 0))
      this.#settle.resolve();
  }
}

interface Member {
  readonly worker: Worker;
  /** Batches that it has not answered. */
  waiting: number;
}

/**
 * Where the worker's module is: beside this one, with this one's extension, which holds from source
 * (`.ts`), in a package (`.js`) and in a bundle, whose builder must emit `hash-worker` as an entry
 * of its own into the folder of the chunk that holds this module. Without it, all hashing happens
 * in the calling thread.
 */
function workerUrl(): URL | undefined {
  const url = new URL(`./hash-worker${extname(fileURLToPath(import.meta.url))}`, import.meta.url);
  return existsSync(url) ? url : undefined;
}
