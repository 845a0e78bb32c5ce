import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";

/** Asks on the terminal; what is typed for a secret is not shown. */
export async function askTerminal(question: string, secret: boolean): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({
    input: process.stdin,
    output: secret ? silent : process.stderr,
    terminal: true,
  });
  try {
    if (secret) process.stderr.write(question);
    const answer = await terminal.question(secret ? "" : question);
    if (secret) process.stderr.write("\n");
    return answer;
  } finally {
    terminal.close();
  }
}
