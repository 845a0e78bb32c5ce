import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { MlsignError, systemCode } from "@mlsign/core";

/** Bytes that can be read anywhere; whatever reads them keeps no more than it asked for. */
export interface ByteSource {
  readonly size: number;
  /** The bytes at a place, fewer only where the source ends. They live until the next call. */
  read(offset: number, length: number): Buffer;
}

export interface OpenSource extends ByteSource {
  /** Whether the file is as it was when it was opened. */
  unchanged(): boolean;
  close(): void;
}

/**
 * A regular file through one descriptor.
 * @throws MlsignError `file-unreadable`, `special-file`.
 */
export function openFile(path: string): OpenSource {
  const descriptor = attempt(() => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK));
  const before = fstatSync(descriptor, { bigint: true });
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) {
    closeSync(descriptor);
    throw new MlsignError("special-file", "Cannot scan: not a regular file");
  }
  let buffer = Buffer.allocUnsafe(0);
  return {
    size: stat.size,
    read(offset, length) {
      const wanted = Math.max(0, Math.min(length, stat.size - offset));
      if (buffer.length < wanted) buffer = Buffer.allocUnsafe(wanted);
      const got = attempt(() => readSync(descriptor, buffer, 0, wanted, offset));
      if (got !== wanted) {
        throw new MlsignError("file-changed-while-hashing", "The file shrank while it was scanned");
      }
      return buffer.subarray(0, wanted);
    },
    unchanged() {
      const { size, mtimeNs } = fstatSync(descriptor, { bigint: true });
      return size === before.size && mtimeNs === before.mtimeNs;
    },
    close: () => closeSync(descriptor),
  };
}

export function bufferSource(bytes: Uint8Array): ByteSource {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    size: buffer.length,
    read: (offset, length) => buffer.subarray(offset, Math.min(buffer.length, offset + length)),
  };
}

/**
 * The same bytes with the first of them in memory, all of them where they are few: every format
 * asks for the start. `room` holds them, and serves one source at a time.
 */
export function withHead(source: ByteSource, room: Buffer): ByteSource {
  const first = source.read(
    0,
    source.size <= room.length ? source.size : Math.min(HEAD, room.length),
  );
  const head = room.subarray(0, first.copy(room));
  return {
    size: source.size,
    read: (offset, length) =>
      offset + length <= head.length || head.length === source.size
        ? head.subarray(offset, Math.min(head.length, offset + length))
        : source.read(offset, length),
  };
}

/** A part of a source; one that leads out of it is cut. */
export function sliceSource(source: ByteSource, start: number, length: number): ByteSource {
  const size = Math.max(0, Math.min(length, source.size - start));
  return {
    size,
    read: (offset, wanted) =>
      source.read(start + offset, Math.max(0, Math.min(wanted, size - offset))),
  };
}

function attempt<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    const code = systemCode(error);
    if (code === undefined) throw error;
    throw new MlsignError("file-unreadable", `Cannot read the file: ${code}`, { cause: error });
  }
}

const HEAD = 4096;
