import { createHash } from "node:crypto";

/** Whether a text is a full object name: SHA-1 or SHA-256, lower-case hex. */
export function isOid(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** The name of an object by its content, in the hash function of a given name. */
export function oidOf(kind: "blob" | "commit" | "tree", content: Uint8Array, like: string): string {
  return createHash(like.length === 64 ? "sha256" : "sha1")
    .update(`${kind} ${content.length}\0`)
    .update(content)
    .digest("hex");
}
