import { relative } from "node:path";
import { readStatement } from "@mlsign/bundle";
import { type JsonObject, messageOf } from "@mlsign/core";
import {
  type ClaimLine,
  claimSigner,
  matchSubject,
  type ModelIdentity,
  readClaims,
} from "@mlsign/evidence";
import type { Host } from "../host.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { claimsFiles } from "../model/claims-location.ts";
import type { ModelLocation } from "../model/model-location.ts";

/** A claim as data. */
export interface ClaimDescription extends JsonObject {
  readonly file: string;
  readonly line: number;
  readonly sha256: string;
  readonly status: string;
}

/** The claims beside a model: what each says of itself, and whether it is about this model. */
export async function describeClaims(
  location: ModelLocation,
  host: Host,
): Promise<ClaimDescription[]> {
  const lines = readClaims(claimsFiles(location));
  if (lines.length === 0) return [];
  const { manifest, listing } = await claimManifest(location, {}, host);
  const model = { name: listing.name, root: manifest.root, dirHash1: manifest.dirHash1 };
  return lines.map((line) => describeClaim(line, model, host.cwd));
}

function describeClaim(line: ClaimLine, model: ModelIdentity, cwd: string): ClaimDescription {
  const place = { file: relative(cwd, line.file), line: line.line, sha256: line.sha256 };
  const { bundle } = line;
  if (bundle === undefined) return { ...place, status: "damaged", fault: line.fault ?? "" };
  const signer = claimSigner(bundle);
  const times = bundle.tlogEntries
    .map(({ integratedTime }) => Number(integratedTime))
    .filter((seconds) => seconds > 0)
    .map((seconds) => new Date(seconds * 1000).toISOString());
  const common = {
    ...place,
    method: signer.method,
    signer: signer.method === "certificate" ? "a certificate" : signer.id,
    ...(signer.issuer !== undefined && { issuer: signer.issuer }),
    ...(times[0] !== undefined && { claimedTime: times[0] }),
    timestamps: bundle.timestamps.length,
  };
  if (bundle.content.kind !== "dsse")
    return { ...common, status: "damaged", fault: "it is no statement" };
  try {
    const statement = readStatement(bundle.content.payload);
    const matches = statement.subject.map((subject) => matchSubject(subject, model));
    const best = (["both", "root", "renamed"] as const).find((match) => matches.includes(match));
    return { ...common, predicateType: statement.predicateType, status: STATUS[best ?? "other"] };
  } catch (error) {
    return { ...common, status: "damaged", fault: messageOf(error) };
  }
}

const STATUS = {
  both: "about this model",
  root: "about these contents (binds no names)",
  renamed: "about these contents under other names",
  other: "about another or an older model",
};
