import { sha } from "./keys.ts";

/** A Merkle tree (RFC 6962 2.1), recomputed at each question: logs here are small. */
export class MerkleTree {
  readonly #leaves: Buffer[] = [];

  get size(): number {
    return this.#leaves.length;
  }

  /** Appends a leaf and says where it is. */
  append(data: Uint8Array): number {
    return this.#leaves.push(leafHash(data)) - 1;
  }

  root(size: number = this.size): Buffer {
    return rootOf(this.#leaves.slice(0, size));
  }

  /** The hashes that lead from a leaf to the root, lowest first. */
  proof(index: number, size: number = this.size): Buffer[] {
    if (!(index >= 0 && index < size && size <= this.size)) {
      throw new RangeError(`Cannot prove leaf ${index} in a tree of ${size}: not in it`);
    }
    return pathTo(index, this.#leaves.slice(0, size));
  }
}

export function leafHash(data: Uint8Array): Buffer {
  return sha(Buffer.concat([Buffer.from([0]), data]));
}

function rootOf(leaves: readonly Buffer[]): Buffer {
  const [only] = leaves;
  if (only === undefined) return sha("");
  if (leaves.length === 1) return only;
  const middle = split(leaves.length);
  return nodeHash(rootOf(leaves.slice(0, middle)), rootOf(leaves.slice(middle)));
}

function pathTo(index: number, leaves: readonly Buffer[]): Buffer[] {
  if (leaves.length <= 1) return [];
  const middle = split(leaves.length);
  const [left, right] = [leaves.slice(0, middle), leaves.slice(middle)];
  return index < middle
    ? [...pathTo(index, left), rootOf(right)]
    : [...pathTo(index - middle, right), rootOf(left)];
}

function nodeHash(left: Buffer, right: Buffer): Buffer {
  return sha(Buffer.concat([Buffer.from([1]), left, right]));
}

/** The largest power of two below `count`. */
function split(count: number): number {
  return 2 ** Math.floor(Math.log2(count - 1));
}
