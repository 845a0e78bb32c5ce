import { randomBytes } from "node:crypto";
import { type CheckpointOptions, signCheckpoint } from "./checkpoint.ts";
import type { Clock } from "./clock.ts";
import { canonical, type Json } from "./json.ts";
import { generateKeys, type Keys, sha, signWith } from "./keys.ts";
import { leafHash, MerkleTree } from "./merkle.ts";

/** A `TransparencyLogEntry` of sigstore_rekor.proto as JSON. */
export interface LogEntry {
  logIndex: string;
  logId: { keyId: string };
  kindVersion: { kind: string; version: string };
  integratedTime: string;
  inclusionPromise?: { signedEntryTimestamp: string };
  inclusionProof?: InclusionProof;
  canonicalizedBody: string;
}

export interface InclusionProof {
  logIndex: string;
  rootHash: string;
  treeSize: string;
  hashes: string[];
  checkpoint: { envelope: string };
}

/** Deviations of what the log hands out for one of its leaves. */
export interface EntryOptions {
  /** The promise (SET); only Rekor v1 gives one. */
  readonly promise?: boolean;
  readonly proof?: boolean;
  /** The time that the promise vouches for. */
  readonly integratedTime?: Date;
  /** Another key that signs promise and checkpoint under this log's name. */
  readonly keys?: Keys;
  readonly checkpoint?: CheckpointOptions;
}

export interface LogOptions {
  readonly version: 1 | 2;
  /** The host name in the checkpoint and in the trusted root. */
  readonly host: string;
  /** Leaves of strangers that come first, so that proofs are not trivial. */
  readonly seeds?: number;
  readonly keys?: Keys;
}

/** What was logged, for tests that count. */
export interface LogRecord {
  readonly log: 1 | 2;
  readonly index: number;
  readonly uuid: string;
  readonly body: Buffer;
  readonly at: Date;
}

/** A transparency log: Rekor v1 with its promises, or Rekor v2. It takes any body. */
export class TransparencyLog {
  readonly version: 1 | 2;
  readonly host: string;
  readonly keys: Keys;
  readonly records: LogRecord[] = [];
  readonly #clock: Clock;
  readonly #tree = new MerkleTree();
  readonly #treeId = randomBytes(8).toString("hex");

  constructor(clock: Clock, options: LogOptions) {
    this.#clock = clock;
    this.version = options.version;
    this.host = options.host;
    this.keys = options.keys ?? generateKeys(options.version === 1 ? "P-256" : "ed25519");
    for (let seed = 0; seed < (options.seeds ?? 37); seed += 1) this.#tree.append(randomBytes(32));
  }

  get origin(): string {
    return this.version === 1 ? `${this.host} - ${BigInt(`0x${this.#treeId}`)}` : this.host;
  }

  /** Rekor v1: hash of the key. Rekor v2: the note's key identifier, not cut to 4 bytes. */
  get id(): Buffer {
    if (this.version === 1 || this.keys.kind !== "ed25519") return this.keys.id;
    const key = this.keys.spki.subarray(-32);
    return sha(Buffer.concat([Buffer.from(`${this.origin}\n`), Buffer.from([1]), key]));
  }

  /** Appends a body without looking at it. */
  append(body: Json | Buffer): LogRecord {
    const bytes = Buffer.isBuffer(body) ? body : canonical(body as Json);
    const index = this.#tree.append(bytes);
    const uuid = `${this.#treeId}${leafHash(bytes).toString("hex")}`;
    const record = { log: this.version, index, uuid, body: bytes, at: this.#clock() };
    this.records.push(record);
    return record;
  }

  find(body: Buffer): LogRecord | undefined {
    return this.records.find((record) => record.body.equals(body));
  }

  /** By UUID, with or without the tree's part. */
  lookUp(uuid: string): LogRecord | undefined {
    return this.records.find((record) => record.uuid === uuid || record.uuid.slice(16) === uuid);
  }

  /** The entry for a record, proved against the tree as it is now. */
  entry(record: LogRecord, options: EntryOptions = {}): LogEntry {
    const { promise = this.version === 1, proof = true } = options;
    const body = record.body.toString("base64");
    const time = Math.floor((options.integratedTime ?? record.at).getTime() / 1000);
    const logIndex = this.version === 1 ? record.index + SHARD_START : record.index;
    const signed = { body, integratedTime: time, logID: this.id.toString("hex"), logIndex };
    const set = signWith(options.keys ?? this.keys, canonical(signed));
    return {
      logIndex: String(logIndex),
      logId: { keyId: this.id.toString("base64") },
      kindVersion: kindOf(record.body),
      integratedTime: String(this.version === 1 ? time : 0),
      ...(promise ? { inclusionPromise: { signedEntryTimestamp: set.toString("base64") } } : {}),
      ...(proof ? { inclusionProof: this.#proof(record.index, options) } : {}),
      canonicalizedBody: body,
    };
  }

  checkpoint(options: CheckpointOptions = {}): string {
    const own = {
      origin: this.origin,
      size: this.#tree.size,
      root: this.#tree.root(),
      name: this.host,
      hint: this.id,
      keys: this.keys,
    };
    return signCheckpoint(own, options);
  }

  #proof(index: number, { keys = this.keys, checkpoint }: EntryOptions): InclusionProof {
    return {
      logIndex: String(index),
      rootHash: this.#tree.root().toString("base64"),
      treeSize: String(this.#tree.size),
      hashes: this.#tree.proof(index).map((hash) => hash.toString("base64")),
      checkpoint: { envelope: this.checkpoint({ keys, ...checkpoint }) },
    };
  }
}

function kindOf(body: Buffer): LogEntry["kindVersion"] {
  try {
    const { kind, apiVersion } = JSON.parse(body.toString("utf8")) as Record<string, string>;
    return { kind: kind ?? "", version: apiVersion ?? "" };
  } catch {
    return { kind: "", version: "" };
  }
}

/** As in a log of several shards, an entry's index is not its index in the tree. */
const SHARD_START = 1000;
