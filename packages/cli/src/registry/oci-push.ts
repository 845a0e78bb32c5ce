import { basename } from "node:path";
import { type Bundle, parseBundle } from "@mlsign/bundle";
import { EXIT, type JsonValue, MlsignError, parseJson, printable } from "@mlsign/core";
import { readClaims } from "@mlsign/evidence";
import { compareDigests, type Manifest, manifestOf, readModelStatement } from "@mlsign/manifest";
import { parseReference } from "@mlsign/oci";
import { attachBundles, packModel, pushModel } from "@mlsign/registry";
import type { Host } from "../host.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { claimsFiles } from "../model/claims-location.ts";
import { locateModel, type ModelLocation, signatureBytes } from "../model/model-location.ts";
import { modelSource } from "../model/model-source.ts";
import { say, writeJson } from "../terminal/output.ts";
import { progressLine } from "../terminal/progress-line.ts";
import { repositoryOf } from "./oci-login.ts";

export interface PushFlags {
  readonly json?: boolean;
}

/**
 * Stores a signed model in a registry: its files, then its signature and claims, and the tag last,
 * so that who follows it finds all of them. What is not what its signature says is not stored.
 */
export async function pushToRegistry(
  model: string,
  named: string,
  { json = false }: PushFlags,
  host: Host,
): Promise<number> {
  const reference = parseReference(named);
  if (reference.digest !== undefined) {
    throw new MlsignError("usage", "Cannot push to a digest: it is what comes of pushing", {
      hint: "name a repository, with a tag or without one",
    });
  }
  const location = locateModel(model, host.cwd);
  const { bundle, data } = signatureOf(location, model);
  const { manifest, listing } = await claimManifest(location, {}, host);
  await checkSigned(bundle, { location, manifest, model }, host);
  const packed = packModel(manifest, location.directory ? undefined : basename(location.path));
  const repository = repositoryOf(reference, host);
  const progress = progressLine(host);
  let sent: number;
  try {
    const { root } = listing;
    sent = await pushModel(repository, packed, {
      path: (name) => (location.directory ? `${root}/${name}` : root),
      onProgress: progress.onProgress,
      signal: host.signal,
    });
  } finally {
    progress.end();
  }
  const lines = readClaims(claimsFiles(location));
  const damaged = lines.filter((line) => line.bundle === undefined);
  for (const { file, line, fault } of damaged)
    say(host, `left out line ${line} of ${printable(basename(file))}: ${printable(fault ?? "")}`);
  const texts = [data, ...lines.flatMap(({ text, bundle: of }) => (of ? [text] : []))];
  const subject = {
    mediaType: packed.mediaType,
    digest: packed.digest,
    size: packed.body.length,
  };
  const attached = await attachBundles(repository, subject, texts, host.clock());
  if (reference.tag !== undefined) await repository.putManifest(packed, reference.tag);
  const stored = `${repository.registry}/${repository.name}@${packed.digest}`;
  const files = packed.layers.length;
  say(
    host,
    `${files} ${files === 1 ? "file" : "files"}, ${sent} sent; ${attached} bundles attached`,
  );
  if (json) {
    const bytes = packed.layers.reduce((sum, { size }) => sum + size, 0);
    const tag = reference.tag ?? null;
    const counts = { files, bytes, sent, bundles: texts.length, attached };
    const document: Record<string, JsonValue> = { model, reference: stored, tag, ...counts };
    writeJson(host, { schema: "urn:mlsign:push:v1", ...document });
  } else host.out(`${stored}\n`);
  return EXIT.accepted;
}

function signatureOf(
  location: ModelLocation,
  model: string,
): { readonly bundle: Bundle; readonly data: string } {
  const data = signatureBytes(location);
  if (data === undefined) {
    throw new MlsignError("unsigned", `Cannot push ${printable(model)}: it is unsigned`, {
      hint: "sign it with mlsign sign: nobody could pull it as it is",
    });
  }
  return { bundle: parseBundle(data), data: data.toString("utf8") };
}

/** Whose signature it is, those who pull say; that it is of these files can be said here. */
async function checkSigned(
  { content }: Bundle,
  { location, manifest, model }: Pushed,
  host: Host,
): Promise<void> {
  const changed = (why: string): MlsignError =>
    new MlsignError("unsigned", `Cannot push ${printable(model)}: ${why}`, {
      hint: "see what changed with mlsign verify, or sign it again",
    });
  if (content.kind !== "dsse") throw changed("its signature is no model signature");
  const signed = readModelStatement(parseJson(content.payload));
  const { serialization } = signed;
  const alike = serialization.method === "files" && serialization.hashType === "sha256";
  const compared = alike ? manifest : await hashedAs(signed.serialization, location, host);
  if (!compareDigests(signed, compared).same) throw changed("its files are not the signed ones");
}

interface Pushed {
  readonly location: ModelLocation;
  readonly manifest: Manifest;
  readonly model: string;
}

/** Shards, or another hash: registries want SHA-256 of whole files beside them. */
async function hashedAs(
  serialization: Manifest["serialization"],
  location: ModelLocation,
  host: Host,
): Promise<Manifest> {
  const source = modelSource(location, false);
  const { ignorePaths, allowSymlinks } = serialization;
  const listing = await source.list({
    ignorePaths: [...ignorePaths, ...location.ownNames],
    allowSymlinks,
    signal: host.signal,
  });
  return manifestOf(source, listing, { serialization, signal: host.signal });
}
