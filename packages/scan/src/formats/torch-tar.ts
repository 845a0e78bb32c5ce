import { Cursor, Cut } from "../cursor.ts";
import type { Examination } from "../examine.ts";
import { type Pickle, readPickle } from "../pickle/machine.ts";
import { storageBytes } from "../pickle/torch-legacy.ts";
import { type ByteSource, sliceSource } from "../source.ts";

/** Entries in which PyTorch before 0.1.10 wrote pickles and raw numbers by turns. */
type StreamKind = "storages" | "tensors";

/** Whether an archive's entries are those of PyTorch before 0.1.10. */
export function isTorchTar(names: readonly string[]): boolean {
  const own = new Set(names.map(plain));
  return own.has("pickle") && own.has("storages") && own.has("tensors");
}

export function torchStreamKind(name: string): StreamKind | undefined {
  const own = plain(name);
  return own === "storages" || own === "tensors" ? own : undefined;
}

/**
 * Judges the pickles of an entry, each where it stands. One that names a type has numbers behind it:
 * a storage's items, or a tensor's shape.
 */
export async function judgeTorchStream(
  kind: StreamKind,
  source: ByteSource,
  examination: Examination,
): Promise<void> {
  for (let at = 0; at < source.size;) {
    const pickle = readPickle(source, at);
    const { end, broken } = pickle;
    const rest = source.size - at;
    await examination.descend(
      kind,
      sliceSource(source, at, broken === undefined ? end - at : rest),
    );
    if (broken !== undefined) return;
    const numbers = pickle.imports.length === 0 ? 0 : numbersBehind(kind, pickle, source);
    if (numbers === undefined) {
      const message = `holds ${kind} that are cut, or of an unknown type`;
      examination.report({ verdict: "unscannable", rule: "torch-storages", message });
      return examination.descend(kind, sliceSource(source, end, source.size - end));
    }
    at = end + numbers;
  }
}

function numbersBehind(kind: StreamKind, pickle: Pickle, source: ByteSource): number | undefined {
  const input = new Cursor(source, pickle.end);
  try {
    if (kind === "tensors") {
      // The count of dimensions in eight bytes, sizes and strides, and the offset.
      const length = 8 + input.u32() * 16 + 8;
      input.skip(length - 4);
      return length;
    }
    const type = pickle.imports.find(({ name }) => name.endsWith("Storage"))?.name ?? "";
    const items = input.u64();
    const bytes = storageBytes({ storages: new Map([["", { type, items }]]) });
    if (bytes !== undefined) input.skip(bytes - 8);
    return bytes;
  } catch (error) {
    if (error instanceof Cut) return undefined;
    throw error;
  }
}

function plain(name: string): string {
  return name.replace(/^\.\//, "");
}
