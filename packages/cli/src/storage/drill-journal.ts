import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isRecord, parseJson, systemCode } from "@mlsign/core";
import type { DrillEntry, DrillJournal } from "@mlsign/storage";
import type { Host } from "../host.ts";

/**
 * A file for each retention that is being tried, gone once its date is known to stand: what a
 * killed drill leaves is found by the next one.
 */
export function drillJournal({ env, cwd }: Pick<Host, "env" | "cwd">): DrillJournal {
  const state = env.XDG_STATE_HOME ?? join(env.HOME ?? cwd, ".local", "state");
  const folder = join(resolve(cwd, state), "mlsign", "drills");
  const fileOf = (entry: DrillEntry): string => {
    const { endpoint, bucket, key, versionId } = entry;
    const id = createHash("sha256").update(JSON.stringify([endpoint, bucket, key, versionId]));
    return join(folder, `${id.digest("hex")}.json`);
  };
  return {
    begin(entry) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      writeFileSync(fileOf(entry), JSON.stringify(entry), { mode: 0o600 });
    },
    end(entry) {
      rmSync(fileOf(entry), { force: true });
    },
    open() {
      return names(folder).flatMap((name) => readEntry(join(folder, name)));
    },
  };
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return [];
    throw error;
  }
}

/** A file that was cut off while it was written was cut off before anything was tried. */
function readEntry(path: string): DrillEntry[] {
  const value = ((): unknown => {
    try {
      return parseJson(readFileSync(path), { maxBytes: 16_384, maxDepth: 2 });
    } catch {
      return undefined;
    }
  })();
  if (!isRecord(value)) return [];
  const { endpoint, bucket, key, versionId, mode, until } = value;
  const texts = [endpoint, bucket, key, versionId, mode, until];
  if (!texts.every((it) => typeof it === "string")) return [];
  return [{ endpoint, bucket, key, versionId, mode, until } as DrillEntry];
}
