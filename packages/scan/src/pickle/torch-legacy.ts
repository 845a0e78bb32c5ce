import type { Pickle, Storage } from "./machine.ts";

/** PyTorch's files before 1.6: the magic number, the version, the system, the object and its keys. */
export const TORCH_STREAMS = 5;

/**
 * Bytes of the storages behind the five streams: for each, its length in eight bytes and its items.
 * Nothing if a type is not known.
 */
export function storageBytes(object: Pick<Pickle, "storages">): number | undefined {
  let size = 0;
  for (const storage of object.storages.values()) {
    const item = itemSize(storage);
    if (item === undefined) return undefined;
    size += 8 + storage.items * item;
  }
  return size;
}

function itemSize({ type }: Storage): number | undefined {
  return SIZES.get(type);
}

const SIZES: ReadonlyMap<string, number> = new Map([
  ["BFloat16Storage", 2],
  ["BoolStorage", 1],
  ["ByteStorage", 1],
  ["CharStorage", 1],
  ["ComplexDoubleStorage", 16],
  ["ComplexFloatStorage", 8],
  ["DoubleStorage", 8],
  ["FloatStorage", 4],
  ["HalfStorage", 2],
  ["IntStorage", 4],
  ["LongStorage", 8],
  ["QInt32Storage", 4],
  ["QInt8Storage", 1],
  ["QUInt2x4Storage", 1],
  ["QUInt4x2Storage", 1],
  ["QUInt8Storage", 1],
  ["ShortStorage", 2],
  ["UntypedStorage", 1],
  ["_UntypedStorage", 1],
]);
