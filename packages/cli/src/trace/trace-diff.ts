import { EXIT } from "@mlsign/core";
import { table } from "@mlsign/report";
import { type Comparison, compareModels } from "@mlsign/store";
import type { Host } from "../host.ts";
import { type StoreFlags, withStore } from "../store/store-location.ts";
import { say, writeJson } from "../terminal/output.ts";
import { timeOf } from "./trace.ts";

export interface TraceDiffOptions extends StoreFlags {
  readonly asOf?: string;
  readonly json?: boolean;
}

/** What changed between two models, and what each side rests on. */
export async function traceDiff(
  before: string,
  after: string,
  options: TraceDiffOptions,
  host: Host,
): Promise<number> {
  const asOf = options.asOf === undefined ? undefined : timeOf(options.asOf);
  const found = await withStore(options, false, host, (store) =>
    compareModels(store, { value: before }, { value: after }, { asOf }),
  );
  if (options.json) {
    writeJson(host, {
      schema: "urn:mlsign:trace-diff:v1",
      before: sideJson(found.before),
      after: sideJson(found.after),
      changes: found.changes.map(({ aspect, name, before: old, after: now }) => ({
        aspect,
        name,
        before: old ?? null,
        after: now ?? null,
      })),
      notCompared: [...found.notCompared],
    });
    return EXIT.accepted;
  }
  const rows = found.changes.map(({ aspect, name, before: old, after: now }) => [
    old === undefined ? "+" : now === undefined ? "-" : "~",
    aspect,
    name,
    old === undefined || now === undefined ? (old ?? now ?? "") : `${old} -> ${now}`,
  ]);
  host.out(rows.length === 0 ? "no difference is known\n" : `${table(rows, host.columns)}\n`);
  for (const [which, { claims }] of [
    ["before", found.before],
    ["after", found.after],
  ] as const)
    for (const [kind, { status }] of Object.entries(claims))
      if (status !== "verified") say(host, `${kind} of the one ${which} is ${status}`);
  for (const kind of found.notCompared) say(host, `not compared: one of them has no ${kind}`);
  return EXIT.accepted;
}

function sideJson({ model, key, claims }: Comparison["before"]) {
  return {
    model,
    key,
    claims: Object.fromEntries(
      Object.entries(claims).map(([kind, { sha256, status }]) => [kind, { sha256, status }]),
    ),
  };
}
