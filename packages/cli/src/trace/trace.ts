import { resolve } from "node:path";
import { EXIT, type LineageGraph, MlsignError, printable } from "@mlsign/core";
import { writeFileAtomic } from "@mlsign/files";
import { writeJson as jsonText } from "@mlsign/report";
import { type AskOptions, type Recheck, statementOf, type Store } from "@mlsign/store";
import {
  type PageBundle,
  toCsv,
  toDot,
  toHtml,
  toJson,
  toMermaid,
  toOpenLineage,
  toProv,
  toTree,
} from "@mlsign/trace";
import type { Host } from "../host.ts";
import { claimVerifier, type VerifierFlags } from "../store/claim-verifier.ts";
import { type StoreFlags, withStore } from "../store/store-location.ts";
import { say } from "../terminal/output.ts";
import { VERSION } from "../version.ts";

export interface TraceOptions extends StoreFlags, VerifierFlags {
  readonly asOf?: string;
  readonly recheck?: boolean;
  readonly format?: string;
  readonly output?: string;
  readonly json?: boolean;
}

export type Question = (store: Store, options: AskOptions) => Promise<LineageGraph>;

/** Asks the store, and prints the answer in the form that is asked for. */
export async function trace(
  question: Question,
  options: TraceOptions,
  host: Host,
): Promise<number> {
  const format = options.json ? "json" : (options.format ?? "tree");
  if (!FORMATS.includes(format))
    throw new MlsignError(
      "usage",
      `Cannot print as ${printable(format)}: not ${FORMATS.join(", ")}`,
    );
  const asOf = options.asOf === undefined ? undefined : timeOf(options.asOf);
  const checks = new Map<string, PageBundle["checks"]>();
  const recheck = options.recheck === true ? await recheckOf(options, checks, host) : undefined;
  const text = await withStore(options, false, host, async (store) => {
    const graph = await question(store, { asOf, recheck });
    return render(graph, format, store, checks, recheck !== undefined, host);
  });
  if (options.output === undefined) host.out(text);
  else {
    writeFileAtomic(resolve(host.cwd, options.output), text);
    say(host, `wrote ${printable(options.output)}`);
  }
  return EXIT.accepted;
}

/** @throws MlsignError `usage` */
export function timeOf(text: string): string {
  const time = new Date(text);
  if (/^\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?$/.test(text) && !Number.isNaN(time.getTime()))
    return time.toISOString();
  throw new MlsignError("usage", `Cannot read the time ${printable(text)}`, {
    hint: "write it like 2026-03-01 or 2026-03-01T12:00:00Z",
  });
}

async function recheckOf(
  options: TraceOptions,
  checks: Map<string, PageBundle["checks"]>,
  host: Host,
): Promise<Recheck> {
  const verify = await claimVerifier(options, host);
  if (verify === undefined)
    throw new MlsignError("trust-missing", "Cannot check anew: nobody was named to trust");
  return async (bytes, sha256) => {
    const { verdict, findings } = await verify(bytes);
    checks.set(sha256, findings);
    return verdict;
  };
}

async function render(
  graph: LineageGraph,
  format: string,
  store: Store,
  checks: ReadonlyMap<string, PageBundle["checks"]>,
  rechecked: boolean,
  host: Host,
): Promise<string> {
  switch (format) {
    case "json":
      return jsonText(toJson(graph));
    case "mermaid":
      return toMermaid(graph);
    case "dot":
      return toDot(graph);
    case "csv":
      return toCsv(graph);
    case "prov":
      return jsonText(toProv(graph));
    case "openlineage":
      return jsonText(toOpenLineage(graph, `urn:mlsign:${VERSION}`, host.clock()));
    case "html":
      return page(graph, store, checks, rechecked, host);
    default:
      return toTree(graph, { colour: host.colour });
  }
}

async function page(
  graph: LineageGraph,
  store: Store,
  checks: ReadonlyMap<string, PageBundle["checks"]>,
  rechecked: boolean,
  host: Host,
): Promise<string> {
  const bundles: PageBundle[] = [];
  for (const sha256 of new Set(graph.edges.flatMap(({ bundle }) => bundle ?? []))) {
    const bytes = await store.bundle(sha256);
    if (bytes === undefined) continue;
    const statement = statementOf(bytes);
    const found = checks.get(sha256);
    bundles.push({
      sha256,
      text: bytes.toString("utf8"),
      ...(statement !== undefined && { statement: JSON.stringify(statement, null, 2) }),
      ...(found !== undefined && { checks: found }),
    });
  }
  return toHtml(graph, {
    bundles,
    made: host.clock().toISOString(),
    tool: `mlsign ${VERSION}`,
    trust: rechecked
      ? "Each signature was verified anew from its bytes."
      : "Statuses are those of when each claim was added.",
  });
}

const FORMATS = ["tree", "json", "mermaid", "dot", "openlineage", "prov", "csv", "html"];
