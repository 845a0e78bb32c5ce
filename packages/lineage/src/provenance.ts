import { isRecord, type JsonObject, type JsonValue, MlsignError } from "@mlsign/core";
import type { ContainerFact, DatasetFact, LineageFacts, SourceFact } from "./facts.ts";

export const LINEAGE_PREDICATE = "https://slsa.dev/provenance/v1";
export const LINEAGE_BUILD_TYPE = "urn:mlsign:buildtype:train:v1";

/** Who trained, and when; times are ISO 8601 in UTC. */
export interface BuildFacts {
  /** Of the CI job, where there is one. */
  readonly builder: string;
  readonly invocation?: string;
  readonly finishedOn?: string;
}

/**
 * The lineage as SLSA provenance v1, with no field outside its closed list, so that strict readers
 * take it. `undefined` digests are left out, and a data set whose bytes were not read is named
 * without one: its MD5 alone would be an identifier that passes for a digest.
 */
export function lineagePredicate(facts: LineageFacts, build: BuildFacts): JsonObject {
  const { source, datasets, container, missing } = facts;
  return {
    buildDefinition: {
      buildType: LINEAGE_BUILD_TYPE,
      externalParameters: {
        repository: source?.remote ?? null,
        ref: source?.ref ?? null,
        image: container?.reference ?? null,
        data: datasets.map(({ file }) => file).filter((file, at, all) => all.indexOf(file) === at),
      },
      internalParameters: { missing: [...missing] },
      resolvedDependencies: [
        ...(source === undefined ? [] : [sourceDependency(source)]),
        ...datasets
          .filter(({ sha256 }) => sha256 !== undefined)
          .map((fact) => dataDependency(fact, source, datasets.length)),
        ...(container?.digest === undefined
          ? []
          : [containerDependency(container, container.digest)]),
      ],
    },
    runDetails: {
      builder: { id: build.builder },
      metadata: {
        ...(build.invocation !== undefined && { invocationId: build.invocation }),
        ...(build.finishedOn !== undefined && { finishedOn: build.finishedOn }),
      },
    },
  };
}

/** A lineage claim, read back. What it says is not yet checked. */
export interface LineageClaim {
  readonly commits: readonly {
    readonly uri: string;
    readonly commit: string;
    readonly clean: boolean;
  }[];
  readonly datasets: readonly {
    readonly path: string;
    readonly role: string;
    readonly oid: string;
    readonly sha256: string | undefined;
    readonly dirHash1: string | undefined;
    readonly algorithm: "md5" | "md5-dos2unix";
    readonly file: string | undefined;
  }[];
  readonly containers: readonly { readonly uri: string; readonly digest: string }[];
}

/** @throws MlsignError `manifest-invalid` where the predicate is no lineage of ours. */
export function readLineage(predicate: JsonValue): LineageClaim {
  const definition = isRecord(predicate) ? predicate.buildDefinition : undefined;
  if (!isRecord(definition) || definition.buildType !== LINEAGE_BUILD_TYPE)
    throw invalid("another build type");
  const list = definition.resolvedDependencies;
  if (!Array.isArray(list)) throw invalid("no resolvedDependencies");
  const dependencies = list.map((item: unknown) => {
    if (!isRecord(item) || !isRecord(item.digest)) throw invalid("a dependency has no digest");
    const annotations = isRecord(item.annotations) ? item.annotations : {};
    const text = (value: unknown): string | undefined =>
      typeof value === "string" ? value : undefined;
    return {
      uri: text(item.uri) ?? "",
      name: text(item.name),
      digest: item.digest,
      annotations,
      text,
    };
  });
  const of = (...roles: string[]) =>
    dependencies.filter(({ annotations }) =>
      roles.includes(String(annotations["mlsign.role"] as string)),
    );
  return {
    commits: of("source").map(({ uri, digest, annotations, text }) => ({
      uri,
      commit: text(digest.gitCommit) ?? "",
      clean: annotations["mlsign.clean"] === true,
    })),
    datasets: of("dataset", "datasetPart").map(({ name, digest, annotations, text }) => ({
      path: name ?? "",
      role: text(annotations["mlsign.role"]) ?? "",
      oid: text(annotations["mlsign.dvcOid"]) ?? "",
      sha256: text(digest.sha256),
      dirHash1: text(digest.dirHash1),
      algorithm: annotations["mlsign.hash"] === "md5-dos2unix" ? "md5-dos2unix" : "md5",
      file: text(annotations["mlsign.dvcFile"]),
    })),
    containers: of("container").map(({ uri, digest, text }) => ({
      uri,
      digest: `sha256:${text(digest.sha256) ?? ""}`,
    })),
  };
}

/** Without a name: readers take a dependency with a git URI and no name for a source repository. */
function sourceDependency(source: SourceFact): JsonObject {
  const at = source.ref === undefined ? source.commit : source.ref;
  return {
    uri: `git+${source.remote ?? "file:///unknown"}@${at}`,
    digest: { gitCommit: source.commit, gitTree: source.tree },
    annotations: {
      "mlsign.role": "source",
      "mlsign.clean": source.clean,
      "mlsign.shallow": source.shallow,
    },
  };
}

function dataDependency(
  fact: DatasetFact,
  source: SourceFact | undefined,
  count: number,
): JsonObject {
  return {
    uri: `dvc+${source?.remote ?? "file:///unknown"}@${source?.commit ?? "unknown"}#${encodeURI(fact.path)}`,
    name: fact.path,
    digest: {
      md5: fact.oid.replace(/\.dir$/, ""),
      ...(fact.sha256 !== undefined && { sha256: fact.sha256 }),
      ...(fact.dirHash1 !== undefined && { dirHash1: fact.dirHash1 }),
    },
    annotations: {
      // Exactly one data set by default: several parts say so, and are held together by their file.
      "mlsign.role": count === 1 ? "dataset" : "datasetPart",
      "mlsign.dvcOid": fact.oid,
      "mlsign.hash": fact.algorithm,
      "mlsign.dvcFile": fact.file,
      "mlsign.dvcFileSha256": fact.fileSha256,
      ...(fact.size !== undefined && { "mlsign.size": fact.size }),
      ...(fact.nfiles !== undefined && { "mlsign.nfiles": fact.nfiles }),
      "mlsign.verified": fact.matches === true ? "rehashed" : "differs",
    },
  };
}

function containerDependency(container: ContainerFact, digest: string): JsonObject {
  const [algorithm = "", hex = ""] = digest.split(":");
  const name = container.repository.split("/").at(-1) ?? "";
  const url = `${container.registry}/${container.repository}`;
  return {
    uri: `pkg:oci/${encodeURIComponent(name)}@${encodeURIComponent(digest)}?repository_url=${encodeURIComponent(url)}`,
    digest: { [algorithm]: hex },
    annotations: { "mlsign.role": "container" },
  };
}

function invalid(why: string): MlsignError {
  return new MlsignError("manifest-invalid", `Cannot read lineage: ${why}`);
}
