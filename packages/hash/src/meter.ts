import type { OnProgress } from "@mlsign/core";

/** Counts the bytes that all threads have read, and tells the caller now and then. */
export class Meter {
  /** Shared with the workers, which add to it. */
  readonly shared: SharedArrayBuffer = new SharedArrayBuffer(8);
  readonly #read: BigInt64Array = new BigInt64Array(this.shared);
  readonly #total: number;
  readonly #onProgress: OnProgress | undefined;
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(total: number, onProgress: OnProgress | undefined) {
    this.#total = total;
    this.#onProgress = onProgress;
    if (onProgress !== undefined)
      this.#timer = setInterval(() => this.#tell(), INTERVAL_MS).unref();
  }

  add(bytes: number): void {
    Atomics.add(this.#read, 0, BigInt(bytes));
  }

  /** Says the last word, which is the total. */
  finish(): void {
    this.#onProgress?.(this.#at(this.#total));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #tell(): void {
    const done = Math.min(Number(Atomics.load(this.#read, 0)), this.#total);
    if (done < this.#total) this.#onProgress?.(this.#at(done));
  }

  #at(done: number): Parameters<OnProgress>[0] {
    return { step: "hash", done, total: this.#total, unit: "bytes" };
  }
}

const INTERVAL_MS = 100;
