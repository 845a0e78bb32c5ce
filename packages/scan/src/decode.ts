import { pipeline, Readable, type Transform } from "node:stream";
import type { ByteSource } from "./source.ts";

/** A source from its start to its end, in pieces that stay valid. */
export function* blocks(source: ByteSource, size: number = BLOCK): Generator<Buffer> {
  for (let at = 0; at < source.size;) {
    const block = source.read(at, size);
    if (block.length === 0) return;
    at += block.length;
    yield Buffer.from(block);
  }
}

/** What a decoder of Node's puts out. `ended` gets how many bytes it took. */
export async function* decodeWith(
  source: ByteSource,
  decoder: Transform & { readonly bytesWritten: number },
  ended: (taken: number) => void,
): AsyncGenerator<Buffer> {
  const fault = new Promise<void>((done) => {
    pipeline(Readable.from(blocks(source), { objectMode: true, highWaterMark: 1 }), decoder, () =>
      done(),
    );
  });
  try {
    for await (const chunk of decoder) yield chunk as Buffer;
    ended(decoder.bytesWritten);
  } finally {
    decoder.destroy();
    await fault;
  }
}

const BLOCK = 64 * 1024;
