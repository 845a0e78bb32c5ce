import { messageOf, MlsignError, printable } from "@mlsign/core";
import pg from "pg";
import type { Columns, Row, Sql, Value } from "./sql.ts";

/** PostgreSQL through `pg`, which leaves this file nowhere but as rows. */
export interface Postgres extends Sql {
  /** Binary values, which only the ledger has. */
  bytes(statement: string, values: readonly Value[]): Promise<Buffer | undefined>;
  putBytes(table: string, rows: readonly (readonly [string, Uint8Array])[]): Promise<void>;
}

/**
 * Connects, and works within the schema `mlsign`, which it makes.
 *
 * @throws MlsignError `service-failed`, without the password
 */
export async function postgres(url: string): Promise<Postgres> {
  const client = new pg.Client({
    connectionString: url,
    application_name: "mlsign",
    connectionTimeoutMillis: PATIENCE_MS,
  });
  // Without a listener, a connection that breaks while it is idle would end the process.
  client.on("error", () => {});
  const database = new PostgresSql(client, nameOf(url));
  await database.connect();
  return database;
}

/** The URL without user and password. */
export function nameOf(url: string): string {
  if (!URL.canParse(url)) return "PostgreSQL";
  const { host, pathname } = new URL(url);
  return `postgres://${host}${pathname}`;
}

class PostgresSql implements Postgres {
  readonly #client: pg.Client;
  readonly #name: string;
  readonly #texts = new Map<string, { readonly name: string; readonly text: string }>();
  #inside = false;

  constructor(client: pg.Client, name: string) {
    this.#client = client;
    this.#name = name;
  }

  async connect(): Promise<void> {
    await this.#guarded(async () => {
      await this.#client.connect();
      await this.#client.query("SET search_path TO mlsign");
      await this.#client.query("SET client_min_messages TO warning");
    });
  }

  async all(statement: string, values: readonly Value[] = []): Promise<readonly Row[]> {
    return this.#guarded(async () => {
      const { rows } = await this.#client.query<Row>({
        ...this.#prepared(statement),
        values: [...values],
      });
      return rows;
    });
  }

  async insert(
    table: string,
    columns: Columns,
    rows: readonly (readonly Value[])[],
  ): Promise<void> {
    if (rows.length === 0) return;
    const names = Object.keys(columns).join(", ");
    await this.#guarded(() =>
      this.#client.query({
        ...this.#named(
          `INSERT INTO ${table} (${names}) SELECT * FROM ${unnest(columns)} ON CONFLICT DO NOTHING`,
        ),
        values: turned(columns, rows),
      }),
    );
  }

  async identify(
    table: string,
    columns: Columns,
    keys: number,
    rows: readonly (readonly Value[])[],
  ): Promise<number[]> {
    if (rows.length === 0) return [];
    const own = Object.fromEntries(Object.entries(columns).slice(0, keys));
    const found = await this.#idsOf(table, own, rows);
    const missing = rows.filter((_, i) => found[i] === undefined);
    // Looked for first: an insertion that is in vain uses up an identifier.
    if (missing.length === 0) return found.map((id) => id ?? 0);
    await this.insert(table, columns, missing);
    return (await this.#idsOf(table, own, rows)).map((id) => id ?? 0);
  }

  async #idsOf(
    table: string,
    own: Columns,
    rows: readonly (readonly Value[])[],
  ): Promise<(number | undefined)[]> {
    const names = Object.keys(own);
    const on = names.map((name) => `t.${name} = k.${name}`).join(" AND ");
    return this.#guarded(async () => {
      const found = await this.#client.query<{ id: number | null }>({
        ...this.#named(
          `SELECT t.id FROM ${unnest(own, " WITH ORDINALITY")} AS k (${names.join(", ")}, position)
           LEFT JOIN ${table} t ON ${on} ORDER BY k.position`,
        ),
        values: turned(
          own,
          rows.map((row) => row.slice(0, names.length)),
        ),
      });
      return found.rows.map(({ id }) => id ?? undefined);
    });
  }

  async bytes(statement: string, values: readonly Value[]): Promise<Buffer | undefined> {
    return this.#guarded(async () => {
      const { rows } = await this.#client.query<{ bytes: Buffer }>({
        ...this.#prepared(statement),
        values: [...values],
      });
      return rows[0]?.bytes;
    });
  }

  async putBytes(table: string, rows: readonly (readonly [string, Uint8Array])[]): Promise<void> {
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      const some = rows.slice(from, from + AT_ONCE);
      await this.#guarded(() =>
        this.#client.query(
          `INSERT INTO ${table} (sha256, bytes) SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT DO NOTHING`,
          [some.map(([hex]) => hex), some.map(([, bytes]) => Buffer.from(bytes))],
        ),
      );
    }
  }

  async run(statements: string): Promise<void> {
    await this.#guarded(() => this.#client.query(statements));
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside) return work();
    await this.run("BEGIN");
    this.#inside = true;
    try {
      const result = await work();
      await this.run("COMMIT");
      return result;
    } catch (error) {
      // Where the connection is gone, so is the transaction.
      await this.run("ROLLBACK").catch(() => {});
      throw error;
    } finally {
      this.#inside = false;
    }
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  /** `?` as PostgreSQL has it; what is asked often is planned once. */
  #prepared(text: string): { readonly name: string; readonly text: string } {
    let number = 0;
    return this.#named(text, () => text.replaceAll("?", () => `$${(number += 1)}`));
  }

  #named(
    key: string,
    text: () => string = () => key,
  ): { readonly name: string; readonly text: string } {
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const made = { name: `mlsign_${this.#texts.size}`, text: text() };
    this.#texts.set(key, made);
    return made;
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof MlsignError) throw cause;
      throw new MlsignError(
        "service-failed",
        `Cannot use ${printable(this.#name)}: ${printable(messageOf(cause) || "no connection")}`,
        { cause },
      );
    }
  }
}

/** Rows as one array a column: one statement, whatever their number. */
function unnest(columns: Columns, more = ""): string {
  const types = Object.values(columns).map((type, i) => `$${i + 1}::${type}[]`);
  return `unnest(${types.join(", ")})${more}`;
}

function turned(columns: Columns, rows: readonly (readonly Value[])[]): Value[][] {
  return Object.keys(columns).map((_, i) => rows.map((row) => row[i] ?? null));
}

const PATIENCE_MS = 15_000;
const AT_ONCE = 500;
