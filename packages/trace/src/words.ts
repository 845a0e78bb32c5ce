import type { EdgeStatus, LineageGraph, LineageNode } from "@mlsign/core";

/** Marks that carry the meaning of a status without colour. */
export const MARKS: Readonly<Record<EdgeStatus, string>> = {
  verified: "✓",
  unverified: "?",
  failed: "✗",
  missing: "∅",
};

/** A node's short name: its last part, where it is a URI. */
export function labelOf({ name, digests }: LineageNode): string {
  const commit = digests.gitCommit;
  if (commit !== undefined) return `${tail(name.replace(/@[^@]*$/, ""))} @ ${commit.slice(0, 12)}`;
  return tail(name.replace(/(?:@|%40)sha256(?::|%3A)[0-9a-f]+.*$/i, ""));
}

/** `sha256:0123456789ab…` of what a thing is best known by. */
export function shortDigest({ digests }: LineageNode): string {
  const [algorithm] = ["sha256", "gitCommit", ...Object.keys(digests)].filter(
    (it) => it in digests,
  );
  if (algorithm === undefined) return "";
  const value = digests[algorithm] ?? "";
  return value.length <= 12 ? `${algorithm}:${value}` : `${algorithm}:${value.slice(0, 12)}…`;
}

/** Nodes by their identifier. */
export function nodesOf({ nodes }: LineageGraph): ReadonlyMap<string, LineageNode> {
  return new Map(nodes.map((node) => [node.id, node]));
}

/** What nothing leads to, in order: where a reader begins. */
export function rootsOf({ focus, nodes, edges }: LineageGraph): LineageNode[] {
  const led = new Set(edges.map(({ to }) => to));
  const free = nodes.filter(({ id }) => !led.has(id));
  const first = nodes.filter(({ id }) => id === focus && (free.length === 0 || !led.has(id)));
  return [...new Set([...first, ...(free.length > 0 ? free : nodes.slice(0, 1))])];
}

function tail(name: string): string {
  if (!/^[a-z][a-z0-9+.-]*:/i.test(name)) return name;
  const [path = "", fragment] = name.split("#");
  if (fragment !== undefined && fragment !== "") return decoded(fragment);
  return decoded(path.split("?")[0]?.split("/").filter(Boolean).at(-1) ?? name);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
