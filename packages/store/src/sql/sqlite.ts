import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Columns, Row, Sql, Value } from "./sql.ts";

/** Node's own SQLite. `bulk` is for a file that nobody else sees yet: it is not kept from a crash. */
export function sqlite(path: string, options: { readonly bulk?: boolean } = {}): Sql {
  return new Sqlite(path, options.bulk === true);
}

class Sqlite implements Sql {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #inside = false;

  constructor(path: string, bulk: boolean) {
    this.#database = new DatabaseSync(path, { timeout: PATIENCE_MS });
    // No write-ahead log: with one, a file could not be replaced under its readers.
    this.#database.exec(
      `PRAGMA journal_mode = ${bulk ? "OFF" : "DELETE"}; PRAGMA synchronous = ${bulk ? "OFF" : "NORMAL"};
       PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;`,
    );
  }

  async all(statement: string, values: readonly Value[] = []): Promise<readonly Row[]> {
    return this.#prepared(statement).all(...values) as Row[];
  }

  async insert(
    table: string,
    columns: Columns,
    rows: readonly (readonly Value[])[],
  ): Promise<void> {
    const statement = this.#prepared(insertion(table, columns));
    for (const row of rows) statement.run(...row);
  }

  async identify(
    table: string,
    columns: Columns,
    keys: number,
    rows: readonly (readonly Value[])[],
  ): Promise<number[]> {
    const names = Object.keys(columns).slice(0, keys);
    const find = this.#prepared(
      `SELECT id FROM ${table} WHERE ${names.map((name) => `${name} = ?`).join(" AND ")}`,
    );
    const add = this.#prepared(insertion(table, columns));
    return rows.map((row) => {
      const found = find.get(...row.slice(0, keys));
      return found === undefined ? Number(add.run(...row).lastInsertRowid) : Number(found.id);
    });
  }

  async run(statements: string): Promise<void> {
    this.#database.exec(statements);
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside) return work();
    this.#database.exec("BEGIN IMMEDIATE");
    this.#inside = true;
    try {
      const result = await work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK");
      throw error;
    } finally {
      this.#inside = false;
    }
  }

  async close(): Promise<void> {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }

  #prepared(text: string): StatementSync {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#database.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }
}

function insertion(table: string, columns: Columns): string {
  const names = Object.keys(columns);
  return `INSERT INTO ${table} (${names.join(", ")}) VALUES (${names.map(() => "?").join(", ")}) ON CONFLICT DO NOTHING`;
}

const PATIENCE_MS = 30_000;
