import type { JsonObject } from "@mlsign/core";
import type {
  BaseModelFact,
  ContainerFact,
  DatasetFact,
  LineageFacts,
  LockFact,
  Pin,
  Pins,
  RunFact,
  SourceFact,
} from "./facts.ts";

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
  const { source, datasets, container, locks, baseModels, run, missing } = facts;
  return {
    buildDefinition: {
      buildType: LINEAGE_BUILD_TYPE,
      externalParameters: {
        repository: source?.remote ?? null,
        ref: source?.ref ?? null,
        image: container?.reference ?? null,
        data: [...new Set(datasets.map(({ file }) => file))],
      },
      internalParameters: {
        missing: [...missing],
        ...(run !== undefined && { mlflow: runParameters(run) }),
      },
      resolvedDependencies: [
        ...(source === undefined ? [] : [sourceDependency(source)]),
        ...dataDependencies(datasets, source),
        ...(container?.digest === undefined
          ? []
          : [containerDependency(container, container.digest)]),
        ...locks.map((lock) => lockDependency(lock, source)),
        ...baseModels.flatMap(baseModelDependency),
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

/** Without a name: readers take a dependency with a git URI and no name for a source repository. */
function sourceDependency(source: SourceFact): JsonObject {
  const { kind, status, principal, fingerprint } = source.signature;
  const at = source.ref === undefined ? source.commit : source.ref;
  return {
    uri: `git+${remoteOf(source)}@${at}`,
    digest: { gitCommit: source.commit, gitTree: source.tree },
    annotations: {
      "mlsign.role": "source",
      "mlsign.clean": source.clean === true,
      "mlsign.shallow": source.shallow,
      "mlsign.signature": kind,
      "mlsign.signatureStatus": status,
      ...(principal !== undefined && { "mlsign.signer": principal }),
      ...(fingerprint !== undefined && { "mlsign.signerKey": fingerprint }),
    },
  };
}

/**
 * Exactly one data set by default: what one `.dvc` file names is `dataset`; where it names several
 * outputs, the file's own bytes at the commit are the data set, and each output is a `datasetPart`.
 */
function dataDependencies(
  datasets: readonly DatasetFact[],
  source: SourceFact | undefined,
): JsonObject[] {
  const files = Map.groupBy(datasets, ({ file }) => file);
  return [...files].flatMap(([file, parts]) => {
    const strong = parts.filter(({ sha256 }) => sha256 !== undefined);
    const role = parts.length > 1 ? "datasetPart" : "dataset";
    const listed = strong.map((fact) => dataDependency(fact, role, source));
    const [first] = parts;
    if (first === undefined || parts.length === 1) return listed;
    const whole = {
      uri: dvcUri(source, file),
      name: file,
      digest: { sha256: first.fileSha256 },
      annotations: {
        "mlsign.role": "dataset",
        "mlsign.dvcFile": file,
        "mlsign.parts": parts.length,
      },
    };
    return [whole, ...listed];
  });
}

function dataDependency(
  fact: DatasetFact,
  role: "dataset" | "datasetPart",
  source: SourceFact | undefined,
): JsonObject {
  const [whole] = fact.pins?.objects ?? [];
  const versionId = whole?.versionId ?? fact.versionId;
  return {
    uri: dvcUri(source, fact.path),
    name: fact.path,
    ...(fact.pins && whole && { downloadLocation: locationOf(fact.pins, whole) }),
    digest: {
      md5: fact.oid.replace(/\.dir$/, ""),
      ...(fact.sha256 !== undefined && { sha256: fact.sha256 }),
      ...(fact.dirHash1 !== undefined && { dirHash1: fact.dirHash1 }),
    },
    annotations: {
      "mlsign.role": role,
      "mlsign.dvcOid": fact.oid,
      "mlsign.hash": fact.algorithm,
      "mlsign.dvcFile": fact.file,
      "mlsign.dvcFileSha256": fact.fileSha256,
      ...(fact.size !== undefined && { "mlsign.size": fact.size }),
      ...(fact.nfiles !== undefined && { "mlsign.nfiles": fact.nfiles }),
      ...(versionId !== undefined && { "mlsign.versionId": versionId }),
      ...(fact.pins !== undefined && { "mlsign.remote": remoteObjects(fact.pins) }),
      "mlsign.verified": fact.matches === true ? "rehashed" : "differs",
    },
  };
}

function remoteObjects({ remote, objects }: Pins): JsonObject {
  return {
    url: remote,
    objects: objects.map(({ key, versionId, size, checksums }) => ({
      key,
      versionId,
      size,
      checksums: { ...checksums },
    })),
  };
}

function locationOf({ remote }: Pins, { key }: Pin): string {
  return `${/^[^:]+:\/\/[^/]+/.exec(remote)?.[0] ?? ""}/${key}`;
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

/** With a name: it is no source of its own, but a file of the source. */
function lockDependency({ path, sha256 }: LockFact, source: SourceFact | undefined): JsonObject {
  return {
    uri: `git+${remoteOf(source)}@${source?.commit ?? "unknown"}#${encodeURI(path)}`,
    name: path,
    digest: { sha256 },
    annotations: { "mlsign.role": "lockFile" },
  };
}

/** One that is known by neither bytes nor revision has no digest, and is only named as missing. */
function baseModelDependency(model: BaseModelFact): JsonObject[] {
  const { uri, name, root, dirHash1, revision } = model;
  const digest = {
    ...(root !== undefined && { sha256: root }),
    ...(dirHash1 !== undefined && { dirHash1 }),
    ...(revision !== undefined && { gitCommit: revision }),
  };
  if (Object.keys(digest).length === 0) return [];
  return [{ uri, name, digest, annotations: { "mlsign.role": "baseModel" } }];
}

function runParameters({ runId, commit, image, dirty }: RunFact): JsonObject {
  return {
    run_id: runId,
    ...(commit !== undefined && { commit }),
    ...(image !== undefined && { image }),
    ...(dirty !== undefined && { dirty }),
  };
}

function dvcUri(source: SourceFact | undefined, path: string): string {
  return `dvc+${remoteOf(source)}@${source?.commit ?? "unknown"}#${encodeURI(path)}`;
}

function remoteOf(source: SourceFact | undefined): string {
  return source?.remote ?? "file:///unknown";
}
