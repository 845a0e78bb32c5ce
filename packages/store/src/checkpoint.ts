import type { Statement } from "@mlsign/bundle";
import { type Finding, finding, isHex, isRecord, MlsignError } from "@mlsign/core";
import { START } from "./journal.ts";
import type { Store } from "./store.ts";

/** A statement about a journal: so many lines, and the digest that they come to. */
export const CHECKPOINT_PREDICATE = "urn:mlsign:store-checkpoint:v1";

export interface Checkpoint {
  readonly lines: number;
  /** SHA-256 of the last line, which names the one before, and so on to the first. In hex. */
  readonly head: string;
}

/** What a checkpoint says, unsigned: its subject is the journal's head. */
export function checkpointStatement({ lines, head }: Checkpoint): Omit<Statement, "type"> {
  return {
    subject: [{ name: "journal", digest: { sha256: head } }],
    predicateType: CHECKPOINT_PREDICATE,
    predicate: { lines },
  };
}

/** @throws MlsignError `bundle-malformed` for a statement that is no checkpoint */
export function readCheckpoint({ subject, predicateType, predicate }: Statement): Checkpoint {
  const head = subject.length === 1 ? subject[0]?.digest["sha256"] : undefined;
  const lines = isRecord(predicate) ? predicate.lines : undefined;
  const sound =
    predicateType === CHECKPOINT_PREDICATE &&
    head !== undefined &&
    isHex(head, 32) &&
    typeof lines === "number" &&
    Number.isSafeInteger(lines) &&
    lines >= 0;
  if (!sound) throw new MlsignError("bundle-malformed", "The bundle is no checkpoint of a journal");
  return { lines, head };
}

/**
 * Whether a journal still begins as it did at a checkpoint: nothing before it was changed, removed or
 * inserted, and nothing behind it says otherwise. Who signed the checkpoint is for the caller.
 */
export async function checkCheckpoint(store: Store, { lines, head }: Checkpoint): Promise<Finding> {
  const of = (good: boolean, message: string): Finding =>
    finding("store-checkpoint", good ? "pass" : "fail", message);
  let end = START;
  try {
    if (lines > 0)
      for await (const line of store.ledger.lines(START)) {
        ({ end } = line);
        if (end.sequence === lines) break;
      }
  } catch (error) {
    if (!(error instanceof MlsignError) || error.code !== "store-broken") throw error;
    return of(false, `the journal does not hold as far as the checkpoint's line ${lines}`);
  }
  if (end.sequence < lines)
    return of(false, `the journal has ${end.sequence} lines, the checkpoint ${lines}: it was cut`);
  return end.head === head
    ? of(true, `the journal's first ${lines} lines are those of the checkpoint`)
    : of(false, `the journal's first ${lines} lines are not those of the checkpoint`);
}
