import { realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import { type CardFormat, cardFormatOf, convertCard } from "@mlsign/card";
import { decodeUtf8, EXIT, MlsignError, printable } from "@mlsign/core";
import { writeFileAtomic } from "@mlsign/files";
import type { Host } from "../host.ts";
import { readFile } from "../options/trust-options.ts";
import { say, writeJson } from "../terminal/output.ts";

export interface ConvertCardOptions {
  readonly to: CardFormat;
  readonly from?: CardFormat;
  readonly output?: string;
  readonly json?: boolean;
}

/** Writes a card in another format, to a file or as data, and says what has no place there. */
export async function convertCardFile(
  file: string,
  options: ConvertCardOptions,
  host: Host,
): Promise<number> {
  const { to, output, json = false } = options;
  const text = decodeUtf8(readFile(file, host, MOST_BYTES));
  const from = options.from ?? cardFormatOf(text);
  if (from === undefined) {
    throw new MlsignError("usage", `Cannot tell the format of ${printable(file)}`, {
      hint: "say it with --from huggingface, toolkit or cyclonedx",
    });
  }
  const converted = convertCard(text, from, to);
  if (output !== undefined) {
    const path = resolve(host.cwd, output);
    if (sameFile(path, resolve(host.cwd, file))) {
      throw new MlsignError("usage", "Cannot write the converted card over the card itself");
    }
    writeFileAtomic(path, converted.text);
    say(host, `wrote ${printable(relative(host.cwd, path) || path)}`);
  }
  for (const field of converted.lost) say(host, `lost: ${to} has no place for ${printable(field)}`);
  if (json) {
    writeJson(host, {
      schema: "urn:mlsign:card-convert:v1",
      card: file,
      from,
      to,
      output: output ?? null,
      lost: [...converted.lost],
      text: output === undefined ? converted.text : null,
    });
  } else if (output === undefined) host.out(converted.text);
  return EXIT.accepted;
}

function sameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

const MOST_BYTES = 16 * 1024 * 1024;
