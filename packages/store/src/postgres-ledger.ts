import { hexOf, sha256 } from "@mlsign/core";
import { broken, entryOf, type Line, type Position, readLine, START } from "./journal.ts";
import type { Ledger } from "./ledger.ts";
import type { Postgres } from "./sql/postgres.ts";

/**
 * Bundles and journal as tables of the database that also has the index: what is added and its index
 * are one transaction.
 */
export async function postgresLedger(sql: Postgres, name: string): Promise<Ledger> {
  // Two processes that make it at once: PostgreSQL's own check for existence is no lock.
  await sql.transaction(async () => {
    await sql.all("SELECT pg_advisory_xact_lock(CAST(? AS bigint))", [LOCK]);
    await sql.run(SCHEMA);
  });
  return new PostgresLedger(sql, name);
}

class PostgresLedger implements Ledger {
  readonly name: string;
  readonly #sql: Postgres;

  constructor(sql: Postgres, name: string) {
    this.#sql = sql;
    this.name = name;
  }

  async keep(bundles: ReadonlyMap<string, Uint8Array>): Promise<void> {
    await this.#sql.putBytes("object", [...bundles]);
  }

  async bundle(hex: string): Promise<Buffer | undefined> {
    const bytes = await this.#sql.bytes("SELECT bytes FROM object WHERE sha256 = ?", [hex]);
    if (bytes !== undefined && hexOf(sha256(bytes)) !== hex)
      throw broken(`object ${hex} holds other bytes`, this.name);
    return bytes;
  }

  /** The lock is the transaction's: it ends with the connection. */
  async alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#sql.transaction(async () => {
      await this.#sql.all("SELECT pg_advisory_xact_lock(CAST(? AS bigint))", [LOCK]);
      return work();
    });
  }

  async end(): Promise<Position> {
    const [row] = await this.#sql.all(
      "SELECT sequence, line FROM journal ORDER BY sequence DESC LIMIT 1",
    );
    if (row === undefined) return START;
    const text = String(row.line);
    const { sequence } = entryOf(text, "the last line");
    return { sequence, head: hexOf(sha256(text)), offset: 0 };
  }

  async append(lines: readonly Line[]): Promise<void> {
    await this.#sql.insert(
      "journal",
      { sequence: "integer", line: "text" },
      lines.map(({ entry, text }) => [entry.sequence, text]),
    );
  }

  async *lines(after: Position): AsyncIterable<Line> {
    if (after.sequence > 0) {
      const text = await this.lineAt(after.sequence);
      if (text === undefined || hexOf(sha256(text)) !== after.head)
        throw broken(`line ${after.sequence} is gone or was changed since it was read`, this.name);
    }
    for (let at = after; ;) {
      const rows = await this.#sql.all(
        "SELECT line FROM journal WHERE sequence > ? ORDER BY sequence LIMIT ?",
        [at.sequence, PAGE],
      );
      for (const { line: text } of rows) {
        const line = readLine(String(text), at);
        // A line is found by its number here: bytes say nothing.
        at = { ...line.end, offset: 0 };
        yield line;
      }
      if (rows.length < PAGE) return;
    }
  }

  async lineAt(sequence: number): Promise<string | undefined> {
    const [row] = await this.#sql.all("SELECT line FROM journal WHERE sequence = ?", [sequence]);
    return row === undefined ? undefined : String(row.line);
  }

  async names(): Promise<string[]> {
    const rows = await this.#sql.all("SELECT sha256 FROM object ORDER BY sha256");
    return rows.map((row) => String(row.sha256));
  }

  /** The index has the same connection, as a loan. */
  async close(): Promise<void> {
    await this.#sql.close();
  }
}

const SCHEMA = `
CREATE SCHEMA IF NOT EXISTS mlsign;
CREATE TABLE IF NOT EXISTS mlsign.object (sha256 text COLLATE "C" PRIMARY KEY, bytes bytea NOT NULL);
CREATE TABLE IF NOT EXISTS mlsign.journal (sequence integer PRIMARY KEY, line text NOT NULL);
`;
/** mlsign's, among advisory locks. */
const LOCK = "7809911839263401";
const PAGE = 5000;
