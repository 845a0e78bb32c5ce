import { createHash } from "node:crypto";
import { messageOf, MlsignError, type OnProgress } from "@mlsign/core";
import type { ScanLimits } from "./limits.ts";
import type { FileScan } from "./report.ts";
import { scanSource } from "./scan-source.ts";
import { openFile, type OpenSource, withHead } from "./source.ts";
import { judgeTogether, type LooseScan } from "./together.ts";

export interface ScanInput {
  /** The model's path of the file, `/`-separated. */
  readonly path: string;
  /** Where it is. */
  readonly file: string;
  /** Bytes, for progress. */
  readonly size: number;
  /** Where it is known: what was hashed once is not hashed again. */
  readonly sha256?: string | undefined;
}

export interface ScanOptions {
  /** Whether files are hashed whose SHA-256 is not known. Default true. */
  readonly hash?: boolean;
  readonly limits?: Partial<ScanLimits>;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file of which nothing can be said, and why; `defect` where it is our own fault. */
export interface Unread {
  readonly path: string;
  readonly message: string;
  readonly defect: boolean;
}

export interface TreeScan {
  /** In the order of the input. */
  readonly files: readonly FileScan[];
  readonly unread: readonly Unread[];
}

/**
 * Scans the files of a model. Each is read through one descriptor and must not change meanwhile.
 * One that cannot be read does not hide the others.
 */
export async function scanFiles(
  inputs: readonly ScanInput[],
  { limits, onProgress, signal, hash = true }: ScanOptions = {},
): Promise<TreeScan> {
  const scans: LooseScan[] = [];
  const unread: Unread[] = [];
  const total = inputs.reduce((sum, { size }) => sum + size, 0);
  const room = Buffer.allocUnsafe(ROOM);
  let done = 0;
  const tell = (bytes: number): void =>
    onProgress?.({ step: "scanning", done: Math.min(total, done + bytes), total, unit: "bytes" });
  for (const input of inputs) {
    signal?.throwIfAborted();
    tell(0);
    try {
      scans.push(await scanFile(input, { ...(limits && { limits }), signal, tell, hash, room }));
    } catch (error) {
      if (signal?.aborted) throw error;
      const defect = !(error instanceof MlsignError);
      unread.push({ path: input.path, message: messageOf(error), defect });
    }
    done += input.size;
  }
  tell(0);
  return { files: judgeTogether(scans), unread };
}

async function scanFile(
  { path, file, sha256 }: ScanInput,
  options: {
    readonly limits?: Partial<ScanLimits>;
    readonly signal: AbortSignal | undefined;
    readonly tell: (bytes: number) => void;
    readonly hash: boolean;
    readonly room: Buffer;
  },
): Promise<LooseScan> {
  const source = openFile(file);
  try {
    const { limits, signal, tell } = options;
    const scan = await scanSource(path, withHead(source, options.room), {
      ...(limits && { limits }),
      signal,
    });
    const digest = sha256 ?? (options.hash ? sha256Of(source, tell) : "");
    if (!source.unchanged()) {
      throw new MlsignError("file-changed-while-hashing", "The file changed while it was scanned");
    }
    return { path, size: source.size, sha256: digest, ...scan };
  } finally {
    source.close();
  }
}

function sha256Of(source: OpenSource, tell: (bytes: number) => void): string {
  const digest = createHash("sha256");
  for (let at = 0; at < source.size; at += BLOCK) {
    digest.update(source.read(at, BLOCK));
    if (at % (64 * BLOCK) === 0) tell(at);
  }
  return digest.digest("hex");
}

const BLOCK = 1024 * 1024;
/** Files up to this size are read at once. */
const ROOM = 128 * 1024;
