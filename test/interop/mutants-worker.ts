/** One thread of `mutants.test.ts`: makes its share of the mutants and judges each in process. */
import { createHash, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { serialize } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { type Bundle, parseBundle } from "@mlsign/bundle";
import { decide, type Finding, MlsignError } from "@mlsign/core";
import { localSource } from "@mlsign/manifest";
import { parseTrustedRoot } from "@mlsign/trust";
import {
  type BundleResult,
  type Trust,
  verifyArtifact,
  verifyBundle,
  verifyModel,
} from "@mlsign/verify";
import { parseCertificates } from "@mlsign/x509";
import { get, type Json, mutant, pathsOf, Random } from "./mutate.ts";
import { rememberSignatures } from "./remembered.ts";

/** A bundle that is right, and all that it takes to judge it and its mutants. */
export interface Base {
  readonly name: string;
  /** Bundles that the same peers read alike. */
  readonly group: string;
  readonly text: string;
  readonly content: "model" | "message" | "provenance";
  readonly path: string;
  readonly trust:
    | { readonly key: string; readonly witnessed: boolean }
    | { readonly chain: string }
    | { readonly identity: string; readonly issuer: string };
}

export interface Job {
  readonly bases: readonly Base[];
  readonly trustedRoot: string;
  readonly seed: number;
  readonly now: number;
  readonly first: number;
  readonly step: number;
  readonly count: number;
}

export interface Accepted {
  readonly base: number;
  readonly class: string;
  readonly operator: string;
  readonly index: number;
  readonly data: Uint8Array;
}

export interface Report {
  readonly accepted: readonly Accepted[];
  readonly faults: readonly string[];
  readonly slow: readonly string[];
  /** How far mutants came: `parse json-invalid`, `refused signature-valid`, `accepted`. */
  readonly outcomes: Readonly<Record<string, number>>;
  /** Mutants, and milliseconds, of each group of bundles. */
  readonly counts: Readonly<Record<string, number>>;
  readonly spent: Readonly<Record<string, number>>;
  readonly slowest: number;
}

const MOST_MS = 2000;
/** So many mutants of a class go to the peers, from each thread. */
const MOST_OF_CLASS = 1;
const OTHER_FACTS = "accepted, with another time or signer";
const MOST_JUDGED = 20_000;

/** A mutant's outcome; a throw of anything but MlsignError is a fault. */
export class Judge {
  readonly #bases: readonly Base[];
  readonly #trusts: readonly Trust[];
  readonly #now: Date;
  readonly #judged = new Map<string, string>();
  readonly #facts = new Map<Base, readonly string[]>();

  constructor(job: Pick<Job, "bases" | "trustedRoot" | "now">) {
    const { root } = parseTrustedRoot(readFileSync(job.trustedRoot), "root");
    this.#bases = job.bases;
    this.#now = new Date(job.now);
    this.#trusts = job.bases.map(({ trust }): Trust => {
      if ("key" in trust) {
        const key = createPublicKey(trust.key);
        return { method: "key", key, ...(trust.witnessed && { trustedRoot: root }) };
      }
      if ("chain" in trust)
        return { method: "certificate", anchors: parseCertificates(trust.chain) };
      const identity = { identity: { exact: trust.identity }, issuer: trust.issuer };
      return { method: "keyless", trustedRoot: root, identity };
    });
  }

  async outcome(at: number, data: Buffer): Promise<string> {
    const [base, trust] = [this.#bases[at], this.#trusts[at]];
    if (base === undefined || trust === undefined) throw new RangeError(`no base ${at}`);
    let bundle: Bundle;
    try {
      bundle = parseBundle(data);
    } catch (error) {
      if (error instanceof MlsignError && error.category === "refused")
        return `parse ${error.code}`;
      throw error;
    }
    // Verification sees the parsed bundle alone: where that is one that was judged, so is this.
    const same = `${at} ${digestOf(bundle)}`;
    const known = this.#judged.get(same);
    if (known !== undefined) return known;
    const outcome = await this.#verify(base, trust, bundle);
    if (this.#judged.size >= MOST_JUDGED) this.#judged.clear();
    this.#judged.set(same, outcome);
    return outcome;
  }

  async #verify(base: Base, trust: Trust, bundle: Bundle): Promise<string> {
    // Peers ask for a log wherever the bundle has one, so here it is asked for too.
    const options = { now: this.#now, requireLog: !unlogged(base) };
    // The bundle's part first: only what passes it has the model's files looked at.
    const use = base.content === "model" ? "model-signature" : "claim";
    const { findings } = await verifyBundle(bundle, trust, { ...options, use });
    if (decide(findings) !== "accepted") return verdict(findings);
    if (base.content === "model") {
      const result = await verifyModel(localSource(base.path), bundle, trust, options);
      return this.#said(base, result);
    }
    const result = await verifyArtifact(bundle, trust, {
      ...options,
      statements: ["https://slsa.dev/provenance/v1"],
      digest: async (algorithm) => createHash(algorithm).update(readFileSync(base.path)).digest(),
    });
    return this.#said(base, result);
  }

  /** The verdict; a mutant that is accepted tells of no time and signer but its bundle's. */
  #said(base: Base, { findings, times, certificate }: BundleResult): string {
    const decided = verdict(findings);
    if (decided !== "accepted") return decided;
    const facts = [
      ...times.map(({ source, at }) => `${source} ${at.toISOString()}`),
      certificate?.der.toString("base64") ?? "",
    ];
    const first = this.#facts.get(base) ?? facts;
    this.#facts.set(base, first);
    return facts.every((fact) => first.includes(fact)) ? decided : OTHER_FACTS;
  }
}

/** A digest of all that a parsed bundle holds; the parser gives its keys one order. */
function digestOf(bundle: Bundle): string {
  return createHash("sha256").update(serialize(bundle)).digest("base64");
}

function unlogged({ trust }: Base): boolean {
  return "chain" in trust || ("key" in trust && !trust.witnessed);
}

function verdict(findings: readonly Finding[]): string {
  const decided = decide(findings);
  if (decided === "accepted") return decided;
  const fault = findings.find(
    ({ outcome, severity }) => outcome !== "pass" && severity === "error",
  );
  return `${decided} ${fault?.code ?? "?"}`;
}

/**
 * What a mutant that is accepted changed, in terms of its JSON: paths that were added, removed or
 * changed. Two mutants of one class differ in the values alone.
 */
export function classOf(text: string, data: Buffer): string {
  const [before, after] = [text, data.toString()].map((each) => JSON.parse(each) as Json);
  if (before === undefined || after === undefined) return "none";
  const paths = new Map<string, string>();
  for (const path of new Set(
    [...pathsOf(before), ...pathsOf(after)].map((p) => JSON.stringify(p)),
  )) {
    const at = JSON.parse(path) as (string | number)[];
    const [old, young] = [get(before, at), get(after, at)];
    const name = at.map((key) => (typeof key === "number" ? "[]" : key)).join(".");
    const change =
      old === undefined
        ? `+${kind(young)}`
        : young === undefined
          ? "-"
          : kind(old) !== kind(young)
            ? `${kind(old)}>${kind(young)}`
            : typeof old === "object"
              ? undefined
              : old === young
                ? undefined
                : `~${where(name, old, young)}`;
    if (change === undefined) continue;
    // What is within something that came or went is told by that.
    if ([...paths.keys()].some((known) => name.startsWith(`${known}.`))) continue;
    paths.set(name, change);
  }
  if (paths.size === 0) return "the same JSON";
  return [...paths]
    .map(([name, change]) => `${change} ${name}`)
    .toSorted()
    .join(", ");
}

/** Which part of a checkpoint changed: the log signs its text, and each line of names after it. */
function where(name: string, old: Json, young: Json | undefined): string {
  if (!name.endsWith("checkpoint.envelope")) return "";
  if (typeof old !== "string" || typeof young !== "string") return "";
  const [text, other] = [old, young].map((note) => note.split("\n\n")[0]);
  return text === other ? "(signature lines)" : "(signed text)";
}

function kind(value: Json | undefined): string {
  return value === null ? "null" : Array.isArray(value) ? "list" : typeof value;
}

async function work(job: Job): Promise<Report> {
  rememberSignatures();
  const judge = new Judge(job);
  const corpus = job.bases.map(({ text }) => text);
  for (const [at, { name, text }] of job.bases.entries()) {
    const outcome = await judge.outcome(at, Buffer.from(text));
    if (outcome !== "accepted") throw new Error(`${name} itself: ${outcome}`);
  }
  const accepted = new Map<string, Accepted[]>();
  const faults: string[] = [];
  const slow: string[] = [];
  const outcomes: Record<string, number> = {};
  const spent: Record<string, number> = {};
  const counts: Record<string, number> = {};
  let slowest = 0;
  // Bundles with witnesses take ten times as long: those without get four turns to their one.
  const turns = job.bases.flatMap((base, at) =>
    Array.from({ length: unlogged(base) ? 4 : 1 }, () => at),
  );
  for (let index = job.first; index < job.count; index += job.step) {
    const base = turns[index % turns.length] ?? 0;
    const { operator, data } = mutant(
      corpus,
      base,
      new Random(job.seed ^ Math.imul(index, 0x9e3779b1)),
    );
    if (data.equals(Buffer.from(corpus[base] ?? ""))) continue;
    try {
      const begun = performance.now();
      const outcome = await judge.outcome(base, data);
      const took = performance.now() - begun;
      slowest = Math.max(slowest, took);
      const group = job.bases[base]?.group ?? "";
      spent[group] = (spent[group] ?? 0) + took;
      counts[group] = (counts[group] ?? 0) + 1;
      if (took > MOST_MS) slow.push(`${index} (${operator}): ${Math.round(took)} ms`);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (outcome === OTHER_FACTS) throw new Error(outcome);
      if (outcome !== "accepted") continue;
      const name = `${job.bases[base]?.group}: ${classOf(corpus[base] ?? "", data)}`;
      const known = accepted.get(name) ?? [];
      if (known.length < MOST_OF_CLASS) {
        accepted.set(name, [...known, { base, class: name, operator, index, data }]);
      }
    } catch (error) {
      const stack = error instanceof Error ? error.stack : String(error);
      faults.push(`mutant ${index} of ${job.bases[base]?.name} (${operator}): ${stack}`);
    }
    if (index % 5000 < job.step) parentPort?.postMessage({ done: index });
  }
  return {
    accepted: [...accepted.values()].flat(),
    faults,
    slow,
    outcomes,
    counts,
    spent,
    slowest,
  };
}

if (parentPort !== null) parentPort.postMessage({ report: await work(workerData as Job) });
