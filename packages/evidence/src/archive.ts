import {
  hexOf,
  isRecord,
  type JsonObject,
  type JsonValue,
  MlsignError,
  parseJson,
  printable,
  sha256,
} from "@mlsign/core";
import { archiveSource, nameProblem } from "@mlsign/manifest";

/** What an evidence archive may hold beside its index: nothing of the model's own bytes. */
const PARTS = {
  "model.sig": "the model's signature",
  "claims.jsonl": "its claims, one bundle a line",
  "policy.yaml": "the policy that it was judged by",
  "policy.yaml.sig": "the policy's signature",
  "trusted_root.json": "the root that witnesses were checked against; never trusted by a reader",
  "facts.json": "what the exporter saw of the world, as facts for the policy",
} as const;

export type EvidencePart = keyof typeof PARTS;

/** One file of the model: its name and digest stand for bytes that the archive does not hold. */
export interface EvidenceFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** In hex. */
  readonly sha256: string;
}

export interface EvidenceIndex {
  readonly model: string;
  readonly directory: boolean;
  /** Where the model was to go. */
  readonly target: string;
  readonly exportedAt: string;
  readonly files: readonly EvidenceFile[];
  /** Files that lay in the model and that its signer left out. */
  readonly ignored: readonly string[];
}

export interface EvidenceArchive {
  readonly index: EvidenceIndex;
  readonly parts: ReadonlyMap<EvidencePart, Buffer>;
}

/**
 * All the evidence of one model as a tar: an index (`evidence.json`) with the model's manifest, and
 * each part by its SHA-256. The same input gives the same bytes.
 */
export async function packEvidence({ index, parts }: EvidenceArchive): Promise<Buffer> {
  // Loaded where an archive is written: who verifies claims must not pay for it.
  const { Header } = await import("tar");
  const named = Object.keys(PARTS).flatMap((name) => {
    const data = parts.get(name as EvidencePart);
    return data === undefined ? [] : [{ name, data }];
  });
  const document = {
    schema: EVIDENCE_SCHEMA,
    ...index,
    parts: Object.fromEntries(named.map(({ name, data }) => [name, hexOf(sha256(data))])),
  };
  const first = { name: INDEX, data: Buffer.from(`${JSON.stringify(document, undefined, 2)}\n`) };
  const at = new Date(index.exportedAt);
  const blocks = [first, ...named].flatMap(({ name: path, data }) => {
    const header = Buffer.alloc(BLOCK);
    const owner = { mode: 0o644, uid: 0, gid: 0 };
    new Header({ path, size: data.length, mtime: at, type: "File", ...owner }).encode(header);
    return [header, data, Buffer.alloc(-data.length & (BLOCK - 1))];
  });
  return Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]);
}

/**
 * Reads an archive that a stranger may have made. Its parts are those that its index names, and
 * nothing of what they say is believed here.
 *
 * @throws MlsignError `archive-invalid`, `limit-exceeded`, `json-invalid`, `model-missing`
 */
export async function readEvidence(file: string): Promise<EvidenceArchive> {
  const source = archiveSource(file);
  const listing = await source.list({ ignoreGit: false });
  for (const { name, size } of listing.files) {
    if (name !== INDEX && !isPart(name)) throw invalid(`it holds "${printable(name)}"`);
    if (size > MOST_BYTES)
      throw new MlsignError("limit-exceeded", `Cannot read ${name}: too large`);
  }
  const tree = source.open(listing);
  if (tree.kind !== "entries") throw invalid("it is no archive");
  const found = new Map<string, Buffer>();
  for await (const { name, chunks } of tree.entries) {
    const pieces: Buffer[] = [];
    for await (const piece of chunks) pieces.push(Buffer.from(piece));
    found.set(name, Buffer.concat(pieces));
  }
  const index = found.get(INDEX);
  if (index === undefined) throw invalid(`it has no ${INDEX}`);
  const document = parseJson(index, { maxBytes: MOST_BYTES, maxDepth: 16 });
  const read = readIndex(document);
  const sums = isRecord(document) && isRecord(document.parts) ? document.parts : {};
  const parts = new Map<EvidencePart, Buffer>();
  for (const [name, data] of found) {
    if (!isPart(name)) continue;
    if (sums[name] !== hexOf(sha256(data))) throw invalid(`${name} is not what its index names`);
    parts.set(name, data);
  }
  const missing = Object.keys(sums).find((name) => !found.has(name));
  if (missing !== undefined) throw invalid(`"${printable(missing)}" is missing`);
  return { index: read, parts };
}

function readIndex(document: JsonValue): EvidenceIndex {
  if (!isRecord(document) || document.schema !== EVIDENCE_SCHEMA)
    throw invalid(`its index has not the schema ${EVIDENCE_SCHEMA}`);
  const { model, directory, target, exportedAt, files, ignored } = document;
  if (
    typeof model !== "string" ||
    typeof directory !== "boolean" ||
    typeof target !== "string" ||
    typeof exportedAt !== "string" ||
    !Array.isArray(files) ||
    !Array.isArray(ignored) ||
    !ignored.every((name) => typeof name === "string")
  )
    throw invalid("its index is malformed");
  const names = new Set<string>();
  const read = files.map((it) => {
    const one = readFile(it);
    if (names.has(one.path)) throw invalid(`"${printable(one.path)}" is named twice`);
    names.add(one.path);
    return one;
  });
  if (read.length === 0) throw invalid("it names no file of the model");
  if (!directory && (read.length !== 1 || !names.has(".")))
    throw invalid("a single file is named otherwise than by a dot");
  return { model, directory, target, exportedAt, files: read, ignored };
}

function readFile(it: JsonValue): EvidenceFile {
  const { path, size, sha256: digest } = isRecord(it) ? it : ({} as JsonObject);
  if (typeof path !== "string" || (path !== "." && nameProblem(path) !== undefined))
    throw invalid("a file's name is none");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0)
    throw invalid(`the size of "${printable(path)}" is none`);
  if (typeof digest !== "string" || !/^[0-9a-f]{64}$/.test(digest))
    throw invalid(`the digest of "${printable(path)}" is none`);
  return { path, size, sha256: digest };
}

function isPart(name: string): name is EvidencePart {
  return Object.hasOwn(PARTS, name);
}

function invalid(why: string): MlsignError {
  return new MlsignError("archive-invalid", `Cannot read the evidence: ${why}`);
}

const EVIDENCE_SCHEMA = "urn:mlsign:evidence:v1";
const INDEX = "evidence.json";
const BLOCK = 512;
const MOST_BYTES = 256 * 1024 * 1024;
