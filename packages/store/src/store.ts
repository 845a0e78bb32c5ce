import { parseBundle, readStatement, type Statement } from "@mlsign/bundle";
import { hexOf, MlsignError, sha256, systemCode } from "@mlsign/core";
import type { ClaimFacts } from "./facts.ts";
import {
  broken,
  type Entry,
  entryOf,
  type Line,
  type Position,
  START,
  type Verdict,
  writeLine,
} from "./journal.ts";
import type { Ledger } from "./ledger.ts";
import type { ClaimRow, LineageIndex } from "./lineage-index.ts";
import { readFacts } from "./read-facts.ts";
import { type Indexed, signerOf } from "./sql/rows.ts";

/** A bundle with what its verification came to, which the caller did. */
export interface NewClaim extends Verdict {
  readonly bytes: Uint8Array;
  readonly source: string;
}

export interface Added {
  /** Bundles that were not there. */
  readonly added: number;
  /** Bundles that were there, and whose verification came to something else now. */
  readonly judged: number;
  readonly unchanged: number;
}

/** How an index is had; `make` is of an empty one that takes the place of what is there. */
export interface IndexPlace {
  /** `undefined` where there is none that can be read. */
  open(): Promise<LineageIndex | undefined>;
  make(fill: (index: LineageIndex) => Promise<void>): Promise<LineageIndex>;
}

/**
 * Bundles, the journal of what was added, and an index made of them. The index is only a faster way
 * to what the bundles and the journal say.
 */
export class Store {
  readonly ledger: Ledger;
  readonly #place: IndexPlace;
  #index: LineageIndex | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(ledger: Ledger, place: IndexPlace) {
    this.ledger = ledger;
    this.#place = place;
  }

  /**
   * Adds bundles. The same ones again change nothing, so that any number of jobs can add at once;
   * a bundle that is judged otherwise than before gets a new line in the journal.
   *
   * @param at when they are added
   * @throws MlsignError `store-broken`, `locked`, `disk-full`, `file-unwritable`, `service-failed`,
   *   or `bundle-malformed` for what is no bundle
   */
  async add(claims: readonly NewClaim[], at: Date): Promise<Added> {
    const done = { added: 0, judged: 0, unchanged: 0 };
    for (let from = 0; from < claims.length; from += BATCH) {
      const batch = claims.slice(from, from + BATCH).map((claim) => ({
        claim,
        hex: hexOf(sha256(claim.bytes)),
        facts: factsOf(claim.bytes),
      }));
      const some = await this.#addBatch(batch, at);
      done.added += some.added;
      done.judged += some.judged;
      done.unchanged += some.unchanged;
    }
    return done;
  }

  /**
   * Asks the index, and asks again once it was made anew where it is damaged, or says what the
   * bundles and the journal do not.
   */
  async ask<T>(question: (index: LineageIndex) => Promise<T>): Promise<T> {
    try {
      return await question(await this.index());
    } catch (error) {
      if (!isIndexFault(error)) throw error;
      return question(await this.reindex());
    }
  }

  /** The index as it stands, `undefined` where there is none; nothing is made. */
  async existing(): Promise<LineageIndex | undefined> {
    return (this.#index ??= await this.#place.open());
  }

  /** The index, up to the journal's end; made anew where it cannot be used. */
  async index(): Promise<LineageIndex> {
    const index = (this.#index ??= await this.#place.open());
    if (index !== undefined) {
      const [at, end] = [await index.position(), await this.ledger.end()];
      if (at?.sequence === end.sequence && at.head === end.head) return index;
    }
    return this.#alone(() => this.#current());
  }

  /**
   * Makes the index anew from the journal and the bundles, all of which are checked.
   *
   * @throws MlsignError `store-broken` with the place
   */
  async reindex(): Promise<LineageIndex> {
    return this.#alone(() => this.#rebuild());
  }

  /** The bytes of a bundle. @throws MlsignError `store-broken` */
  async bundle(hex: string): Promise<Buffer | undefined> {
    return this.ledger.bundle(hex);
  }

  /**
   * What the journal itself says of a claim that the index told of.
   *
   * @throws MlsignError `store-broken` where the line was changed; IndexMismatch
   */
  async entryOf(row: Pick<ClaimRow, "sequence" | "place" | "line" | "sha256">): Promise<Entry> {
    const text = await this.ledger.lineAt(row.sequence, row.place);
    const place = `line ${row.sequence}`;
    if (text === undefined) throw broken(`${place} is gone`, this.ledger.name);
    const entry = entryOf(text, place);
    if (entry.sequence !== row.sequence || entry.sha256 !== row.sha256) throw new IndexMismatch();
    if (hexOf(sha256(text)) !== row.line)
      throw broken(`${place} is not the one that was indexed`, this.ledger.name);
    return entry;
  }

  async close(): Promise<void> {
    await this.#index?.close();
    this.#index = undefined;
    await this.ledger.close();
  }

  async #addBatch(
    batch: readonly { claim: NewClaim; hex: string; facts: ClaimFacts | undefined }[],
    at: Date,
  ): Promise<Added> {
    const bundles = new Map(batch.map(({ hex, claim }) => [hex, claim.bytes]));
    // Before the lock: others need not wait for bytes that nobody knows of yet.
    await this.ledger.keep(bundles);
    return this.#alone(async () => {
      const index = await this.#current();
      const known = new Map(
        (await index.claimsOfBundles([...bundles.keys()])).map((row) => [row.sha256, row]),
      );
      const counts = { added: 0, judged: 0, unchanged: 0 };
      const indexed: Indexed[] = [];
      let end = await this.ledger.end();
      const seen = new Set<string>();
      for (const { claim, hex, facts } of batch) {
        const row = known.get(hex);
        if (seen.has(hex) || (row !== undefined && !isNews(row, claim))) {
          counts.unchanged += 1;
          continue;
        }
        seen.add(hex);
        counts[row === undefined ? "added" : "judged"] += 1;
        const line = writeLine(entry(claim, hex, row !== undefined, at), end);
        end = line.end;
        indexed.push({ line, facts });
      }
      if (indexed.length === 0) return counts;
      await this.ledger.append(indexed.map(({ line }) => line));
      await index.add(indexed, end);
      return counts;
    });
  }

  /** Only `alone`. */
  async #current(): Promise<LineageIndex> {
    const index = (this.#index ??= await this.#place.open());
    const at = await index?.position();
    if (index === undefined || at === undefined) return this.#rebuild();
    const end = await this.ledger.end();
    if (at.sequence === end.sequence && at.head === end.head) return index;
    await this.#fill(index, at);
    return index;
  }

  async #rebuild(): Promise<LineageIndex> {
    await this.#index?.close();
    this.#index = undefined;
    this.#index = await this.#place.make((index) => this.#fill(index, START));
    return this.#index;
  }

  async #fill(index: LineageIndex, after: Position): Promise<void> {
    let batch: Indexed[] = [];
    let last: Line | undefined;
    const flush = async (): Promise<void> => {
      if (last === undefined) return;
      await index.add(batch, last.end);
      batch = [];
    };
    for await (const line of this.ledger.lines(after)) {
      batch.push({ line, facts: await this.#factsAt(line) });
      last = line;
      if (batch.length === BATCH) await flush();
    }
    if (batch.length > 0) await flush();
  }

  async #factsAt({ entry: { sha256: hex, again } }: Line): Promise<ClaimFacts | undefined> {
    if (again === true) return undefined;
    const bytes = await this.ledger.bundle(hex);
    if (bytes !== undefined) return factsOf(bytes);
    throw new MlsignError(
      "store-broken",
      `Cannot trust ${this.ledger.name}: object ${hex} of the journal is gone`,
      { hint: "restore it from a copy: its name is its SHA-256" },
    );
  }

  /** One after the other in this process, and one process at a time. */
  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(() => this.ledger.alone(work));
    this.#queue = turn.catch(() => {});
    return turn;
  }
}

/** The index says what is not so; whoever asks again has it made anew. */
export class IndexMismatch extends Error {}

function isIndexFault(error: unknown): boolean {
  if (error instanceof IndexMismatch) return true;
  if (!(error instanceof Error)) return false;
  const codes = [error, error.cause].map((it) =>
    it instanceof Error ? systemCode(it) : undefined,
  );
  // SQLite's own, and PostgreSQL's for a table or column that is not there.
  return codes.some((code) => ["ERR_SQLITE_ERROR", "42P01", "42703"].includes(code ?? ""));
}

/** The statement of a bundle; `undefined` where it is a signature over a file alone. */
export function statementOf(bytes: Uint8Array): Statement | undefined {
  const { content } = parseBundle(bytes);
  if (content.kind !== "dsse") return undefined;
  try {
    return readStatement(content.payload);
  } catch (error) {
    // Kept all the same: another mlsign may know what to make of it.
    if (error instanceof MlsignError) return undefined;
    throw error;
  }
}

export function factsOf(bytes: Uint8Array): ClaimFacts | undefined {
  const statement = statementOf(bytes);
  return statement === undefined ? undefined : readFacts(statement);
}

function entry(
  { status, signer, time, logged, timestamped, source }: NewClaim,
  hex: string,
  again: boolean,
  at: Date,
): Omit<Entry, "sequence" | "prev"> {
  return {
    at: at.toISOString(),
    sha256: hex,
    source: source.slice(0, MOST_SOURCE).toWellFormed(),
    status,
    ...(again && { again }),
    ...(signer !== undefined && { signer }),
    ...(time !== undefined && { time }),
    ...(logged !== undefined && { logged }),
    ...(timestamped !== undefined && { timestamped }),
  };
}

/**
 * A verification that could not be made says nothing against one that was; anything else that differs
 * is news.
 */
function isNews(row: ClaimRow, claim: NewClaim): boolean {
  if (claim.status === "unverified" && row.status !== "unverified") return false;
  const { issuer, signer } = signerOf(claim as unknown as Entry);
  return (
    row.status !== claim.status ||
    row.issuer !== issuer ||
    row.signer !== signer ||
    row.time !== (claim.time ?? null)
  );
}

const BATCH = 500;
const MOST_SOURCE = 1024;
