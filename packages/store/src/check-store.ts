import { type Finding, finding, messageOf, MlsignError, printable } from "@mlsign/core";
import { type Line, START } from "./journal.ts";
import type { ClaimRow } from "./lineage-index.ts";
import { factsOf, type Store } from "./store.ts";

/** What a check of a whole store found; `head` is of the journal as far as it holds. */
export interface StoreCheck {
  readonly findings: readonly Finding[];
  readonly lines: number;
  readonly head: string;
}

/**
 * Checks the chain of the journal from its start, every bundle against its name, and the index
 * against both. What is wrong is told with its place, and nothing is repaired.
 */
export async function checkStore(store: Store): Promise<StoreCheck> {
  const findings: Finding[] = [];
  const named = new Set<string>();
  const latest = new Map<string, Line>();
  let end = START;
  let damaged = 0;
  const tell = (code: "store-object" | "store-journal" | "store-index", message: string): void => {
    damaged += 1;
    if (damaged <= MOST_TOLD) findings.push(finding(code, "fail", message));
  };
  try {
    for await (const line of store.ledger.lines(START)) {
      end = line.end;
      latest.set(line.entry.sha256, line);
      if (named.has(line.entry.sha256)) continue;
      named.add(line.entry.sha256);
      const fault = await faultOf(store, line.entry.sha256);
      if (fault !== undefined) tell("store-object", `${fault} (line ${line.entry.sequence})`);
    }
    findings.push(
      finding("store-journal", "pass", `the journal's ${end.sequence} lines follow each other`),
    );
  } catch (error) {
    if (!(error instanceof MlsignError) || error.code !== "store-broken") throw error;
    tell("store-journal", messageOf(error));
  }
  const objects = findings.filter(({ code }) => code === "store-object");
  if (objects.length === 0)
    findings.push(
      finding("store-object", "pass", `${named.size} bundles are what their names say`),
    );
  const strangers = (await store.ledger.names()).filter((name) => !named.has(name));
  if (strangers.length > 0) {
    // A crash between a bundle and its line leaves one; it counts for nothing.
    findings.push(
      finding("store-object", "fail", `${strangers.length} bundles are in no line of the journal`, {
        severity: "note",
        subject: strangers[0] ?? "",
      }),
    );
  }
  findings.push(...(await checkIndex(store, latest)));
  return { findings, lines: end.sequence, head: end.head };
}

async function faultOf(store: Store, hex: string): Promise<string | undefined> {
  try {
    const bytes = await store.bundle(hex);
    if (bytes === undefined) return `object ${hex} is gone`;
    factsOf(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof MlsignError) return messageOf(error);
    throw error;
  }
}

/** Row by row: an index that was written to says of a claim what the journal does not. */
async function checkIndex(store: Store, latest: ReadonlyMap<string, Line>): Promise<Finding[]> {
  const index = await store.existing();
  if (index === undefined)
    return [finding("store-index", "pass", "there is no index yet: it is made when it is needed")];
  let wrong: ClaimRow | undefined;
  let rows = 0;
  try {
    for (let after = 0; ;) {
      const page = await index.allClaims(after, PAGE);
      for (const row of page) {
        rows += 1;
        const entry = latest.get(row.sha256)?.entry;
        const same =
          entry?.sequence === row.sequence &&
          entry.status === row.status &&
          (entry.time ?? null) === row.time;
        if (!same) wrong ??= row;
      }
      const last = page.at(-1)?.sequence;
      if (last === undefined) break;
      after = last;
    }
  } catch (error) {
    return [
      finding("store-index", "fail", `the index cannot be read: ${printable(messageOf(error))}`, {
        severity: "warning",
        fix: "mlsign store reindex makes it anew",
      }),
    ];
  }
  if (wrong === undefined && rows === latest.size)
    return [finding("store-index", "pass", `the index has the journal's ${rows} bundles`)];
  const what =
    wrong === undefined
      ? `the index has ${rows} bundles, the journal ${latest.size}`
      : `the index says of bundle ${wrong.sha256} what the journal does not`;
  return [
    finding("store-index", "fail", what, {
      severity: "warning",
      fix: "mlsign store reindex makes it anew",
    }),
  ];
}

const PAGE = 5000;
const MOST_TOLD = 100;
