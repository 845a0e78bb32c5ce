import { relative, resolve } from "node:path";
import { EXIT, hexOf, MlsignError, printable, sha256 } from "@mlsign/core";
import { writeFileAtomic } from "@mlsign/files";
import { findCard } from "../card/find-card.ts";
import { type DependencyPolicyFlags, judgeLocks } from "../deps/lock-files.ts";
import type { Host } from "../host.ts";
import { lineageOf } from "../lineage/lineage-claim.ts";
import { claimManifest, type ClaimManifestOptions } from "../model/claim-manifest.ts";
import { locateModel, type ModelLocation } from "../model/model-location.ts";
import { nameBelow } from "../model/name-below.ts";
import { say, writeJson } from "../terminal/output.ts";
import { modelBom } from "./model-bom.ts";

export interface CreateSbomOptions extends ClaimManifestOptions, DependencyPolicyFlags {
  readonly output?: string;
  readonly specVersion?: "1.6" | "1.7";
  readonly deps?: readonly string[];
  readonly card?: string;
  readonly data?: readonly string[];
  readonly container?: string;
  readonly baseModel?: readonly string[];
  readonly name?: string;
  readonly modelVersion?: string;
  readonly json?: boolean;
}

/** Makes a model's bill of materials, to a file or as data, and says what it does not hold. */
export async function createSbom(
  model: string,
  options: CreateSbomOptions,
  host: Host,
): Promise<number> {
  const location = locateModel(model, host.cwd);
  const output = options.output === undefined ? undefined : resolve(host.cwd, options.output);
  if (output !== undefined) refuseInside(output, location, options, host);
  const found = options.card === undefined ? undefined : findCard(location, options.card, host);
  const card = found === undefined || "missing" in found ? undefined : found.card;
  const locks = options.deps === undefined ? undefined : judgeLocks(options.deps, options, host);
  const { data, container, baseModel } = options;
  const lineage = await lineageOf(
    {
      ...(data && { data }),
      ...(container !== undefined && { container }),
      ...(baseModel && { baseModel }),
    },
    location,
    host,
  );
  const { manifest } = await claimManifest(location, options, host);
  const { json, components, missing } = await modelBom({
    manifest,
    name: options.name,
    version: options.modelVersion,
    card,
    lineage,
    locks,
    spec: options.specVersion,
    now: host.clock(),
  });
  for (const what of missing) say(host, `missing: ${what}`);
  if (locks?.verdict === "refused") {
    say(host, "warning: not every dependency is pinned by hash: see mlsign deps check");
  }
  if (output !== undefined) {
    writeFileAtomic(output, json);
    const shown = printable(relative(host.cwd, output) || output);
    const files = manifest.files.length;
    say(host, `wrote ${shown}: files ${files}, other components ${components}`);
  }
  if (options.json) {
    writeJson(host, {
      schema: "urn:mlsign:sbom-create:v1",
      model,
      output: options.output ?? null,
      sha256: hexOf(sha256(json)),
      root: manifest.root,
      files: manifest.files.length,
      components,
      missing: [...missing],
      bom: output === undefined ? json : null,
    });
  } else if (output === undefined) host.out(json);
  return EXIT.accepted;
}

/** A file in the model would be one more file of it, which the bill of materials does not name. */
function refuseInside(
  output: string,
  location: ModelLocation,
  { ignorePath = [] }: ClaimManifestOptions,
  host: Host,
): void {
  const inside = location.directory ? nameBelow(location.path, output) : undefined;
  if (inside === undefined && output !== location.path) return;
  if (ignorePath.some((path) => resolve(host.cwd, path) === output || path === inside)) return;
  throw new MlsignError(
    "usage",
    `Cannot write ${printable(relative(host.cwd, output))}: it would change the model`,
    { hint: "write it beside the model, or leave it out with --ignore-path" },
  );
}
