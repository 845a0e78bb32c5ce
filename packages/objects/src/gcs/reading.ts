import type { Read, Reading } from "../facts.ts";
import { answerOf, headersOf, readingOf } from "./answers.ts";
import type { GcsConnection } from "./client.ts";

/** A reader that keeps a record of every request, with the server's own time. */
export function readerOf({ clock }: GcsConnection, reads: Read[]) {
  return async function read<O, T>(
    op: string,
    sent: Promise<readonly [O, ...unknown[]]>,
    of: (output: O) => Reading<T>,
  ): Promise<Reading<T>> {
    const note = (status: number | undefined, from: ReturnType<typeof headersOf>): void => {
      clock.note(from.date);
      const { requestId } = from;
      reads.push({ op, status, requestId, at: clock.latest?.toISOString() ?? "" });
    };
    try {
      const [output, ...rest] = await sent;
      note(200, headersOf(rest.at(-1)));
      return of(output);
    } catch (error) {
      const answer = answerOf(error);
      note(answer.status, answer);
      return readingOf(answer);
    }
  };
}
