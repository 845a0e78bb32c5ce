import { hexOf, MlsignError, printable, sha256 } from "@mlsign/core";
import { type RemoteFolder, wholeOf } from "./folder.ts";

/** What is put beside a model, and what is replaced by it. */
export interface NewEvidence {
  /** The new signature, with the bytes that it replaces; `undefined` where there were none. */
  readonly signature?: { readonly content: Uint8Array; readonly replaces: Uint8Array | undefined };
  /** Lines of the claims file that are new, each without its newline. */
  readonly claims: readonly string[];
}

/**
 * Puts a signature and claims beside a model in a store. Claims are only added: what somebody else
 * added since is read first and kept, and what was written is read again, until all of it is
 * there. Where the store has no conditional write (MLflow's proxy has none), another writer whose
 * own read came before this write, and whose write comes after this check, can still lose it.
 *
 * The claims go first: a signature that is there has its evidence.
 *
 * @returns SHA-256 of the claims file as it is now, in hex; `undefined` where there is none
 * @throws MlsignError `registry-changed` where somebody else signed meanwhile, or overwrites what
 *   is written here; `limit-exceeded`, `service-failed`, `service-lied`
 */
export async function putEvidence(
  folder: RemoteFolder,
  evidence: NewEvidence,
): Promise<string | undefined> {
  const { signature, claims } = evidence;
  if (signature !== undefined) await checkUnchanged(folder, signature.replaces);
  const file = await addClaims(folder, claims);
  if (signature !== undefined) {
    const { content } = signature;
    await checkUnchanged(folder, signature.replaces);
    await folder.write(SIGNATURE, content);
    const now = await readTop(folder, SIGNATURE);
    if (now?.equals(content) !== true)
      throw changed(folder, "the signature that was written is not the one that is there");
  }
  return file && hexOf(sha256(file));
}

async function checkUnchanged(folder: RemoteFolder, before: Uint8Array | undefined): Promise<void> {
  const now = await readTop(folder, SIGNATURE);
  const same = before === undefined ? now === undefined : now?.equals(before) === true;
  if (!same) throw changed(folder, "somebody else signed it meanwhile");
}

/** The claims file with all these lines in it, and all that were ever seen in it. */
async function addClaims(
  folder: RemoteFolder,
  claims: readonly string[],
): Promise<Buffer | undefined> {
  let seen: readonly string[] = [];
  let now = await readTop(folder, CLAIMS);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const lines = linesOf(now);
    const known = new Set(lines);
    const wanted = new Set([...seen, ...claims]);
    const missing = [...wanted].filter((line) => !known.has(line));
    if (missing.length === 0) return now;
    seen = [...new Set([...seen, ...lines])];
    const before = now ?? Buffer.alloc(0);
    // A last line without its newline must not swallow ours.
    const gap = before.length > 0 && before.at(-1) !== NEWLINE ? "\n" : "";
    await folder.write(
      CLAIMS,
      Buffer.concat([before, Buffer.from(`${gap}${missing.join("\n")}\n`)]),
    );
    now = await readTop(folder, CLAIMS);
  }
  throw changed(folder, `others overwrote the claims ${ATTEMPTS} times`);
}

function linesOf(data: Buffer | undefined): string[] {
  return (data?.toString("utf8") ?? "").split("\n").filter((line) => line.trim() !== "");
}

async function readTop(folder: RemoteFolder, name: string): Promise<Buffer | undefined> {
  const file = await folder.find(name);
  if (file === undefined) return undefined;
  if (file.size > MOST_BYTES)
    throw new MlsignError("limit-exceeded", `Cannot read ${name}: more than ${MOST_BYTES} bytes`);
  return wholeOf(await folder.read(file));
}

function changed({ where }: RemoteFolder, why: string): MlsignError {
  return new MlsignError("registry-changed", `Cannot go on with ${printable(where)}: ${why}`, {
    hint: "look at what is there now, then run it again",
  });
}

const SIGNATURE = "model.sig";
const CLAIMS = "claims.jsonl";
const ATTEMPTS = 5;
const MOST_BYTES = 256 * 1024 * 1024;
const NEWLINE = 0x0a;
