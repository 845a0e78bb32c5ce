import { MlsignError } from "@mlsign/core";
import { isOid, oidOf } from "./oid.ts";
import { runGit } from "./run-git.ts";

export interface Person {
  readonly name: string;
  readonly email: string;
  readonly at: Date;
}

/** A commit, read from the very bytes that its name is the hash of. Names and times are claims. */
export interface Commit {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Person;
  readonly committer: Person;
  /** The signature's armour, and the bytes that it is over. */
  readonly signature: string | undefined;
  readonly signedBytes: Buffer;
  /** The commit itself. */
  readonly bytes: Buffer;
}

export interface TreeEntry {
  readonly mode: string;
  readonly oid: string;
  /** Path from the repository's root, as bytes: git names need not be text. */
  readonly path: Buffer;
}

/** @throws MlsignError `git-failed` where the object is not there, or is not what its name says. */
export async function readCommit(folder: string, oid: string): Promise<Commit> {
  checkOid(oid);
  const bytes = await runGit(folder, ["cat-file", "commit", oid]);
  if (oidOf("commit", bytes, oid) !== oid) throw notItself(oid);
  return parseCommit(oid, bytes);
}

/** Every file of a commit's tree. */
export async function readTree(folder: string, oid: string): Promise<TreeEntry[]> {
  checkOid(oid);
  const bytes = await runGit(folder, ["ls-tree", "-r", "-z", "--full-tree", oid]);
  return split(bytes, 0).map((line) => {
    const tab = line.indexOf(0x09);
    const [mode = "", , object = ""] = line.subarray(0, tab).toString("latin1").split(" ");
    return { mode, oid: object, path: line.subarray(tab + 1) };
  });
}

/** A file's content at a commit, `undefined` where it is not there. */
export async function readBlob(
  folder: string,
  commit: string,
  path: string,
): Promise<Buffer | undefined> {
  checkOid(commit);
  const listed = await runGit(folder, [
    "ls-tree",
    "-z",
    "--full-tree",
    commit,
    "--",
    `:(literal,top)${path}`,
  ]);
  const [entry] = split(listed, 0);
  if (entry === undefined) return undefined;
  const [, kind, oid = ""] = entry.subarray(0, entry.indexOf(0x09)).toString("latin1").split(" ");
  if (kind !== "blob") return undefined;
  const bytes = await runGit(folder, ["cat-file", "blob", oid]);
  if (oidOf("blob", bytes, oid) !== oid) throw notItself(oid);
  return bytes;
}

export function parseCommit(oid: string, bytes: Buffer): Commit {
  const end = bytes.indexOf("\n\n");
  const headers = bytes.subarray(0, end < 0 ? bytes.length : end + 1).toString("utf8");
  const fields = new Map<string, string[]>();
  for (const [, key = "", value = ""] of headers.matchAll(/^(\S+) (.*(?:\n .*)*)$/gm)) {
    fields.set(key, [...(fields.get(key) ?? []), value.replaceAll("\n ", "\n")]);
  }
  const tree = fields.get("tree")?.[0];
  if (tree === undefined || !isOid(tree)) throw notItself(oid);
  // Two signatures make one that is malformed: nobody picks the one that suits.
  const signature = fields.get(oid.length === 64 ? "gpgsig-sha256" : "gpgsig")?.join("\n");
  return {
    oid,
    tree,
    parents: fields.get("parent") ?? [],
    author: parsePerson(fields.get("author")?.[0]),
    committer: parsePerson(fields.get("committer")?.[0]),
    signature,
    // One buffer for both where nothing is taken out: a history holds many commits.
    signedBytes: SIGNED.test(headers) ? withoutSignature(bytes) : bytes,
    bytes,
  };
}

/** The commit as it was when it was signed: without the signature headers, which came later. */
function withoutSignature(bytes: Buffer): Buffer {
  const end = bytes.indexOf("\n\n");
  const head = bytes.subarray(0, end < 0 ? bytes.length : end + 1).toString("latin1");
  const kept = head.replace(/^gpgsig(?:-sha256)? .*\n(?: .*\n)*/gm, "");
  return Buffer.concat([Buffer.from(kept, "latin1"), bytes.subarray(head.length)]);
}

function parsePerson(text: string | undefined): Person {
  const match = /^(.*?) ?<([^>]*)> (-?\d{1,13}) [+-]\d{4}$/.exec(text ?? "");
  return {
    name: match?.[1] ?? "",
    email: match?.[2] ?? "",
    at: new Date(Number(match?.[3] ?? Number.NaN) * 1000),
  };
}

const SIGNED = /^gpgsig(?:-sha256)? /m;

export function split(bytes: Buffer, separator: number): Buffer[] {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(separator, start);
    const stop = end < 0 ? bytes.length : end;
    pieces.push(bytes.subarray(start, stop));
    start = stop + 1;
  }
  return pieces;
}

function checkOid(oid: string): void {
  if (!isOid(oid))
    throw new MlsignError("git-failed", `Cannot read object: "${oid}" is not a full name`);
}

function notItself(oid: string): MlsignError {
  return new MlsignError(
    "git-failed",
    `Cannot read object ${oid}: its content is not what its name says`,
  );
}
