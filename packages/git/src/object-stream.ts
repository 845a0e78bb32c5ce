import { MlsignError } from "@mlsign/core";
import { oidOf } from "./oid.ts";
import { streamGit } from "./stream-git.ts";

export interface ReadObject {
  readonly oid: string;
  /** Checked against its name; `undefined` where it is larger than was allowed. */
  readonly bytes: Buffer | undefined;
}

/**
 * Reads many objects of one kind in one run of git, in the order asked for, one in memory at a
 * time.
 *
 * @throws MlsignError `git-failed` where one is missing, of another kind, or not what its name says
 */
export async function* objectStream(
  folder: string,
  oids: Iterable<string>,
  wanted: "commit" | "blob",
  mostBytes: number = MOST_BYTES,
): AsyncGenerator<ReadObject> {
  const asked = [...oids];
  if (asked.length === 0) return;
  const lines = (function* () {
    for (const oid of asked) yield `${oid}\n`;
  })();
  const reader = new ChunkReader(streamGit(folder, ["cat-file", "--batch"], lines));
  try {
    for (const oid of asked) {
      const [name, kind, digits = ""] = (await reader.line()).split(" ");
      const size = Number(digits);
      if (kind === "missing") throw failed(oid, "it is not there");
      if (name !== oid || kind !== wanted || !Number.isSafeInteger(size)) throw failed(oid);
      const bytes = size > mostBytes ? await reader.skip(size) : await reader.take(size);
      await reader.take(1); // the line feed that follows each
      if (bytes !== undefined && oidOf(wanted, bytes, oid) !== oid) throw failed(oid);
      yield { oid, bytes };
    }
  } finally {
    await reader.close();
  }
}

/** Lines and counted bytes out of chunks as they come. */
class ChunkReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(0x0a);
      if (end >= 0) {
        const line = this.#rest.subarray(0, end).toString("latin1");
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      if (this.#rest.length > 4096) throw cut();
      this.#rest = Buffer.concat([this.#rest, await this.#next()]);
    }
  }

  async take(size: number): Promise<Buffer> {
    const parts = [this.#rest];
    let length = this.#rest.length;
    for (; length < size; length += parts.at(-1)?.length ?? 0) parts.push(await this.#next());
    const all = parts.length === 1 ? this.#rest : Buffer.concat(parts, length);
    this.#rest = all.subarray(size);
    // A copy: a view would keep the whole chunk in memory for as long as it lives.
    return Buffer.from(all.subarray(0, size));
  }

  async skip(size: number): Promise<undefined> {
    let left = size - this.#rest.length;
    this.#rest = this.#rest.subarray(size);
    while (left > 0) {
      const chunk = await this.#next();
      this.#rest = chunk.subarray(left);
      left -= chunk.length;
    }
    return undefined;
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #next(): Promise<Buffer> {
    const { value, done } = await this.#chunks.next();
    if (done === true) throw cut();
    return value;
  }
}

function failed(oid: string, why = "its content is not what its name says"): MlsignError {
  return new MlsignError("git-failed", `Cannot read object ${oid}: ${why}`);
}

function cut(): MlsignError {
  return new MlsignError("git-failed", "Cannot read objects: git's answer broke off");
}

const MOST_BYTES = 64 * 1024 * 1024;
