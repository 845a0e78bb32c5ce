import type { Card } from "./card.ts";
import { withoutCode } from "./sections.ts";

export interface Link {
  readonly target: string;
  readonly line: number;
  readonly column: number;
}

/** Targets of Markdown links and images, and of `src` and `href`, outside of code blocks. */
export function linksOf({ body, bodyLine }: Card): Link[] {
  return withoutCode(body.split(/\r\n|\r|\n/)).flatMap((line, index) =>
    [...line.matchAll(LINK)].map((match) => ({
      target: match[1] ?? match[2] ?? "",
      line: bodyLine + index,
      column: match.index + 1,
    })),
  );
}

const LINK = /\]\([ \t]{0,9}<?([^)\s>]+)|\b(?:src|href)=["']?([^"'\s>]+)/gi;
