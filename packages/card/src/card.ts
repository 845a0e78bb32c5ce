import { isUtf8 } from "node:buffer";
import { type FrontMatter, readFrontMatter, splitFrontMatter } from "./front-matter.ts";
import type { RuleId } from "./rules.ts";
import { readSections, type Section } from "./sections.ts";

/** A fault of form, found while the card was read; `lintCard` reports it. */
export interface CardFault {
  readonly rule: RuleId;
  readonly message: string;
  readonly line: number;
  readonly column: number;
}

/** A Hugging Face model card. Everything in it is a stranger's text. */
export interface Card {
  readonly source: string;
  /** The text without a byte order mark; empty where the card was too large to be read. */
  readonly text: string;
  /** `undefined` where there is none, or none that could be read. */
  readonly frontMatter: FrontMatter | undefined;
  readonly body: string;
  /** The line on which the body starts, from 1. */
  readonly bodyLine: number;
  readonly sections: readonly Section[];
  readonly faults: readonly CardFault[];
}

/**
 * Reads a card: front matter as the Hub finds it (`---` alone on a line), YAML without aliases, and
 * headings. Nothing is evaluated. It does not throw: what is wrong with the form is in `faults`,
 * and a card over the limits is not parsed at all.
 */
export function parseCard(data: string | Uint8Array, source: string): Card {
  if (data.length > MOST_BYTES || (typeof data === "string" && utf8Length(data) > MOST_BYTES)) {
    return unread(source, {
      rule: "MC051",
      message: `the card is larger than ${MOST_BYTES} bytes`,
    });
  }
  if (typeof data !== "string" && !isUtf8(data)) {
    return unread(source, { rule: "MC002", message: "the card is not UTF-8" });
  }
  const whole = typeof data === "string" ? data : Buffer.from(data).toString("utf8");
  const text = whole.replace(/^\ufeff/, "");
  const faults: CardFault[] = [];
  const fault = (rule: RuleId, message: string, line = 1, column = 1): void => {
    faults.push({ rule, message, line, column });
  };
  const split = splitFrontMatter(text);
  if (split.kind === "absent") fault("MC001", split.why);
  if (split.kind === "too-large") fault("MC051", split.why);
  const present = split.kind === "present" ? split : undefined;
  if (whole !== text) fault("MC003", "the card starts with a byte order mark");
  if (present !== undefined && !text.startsWith("---")) {
    fault("MC003", "white space stands before the front matter");
  }
  const frontMatter = present && readFrontMatter(present.yaml, present.firstLine, fault);
  const bodyLine = present?.bodyLine ?? 1;
  const body = split.kind === "too-large" ? "" : text.slice(present?.bodyAt ?? 0);
  return {
    source,
    text,
    frontMatter,
    body,
    bodyLine,
    sections: readSections(body, bodyLine),
    faults,
  };
}

function unread(source: string, fault: { rule: RuleId; message: string }): Card {
  const faults = [{ ...fault, line: 1, column: 1 }];
  return { source, text: "", frontMatter: undefined, body: "", bodyLine: 1, sections: [], faults };
}

function utf8Length(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

const MOST_BYTES = 1024 * 1024;
