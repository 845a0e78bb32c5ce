import { createHash, type Hash } from "node:crypto";
import { isRecord } from "@mlsign/core";

/** What a manifest says of a blob or another manifest (image specification, descriptors). */
export interface Descriptor {
  readonly mediaType: string;
  /** `sha256:<hex>` or `sha512:<hex>`. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
  readonly artifactType?: string | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** A stranger's descriptor, `undefined` where it is none. Fields that are not known are dropped. */
export function readDescriptor(value: unknown): Descriptor | undefined {
  if (!isRecord(value)) return undefined;
  const { mediaType, digest, size, artifactType, annotations = {} } = value;
  if (typeof mediaType !== "string" || typeof digest !== "string" || !isDigest(digest))
    return undefined;
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0) return undefined;
  if (artifactType !== undefined && typeof artifactType !== "string") return undefined;
  if (!isTexts(annotations)) return undefined;
  return { mediaType, digest, size, artifactType, annotations };
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === "string");
}

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** `sha256:<hex>` of bytes. */
export function digestOf(data: Uint8Array): string {
  return `sha256:${createHash("sha256").update(data).digest("hex")}`;
}

/** A hash of the algorithm that a digest names. */
export function hashFor(digest: string): Hash {
  return createHash(digest.slice(0, digest.indexOf(":")));
}

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
