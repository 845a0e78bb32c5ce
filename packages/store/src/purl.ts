import type { Component } from "./facts.ts";

/**
 * A package URL as name and version, in one form, so that what is meant the same is found the same:
 * the type in lower case, PyPI's names normalised, no qualifiers, no subpath. `undefined` for what is
 * no package URL.
 */
export function parsePurl(text: string): Component | undefined {
  const match = /^pkg:\/*([a-z][a-z0-9.+-]*)\/([^?#]+)/i.exec(text);
  if (match === null || text.length > MOST_CHARACTERS) return undefined;
  const [, type = "", path = ""] = match;
  const parts = path.split("/").filter((part) => part !== "");
  const last = parts.pop() ?? "";
  const at = last.lastIndexOf("@");
  const bare = at > 0 ? last.slice(0, at) : last;
  const version = at > 0 ? decoded(last.slice(at + 1)) : "";
  const kind = type.toLowerCase();
  const names = [...parts, bare].map((part) => normalised(kind, decoded(part)));
  if (names.some((name) => name === "")) return undefined;
  return { name: `pkg:${kind}/${names.map(encoded).join("/")}`, version };
}

/** purl-spec's rules by type; the rest is taken as written. */
function normalised(type: string, name: string): string {
  if (type === "pypi") return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
  return LOWER.has(type) ? name.toLowerCase() : name;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function encoded(name: string): string {
  return encodeURIComponent(name).replaceAll("%3A", ":");
}

const LOWER: ReadonlySet<string> = new Set(["github", "gitlab", "bitbucket", "deb", "rpm", "npm"]);
const MOST_CHARACTERS = 4096;
