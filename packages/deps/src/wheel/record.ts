/** Digest of a file as `RECORD` has it, in hexadecimal; undefined for rows without one. */
export type WheelRecord = ReadonlyMap<string, string | undefined>;

/** Reads a `RECORD`: CSV rows `path,sha256=<base64url without padding>,size`. Tolerant: it is no proof. */
export function parseRecord(text: string): WheelRecord {
  const record = new Map<string, string | undefined>();
  for (const [path, hash] of rows(text)) {
    if (path === undefined || path === "") continue;
    const encoded = /^sha256=([\w-]+)=*$/.exec(hash ?? "")?.[1];
    const hex =
      encoded === undefined ? undefined : Buffer.from(encoded, "base64url").toString("hex");
    record.set(path.replaceAll("\\", "/"), hex);
  }
  return record;
}

function* rows(text: string): Generator<string[]> {
  let row: string[] = [];
  for (const [, quoted, plain, end] of text.matchAll(CELL)) {
    row.push(quoted === undefined ? (plain ?? "") : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    yield row;
    row = [];
  }
}

/** A cell, quoted or not, and what ends it. */
const CELL = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g;
