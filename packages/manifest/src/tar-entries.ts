import { MlsignError, printable } from "@mlsign/core";
import { nameProblem, parentsOf } from "./names.ts";
import type { TreeEntry } from "./source.ts";
import { archiveInvalid, isZero, type TarBytes } from "./tar-bytes.ts";
import {
  type EntryHeader,
  type Extension,
  type ExtensionHeader,
  extensionOf,
  headerOf,
} from "./tar-header.ts";

/**
 * The regular files of a tar, in its order. Whatever two programs could read in two ways is
 * refused: links, devices and other special entries, names that escape, duplicates, a file where a
 * directory is, global names, a missing end, data after the end.
 *
 * @throws MlsignError `archive-invalid`, `limit-exceeded`
 */
export async function* tarEntries(bytes: TarBytes): AsyncGenerator<TreeEntry, void> {
  const tree = new Tree();
  let extension: Extension = {};
  for (;;) {
    const block = await block512(bytes);
    if (isZero(block)) break;
    const header = headerOf(block, extension);
    if (header.kind === "extension") {
      extension = extensionOf(header, await body(bytes, header), extension);
      continue;
    }
    extension = {};
    const name = tree.add(header);
    if (header.kind === "directory") continue;
    const content = new Content(bytes, header.size);
    yield { name, size: header.size, chunks: content };
    await content.skip();
  }
  if (Object.keys(extension).length > 0)
    throw archiveInvalid("an extended header without an entry");
  await checkEnd(bytes);
}

/** One entry's bytes, and the padding to the next block. */
class Content implements AsyncIterable<Uint8Array> {
  readonly #bytes: TarBytes;
  readonly #size: number;
  #left: number;

  constructor(bytes: TarBytes, size: number) {
    this.#bytes = bytes;
    this.#size = size;
    this.#left = size;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    while (this.#left > 0) {
      const piece = await this.#bytes.next(this.#left);
      if (piece === undefined) throw archiveInvalid("it ends within a file");
      this.#left -= piece.length;
      yield piece;
    }
  }

  /** Goes to the next header. A file that is cut short shows there: it has no header. */
  async skip(): Promise<void> {
    await this.#bytes.skip(this.#left + padding(this.#size));
    this.#left = 0;
  }
}

/** The names so far, as a file system would hold them. */
class Tree {
  readonly #kinds: Map<string, "file" | "directory"> = new Map();
  #nameBytes = 0;

  /** The entry's name in the model's form. */
  add(header: EntryHeader): string {
    const name = normalName(header);
    if (name === "" && header.kind === "directory") return name;
    const problem = nameProblem(name);
    if (problem !== undefined) throw archiveInvalid(`the name "${printable(name)}" ${problem}`);
    for (const parent of parentsOf(name)) this.#put(parent, "directory", name);
    this.#put(name, header.kind, name);
    return name;
  }

  #put(name: string, kind: "file" | "directory", entry: string): void {
    const there = this.#kinds.get(name);
    if (there === "directory" && kind === "directory") return;
    if (there !== undefined)
      throw archiveInvalid(`"${printable(entry)}" comes twice, or is in a file`);
    this.#kinds.set(name, kind);
    this.#nameBytes += name.length;
    if (this.#kinds.size > MAX_NAMES || this.#nameBytes > MAX_NAME_BYTES) {
      throw new MlsignError("limit-exceeded", "Cannot read the archive: it has too many names");
    }
  }
}

/** Without the `./` that tar writes before, and the `/` behind a directory. */
function normalName(header: EntryHeader): string {
  const bare = header.name.replace(/^(?:\.\/)+/, "");
  if (header.kind === "file") return bare;
  const name = bare.replace(/\/$/, "");
  return name === "." ? "" : name;
}

async function block512(bytes: TarBytes): Promise<Buffer> {
  return exactly(bytes, 512, "it has no end marker: it was cut short");
}

async function exactly(bytes: TarBytes, size: number, message: string): Promise<Buffer> {
  let whole = await bytes.next(size);
  while (whole !== undefined && whole.length < size) {
    const sofar = Buffer.from(whole);
    const more = await bytes.next(size - sofar.length);
    whole = more === undefined ? undefined : Buffer.concat([sofar, more]);
  }
  if (whole === undefined) throw archiveInvalid(message);
  return whole;
}

async function body(bytes: TarBytes, header: ExtensionHeader): Promise<Buffer> {
  if (header.size > MAX_EXTENSION_BYTES) {
    throw new MlsignError(
      "limit-exceeded",
      "Cannot read the archive: an extended header is too big",
    );
  }
  const whole =
    header.size === 0
      ? Buffer.alloc(0)
      : Buffer.from(await exactly(bytes, header.size, "it ends within a header"));
  await bytes.skip(padding(header.size));
  return whole;
}

/** Two blocks of zeros, of which one was read, and then nothing but zeros (POSIX pax, ustar). */
async function checkEnd(bytes: TarBytes): Promise<void> {
  if (!isZero(await block512(bytes)))
    throw archiveInvalid("a single empty block between its entries");
  for (;;) {
    const rest = await bytes.next(Number.MAX_SAFE_INTEGER);
    if (rest === undefined) return;
    if (!isZero(rest)) throw archiveInvalid("data after its end marker");
  }
}

function padding(size: number): number {
  return (512 - (size % 512)) % 512;
}

const MAX_EXTENSION_BYTES = 1024 * 1024;
const MAX_NAMES = 1_000_000;
const MAX_NAME_BYTES = 128 * 1024 * 1024;
