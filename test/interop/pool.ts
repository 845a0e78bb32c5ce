/** Work that starts when told, so many at a time; each result can be awaited on its own. */
export interface Pool<T, R> {
  /** Enqueues; the result comes when it is asked for, once the pool was started. */
  readonly add: (item: T) => () => Promise<R>;
  readonly startAll: () => void;
}

export function pool<T, R>(size: number, work: (item: T) => Promise<R>): Pool<T, R> {
  const waiting: (() => Promise<void>)[] = [];
  return {
    add(item) {
      const { promise, resolve, reject } = Promise.withResolvers<R>();
      // A failure is for whoever asks, not for the process.
      promise.catch(() => {});
      waiting.push(async () => work(item).then(resolve, reject));
      return () => promise;
    },
    startAll() {
      for (let worker = 0; worker < size; worker += 1) void drain();
    },
  };

  async function drain(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
  }
}

/** Maps over items, so many at a time, in order. */
export async function mapPool<T, R>(
  items: readonly T[],
  size: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const { add, startAll } = pool(size, work);
  const results = items.map((item) => add(item));
  startAll();
  return Promise.all(results.map((result) => result()));
}
