import { existsSync } from "node:fs";
import { parseBundle } from "@mlsign/bundle";
import { parseJson } from "@mlsign/core";
import { readModelStatement } from "@mlsign/manifest";
import { type ModelLocation, signatureBytes } from "./model-location.ts";

/** Every place where claims about a model may lie. */
export function claimsFiles({ path, directory }: ModelLocation): string[] {
  return directory ? [`${path}/${CLAIMS}`, `${path}.${CLAIMS}`] : [`${path}.${CLAIMS}`];
}

/**
 * Where new claims go: inside a directory model, but beside it where somebody signed the directory
 * without leaving `claims.jsonl` out, since a file in it would then break the signature.
 */
export function newClaimsFile(location: ModelLocation): string {
  const [inside = "", beside = inside] = claimsFiles(location);
  if (!location.directory) return inside;
  const ignored = signedIgnores(location);
  return ignored === undefined || ignored.includes(CLAIMS) ? inside : beside;
}

/** What an existing signature leaves out; unverified: it only decides which files a claim covers. */
export function signedIgnores(location: ModelLocation): readonly string[] | undefined {
  if (!existsSync(location.signaturePath)) return undefined;
  try {
    const { content } = parseBundle(signatureBytes(location) ?? Buffer.alloc(0));
    if (content.kind !== "dsse") return undefined;
    return readModelStatement(parseJson(content.payload)).serialization.ignorePaths;
  } catch {
    return undefined;
  }
}

const CLAIMS = "claims.jsonl";
