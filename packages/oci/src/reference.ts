import { MlsignError, printable } from "@mlsign/core";

/** A container reference, taken apart. Where it has a digest, its tag means nothing. */
export interface Reference {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:<hex>` or `sha512:<hex>`. */
  readonly digest: string | undefined;
}

/**
 * Parses `[domain[:port]/]path[:tag][@digest]` (distribution/reference); Docker Hub's short names
 * are spelled out.
 *
 * @throws MlsignError `reference-invalid`
 */
export function parseReference(text: string): Reference {
  const invalid = (why: string): MlsignError =>
    new MlsignError(
      "reference-invalid",
      `Cannot read container reference "${printable(text)}": ${why}`,
    );
  const [named = "", digest, more] = text.split("@");
  if (more !== undefined) throw invalid("two digests");
  if (digest !== undefined && !DIGEST.test(digest))
    throw invalid("its digest is not sha256 or sha512 in lower-case hex");
  const match = /^(?:([^/]+)\/)?(.*?)(?::([^:/]+))?$/.exec(named);
  const [, first, rest = "", tag] = match ?? [];
  const domain = first !== undefined && isDomain(first) ? first : undefined;
  const path = domain === undefined ? [first, rest].filter((part) => part).join("/") : rest;
  if (tag !== undefined && !TAG.test(tag)) throw invalid("its tag is malformed");
  const registry = domain ?? HUB;
  const repository = registry === HUB && !path.includes("/") ? `library/${path}` : path;
  if (!REPOSITORY.test(repository) || registry.length + repository.length > 255)
    throw invalid("its name is malformed");
  return { registry, repository, tag, digest };
}

/** Whether a reference names one content: by digest, not by a tag that can move. */
export function isPinned(reference: Reference): boolean {
  return reference.digest !== undefined;
}

/** The first part is a domain only where nothing else could be meant. */
function isDomain(part: string): boolean {
  return DOMAIN.test(part) && (part.includes(".") || part.includes(":") || part === "localhost");
}

const HUB = "docker.io";
const DOMAIN =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*(?::\d{1,5})?$/;
const REPOSITORY =
  /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
