import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { EXIT, hexOf, MlsignError, printable, sha256 } from "@mlsign/core";
import { type EvidencePart, packEvidence, readClaims } from "@mlsign/evidence";
import { writeNewFile } from "@mlsign/files";
import type { Host } from "../host.ts";
import { claimsFiles } from "../model/claims-location.ts";
import { signatureBytes } from "../model/model-location.ts";
import { readFile } from "../options/trust-options.ts";
import { MOST_POLICY_BYTES } from "../policy/policy-file.ts";
import { say, writeJson } from "../terminal/output.ts";
import { judgeByPolicy, type Judged, type PolicyFlags } from "./judge-policy.ts";

export interface ExportEvidenceOptions extends PolicyFlags {
  readonly output: string;
  readonly json?: boolean;
}

/**
 * Writes one archive with all that a verdict rests on but the model's bytes: an auditor needs
 * neither the cluster nor the weights. What is refused is exported too, and told.
 */
export async function exportEvidence(
  model: string,
  options: ExportEvidenceOptions,
  host: Host,
): Promise<number> {
  const output = resolve(host.cwd, options.output);
  if (existsSync(output))
    throw new MlsignError("output-exists", `Cannot write ${printable(options.output)}: it exists`);
  const judged = await judgeByPolicy(model, options, host);
  const { gathered, verdict, location, policy } = judged;
  const { manifest, listing } = gathered;
  const archive = await packEvidence({
    index: {
      model: listing.name,
      directory: location.directory,
      target: options.to,
      exportedAt: host
        .clock()
        .toISOString()
        .replace(/\.\d+Z$/, "Z"),
      files: manifest.files.map(({ path, size, digests }) => ({
        path,
        size,
        sha256: digests.sha256 ?? "",
      })),
      ignored: gathered.facts.ignoredFiles ?? [],
    },
    parts: partsOf(judged, options, host),
  });
  writeNewFile(output, archive, 0o644);
  say(host, `wrote ${printable(options.output)}: ${verdict} by policy sha256:${policy.sha256}`);
  if (options.json) {
    writeJson(host, {
      schema: "urn:mlsign:store-export:v1",
      model,
      archive: options.output,
      bytes: archive.length,
      verdict,
      policy: policy.sha256,
      root: manifest.root,
      dirHash1: manifest.dirHash1 ?? null,
    });
  }
  return EXIT.accepted;
}

function partsOf(
  { location, policy, gathered }: Judged,
  { trustedRoot }: ExportEvidenceOptions,
  host: Host,
): ReadonlyMap<EvidencePart, Buffer> {
  const signature = signatureBytes(location);
  const claims = readClaims(claimsFiles(location));
  const policyFile = resolve(host.cwd, policy.source);
  const policySignature = `${policyFile}.sig`;
  const policyBytes = readFile(policyFile, host, MOST_POLICY_BYTES);
  if (hexOf(sha256(policyBytes)) !== policy.sha256) {
    const what = `Cannot export ${printable(policy.source)}: it changed meanwhile`;
    throw new MlsignError("file-changed-while-hashing", what);
  }
  const parts = new Map<EvidencePart, Buffer>([
    ["policy.yaml", policyBytes],
    ["facts.json", Buffer.from(`${JSON.stringify(gathered.facts, undefined, 2)}\n`)],
  ]);
  if (signature !== undefined) parts.set("model.sig", signature);
  if (claims.length > 0)
    parts.set("claims.jsonl", Buffer.from(claims.map(({ text }) => `${text}\n`).join("")));
  if (existsSync(policySignature)) parts.set("policy.yaml.sig", readFile(policySignature, host));
  if (trustedRoot !== undefined) parts.set("trusted_root.json", readFile(trustedRoot, host));
  return parts;
}
