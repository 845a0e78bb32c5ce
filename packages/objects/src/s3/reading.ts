import type { Read, Reading } from "../facts.ts";
import { answerOf, readingOf } from "./answers.ts";
import type { S3Connection } from "./client.ts";

/** What every answer of the SDK has. */
export interface Answered {
  readonly $metadata: { httpStatusCode?: number; requestId?: string };
}

/** A reader that keeps a record of every request, with the server's own time. */
export function readerOf({ clock }: S3Connection, reads: Read[]) {
  return async function read<O extends Answered, T>(
    op: string,
    sent: Promise<O>,
    of: (output: O) => Reading<T>,
    kind: "bucket" | "head" | "lock",
  ): Promise<Reading<T>> {
    const note = (status: number | undefined, requestId: string | undefined): void =>
      void reads.push({ op, status, requestId, at: clock.latest?.toISOString() ?? "" });
    try {
      const output = await sent;
      note(output.$metadata.httpStatusCode, output.$metadata.requestId);
      return of(output);
    } catch (error) {
      const answer = answerOf(error);
      note(answer.status, answer.requestId);
      return readingOf(answer, kind);
    }
  };
}
