import { isRecord, type JsonValue, MlsignError } from "@mlsign/core";
import type { Pin, Pins } from "./facts.ts";
import { LINEAGE_BUILD_TYPE } from "./provenance.ts";

/** A lineage claim, read back. What it says is not yet checked. */
export interface LineageClaim {
  readonly commits: readonly ClaimedCommit[];
  readonly datasets: readonly ClaimedDataset[];
  /** Files that name several data sets, which are one data set by the file's own bytes. */
  readonly dataFiles: readonly { readonly file: string; readonly sha256: string | undefined }[];
  readonly containers: readonly { readonly uri: string; readonly digest: string }[];
  readonly locks: readonly { readonly path: string; readonly sha256: string | undefined }[];
  readonly baseModels: readonly ClaimedBaseModel[];
  readonly builder: string;
  readonly invocation: string | undefined;
}

export interface ClaimedCommit {
  readonly uri: string;
  readonly commit: string;
  readonly tree: string | undefined;
  readonly clean: boolean;
}

export interface ClaimedDataset {
  readonly path: string;
  readonly role: string;
  readonly oid: string;
  readonly sha256: string | undefined;
  readonly dirHash1: string | undefined;
  readonly algorithm: "md5" | "md5-dos2unix";
  readonly file: string | undefined;
  /** Of each remote that was asked. */
  readonly pins: readonly Pins[];
}

interface ClaimedBaseModel {
  readonly uri: string;
  readonly name: string;
  readonly root: string | undefined;
  readonly dirHash1: string | undefined;
  readonly revision: string | undefined;
}

/** @throws MlsignError `manifest-invalid` where the predicate is no lineage of ours. */
export function readLineage(predicate: JsonValue): LineageClaim {
  const definition = isRecord(predicate) ? predicate.buildDefinition : undefined;
  if (!isRecord(predicate) || !isRecord(definition) || definition.buildType !== LINEAGE_BUILD_TYPE)
    throw invalid("another build type");
  const list = definition.resolvedDependencies;
  if (!Array.isArray(list)) throw invalid("no resolvedDependencies");
  if (list.length > MOST_DEPENDENCIES) throw invalid(`more than ${MOST_DEPENDENCIES} dependencies`);
  const dependencies = list.map(readDependency);
  const of = (...roles: string[]) => dependencies.filter(({ role }) => roles.includes(role));
  const data = of("dataset", "datasetPart");
  const { builder, metadata } = isRecord(predicate.runDetails) ? predicate.runDetails : {};
  return {
    commits: of("source").map(({ uri, digest, annotations }) => ({
      uri,
      commit: textOf(digest.gitCommit) ?? "",
      tree: textOf(digest.gitTree),
      clean: annotations["mlsign.clean"] === true,
    })),
    datasets: data.filter(({ annotations }) => !isWhole(annotations)).map(datasetOf),
    dataFiles: data
      .filter(({ annotations }) => isWhole(annotations))
      .map(({ name = "", digest }) => ({ file: name, sha256: textOf(digest.sha256) })),
    containers: of("container").map(({ uri, digest }) => ({
      uri,
      digest: `sha256:${textOf(digest.sha256) ?? ""}`,
    })),
    locks: of("lockFile").map(({ name = "", digest }) => ({
      path: name,
      sha256: textOf(digest.sha256),
    })),
    baseModels: of("baseModel").map(({ uri, name = uri, digest }) => ({
      uri,
      name,
      root: textOf(digest.sha256),
      dirHash1: textOf(digest.dirHash1),
      revision: textOf(digest.gitCommit),
    })),
    builder: (isRecord(builder) ? textOf(builder.id) : undefined) ?? "",
    invocation: isRecord(metadata) ? textOf(metadata.invocationId) : undefined,
  };
}

/**
 * One claim with the pins of all of them: claims that tell the same story may have been made with
 * and without a remote at hand.
 */
export function mergePins(first: LineageClaim, others: readonly LineageClaim[]): LineageClaim {
  const datasets = first.datasets.map((dataset) => {
    const pins = [first, ...others].flatMap((claim) =>
      claim.datasets.filter(({ path }) => path === dataset.path).flatMap((it) => it.pins),
    );
    return { ...dataset, pins: [...new Map(pins.map((it) => [JSON.stringify(it), it])).values()] };
  });
  return { ...first, datasets };
}

type Fields = Readonly<Record<string, unknown>>;

interface Dependency {
  readonly uri: string;
  readonly name: string | undefined;
  readonly role: string;
  readonly digest: Fields;
  readonly annotations: Fields;
}

function readDependency(item: unknown): Dependency {
  if (!isRecord(item) || !isRecord(item.digest)) throw invalid("a dependency has no digest");
  const annotations = isRecord(item.annotations) ? item.annotations : {};
  const role = textOf(annotations["mlsign.role"]) ?? "";
  const { digest } = item;
  return { uri: textOf(item.uri) ?? "", name: textOf(item.name), role, digest, annotations };
}

/** A file that stands for the data sets that it names, rather than one data set. */
function isWhole(annotations: Fields): boolean {
  return annotations["mlsign.parts"] !== undefined;
}

function datasetOf({ name, role, digest, annotations }: Dependency): ClaimedDataset {
  return {
    path: name ?? "",
    role,
    oid: textOf(annotations["mlsign.dvcOid"]) ?? "",
    sha256: textOf(digest.sha256),
    dirHash1: textOf(digest.dirHash1),
    algorithm: annotations["mlsign.hash"] === "md5-dos2unix" ? "md5-dos2unix" : "md5",
    file: textOf(annotations["mlsign.dvcFile"]),
    pins: pinsOf(annotations["mlsign.remote"]),
  };
}

function pinsOf(value: unknown): Pins[] {
  if (value === undefined) return [];
  if (!isRecord(value) || typeof value.url !== "string" || !Array.isArray(value.objects))
    throw invalid("the objects of a remote are no list");
  if (value.objects.length > MOST_DEPENDENCIES)
    throw invalid(`more than ${MOST_DEPENDENCIES} objects`);
  return [{ remote: value.url, objects: value.objects.map(pinOf) }];
}

function pinOf(item: unknown): Pin {
  const { key, versionId, size, checksums } = isRecord(item) ? item : {};
  if (typeof key !== "string" || typeof versionId !== "string" || versionId === "")
    throw invalid("an object of a remote has no key or version");
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 0 || !isRecord(checksums))
    throw invalid("an object of a remote has no size or checksums");
  const texts = Object.entries(checksums).map(([name, text]): [string, string] => {
    if (typeof text !== "string") throw invalid("a checksum is no text");
    return [name, text];
  });
  return { key, versionId, size, checksums: Object.fromEntries(texts) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function invalid(why: string): MlsignError {
  return new MlsignError("manifest-invalid", `Cannot read lineage: ${why}`);
}

const MOST_DEPENDENCIES = 100_000;
