import { printable } from "@mlsign/core";

/** A stranger's text as HTML or SVG, in content and in quoted attributes alike. */
export function text(value: string): string {
  return printable(value.toWellFormed()).replace(/[&<>"'`]/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** The same for what has lines of its own, which stay. */
export function lines(value: string): string {
  return value.split("\n").map(text).join("\n");
}
