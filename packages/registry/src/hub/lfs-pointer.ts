/** What a Git LFS pointer stands for. */
export interface LfsPointer {
  readonly sha256: string;
  readonly size: number;
}

/**
 * Reads a Git LFS pointer file: exactly its three lines in their order, as Git LFS writes them;
 * anything more or less is a file of its own.
 */
export function readLfsPointer(data: Buffer): LfsPointer | undefined {
  if (data.length >= 1024) return undefined;
  const match = FORM.exec(data.toString("latin1"));
  const size = Number(match?.[2]);
  if (match?.[1] === undefined || !Number.isSafeInteger(size)) return undefined;
  return { sha256: match[1], size };
}

const FORM =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\noid sha256:([0-9a-f]{64})\nsize (0|[1-9]\d{0,15})\n$/;
