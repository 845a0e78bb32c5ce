import { resolve } from "node:path";
import { type AuditEvent, type AuditLog, type PushEvent, readAuditLog } from "@mlsign/audit-log";
import { MlsignError, printable } from "@mlsign/core";
import { readBounded } from "@mlsign/files";
import { commitRange } from "@mlsign/git";
import type { Host } from "../host.ts";
import { say } from "../terminal/output.ts";

/**
 * Reads audit logs, and says what each of them came to.
 *
 * @throws MlsignError `usage` where there is none, `json-invalid`, `limit-exceeded`
 */
export function auditEvents(files: readonly string[], host: Host): AuditEvent[] {
  return files.flatMap((file) => {
    const data = readBounded(resolve(host.cwd, file), MOST_BYTES);
    const shown = printable(file);
    if (data === undefined)
      throw new MlsignError("usage", `Cannot find audit log ${shown}: no such file`);
    const { events, others } = read(data, file);
    const blind = events.filter((event) => event.kind === "push" && event.after === undefined);
    say(host, `${shown}: ${events.length} of ${events.length + others} entries tell of data`);
    if (blind.length > 0) {
      say(host, `${shown}: ${blind.length} pushes name no commit, and were joined with none`);
    }
    return events;
  });
}

/** The caller's own file: that it is damaged is no verdict on the model. */
function read(data: Buffer, file: string): AuditLog {
  try {
    return readAuditLog(data, file);
  } catch (cause) {
    if (!(cause instanceof MlsignError) || cause.code !== "json-invalid") throw cause;
    throw new MlsignError("usage", cause.message, { cause });
  }
}

/**
 * The commits that a push brought. A new branch, and a push over commits that this clone does not
 * have, tell of their last commit alone: what leads to it may have been there for years.
 */
export async function pushedCommits(push: PushEvent, folder: string): Promise<ReadonlySet<string>> {
  const { before, after } = push;
  if (after === undefined) return new Set();
  if (before === undefined) return new Set([after]);
  try {
    return new Set((await commitRange(folder, `${before}..${after}`)).oids);
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    return new Set([after]);
  }
}

const MOST_BYTES = 256 * 1024 * 1024;
