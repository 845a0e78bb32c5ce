export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

/**
 * The little of a database that the index needs, with one dialect for both: placeholders are `?`, and
 * integers fit a JavaScript number.
 */
export interface Sql {
  all(statement: string, values?: readonly Value[]): Promise<readonly Row[]>;
  /** Rows that are there already, by any unique key, stay as they are. */
  insert(table: string, columns: Columns, rows: readonly (readonly Value[])[]): Promise<void>;
  /** The same, and the `id` of each row by its key, which is the first columns. */
  identify(
    table: string,
    columns: Columns,
    keys: number,
    rows: readonly (readonly Value[])[],
  ): Promise<number[]>;
  /** Several statements without values. */
  run(statements: string): Promise<void>;
  transaction<T>(work: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Names with their types. */
export type Columns = Readonly<Record<string, "text" | "integer">>;
