import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf, MlsignError, printable } from "@mlsign/core";
import { directoryLedger, JOURNAL } from "./directory-ledger.ts";
import { LineageIndex } from "./lineage-index.ts";
import { sqlite } from "./sql/sqlite.ts";
import { type IndexPlace, Store } from "./store.ts";

export interface OpenOptions {
  /** Whether a store that is not there yet is made. */
  readonly create: boolean;
}

/**
 * Opens a store: a folder, or `postgres://…` for a database that many machines write to.
 *
 * @throws MlsignError `store-missing`, `service-failed`
 */
export async function openStore(location: string, { create }: OpenOptions): Promise<Store> {
  if (/^postgres(?:ql)?:\/\//.test(location)) return openDatabase(location);
  if (!create && !existsSync(join(location, JOURNAL))) {
    throw new MlsignError(
      "store-missing",
      `Cannot open ${printable(location)}: no store is there`,
      {
        hint: "mlsign store add makes one",
      },
    );
  }
  return new Store(directoryLedger(location), fileIndex(join(location, INDEX)));
}

async function openDatabase(url: string): Promise<Store> {
  // Loaded where it is asked for: most stores are folders.
  const [{ nameOf, postgres }, { postgresLedger }] = await Promise.all([
    import("./sql/postgres.ts"),
    import("./postgres-ledger.ts"),
  ]);
  const sql = await postgres(url);
  const place: IndexPlace = {
    open: async () => {
      const [row] = await sql.all("SELECT to_regclass('mlsign.meta') IS NOT NULL AS there");
      return (row?.there as unknown) === true ? new LineageIndex(sql, { lent: true }) : undefined;
    },
    make: async (fill) => {
      const { dropped } = await import("./sql/schema.ts");
      await sql.run(dropped());
      const index = new LineageIndex(sql, { lent: true });
      await index.create("postgres");
      await fill(index);
      return index;
    },
  };
  try {
    return new Store(await postgresLedger(sql, nameOf(url)), place);
  } catch (error) {
    await sql.close();
    throw error;
  }
}

/** A file that is replaced as a whole: one that is damaged is never written to. */
function fileIndex(path: string): IndexPlace {
  return {
    open: async () => {
      if (!existsSync(path)) return undefined;
      try {
        const index = new LineageIndex(sqlite(path));
        if ((await index.position()) !== undefined) return index;
        await index.close();
        return undefined;
      } catch {
        return undefined;
      }
    },
    make: async (fill) => {
      const temporary = `${path}.${process.pid}.tmp`;
      try {
        const fresh = new LineageIndex(sqlite(temporary, { bulk: true }));
        try {
          await fresh.create("sqlite");
          await fill(fresh);
        } finally {
          await fresh.close();
        }
        sync(temporary);
        // What a crashed writer left of the old file must not be played back into the new one.
        rmSync(`${path}-journal`, { force: true });
        renameSync(temporary, path);
      } catch (cause) {
        rmSync(temporary, { force: true });
        if (cause instanceof MlsignError) throw cause;
        throw new MlsignError(
          "file-unwritable",
          `Cannot write ${printable(path)}: ${messageOf(cause)}`,
          { cause },
        );
      }
      return new LineageIndex(sqlite(path));
    },
  };
}

function sync(path: string): void {
  const descriptor = openSync(path, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const INDEX = "index.sqlite";
