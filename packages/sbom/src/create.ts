import {
  ComponentType,
  ExternalReferenceType,
  type HashAlgorithm,
  LifecyclePhase,
} from "@cyclonedx/cyclonedx-library/Enums";
import {
  Bom,
  Component,
  ExternalReference,
  HashDictionary,
  Metadata,
  type OptionalComponentProperties,
  Property,
  PropertyRepository,
  ComponentRepository,
  ExternalReferenceRepository,
  LifecycleRepository,
  Tools,
} from "@cyclonedx/cyclonedx-library/Models";
import { JsonSerializer } from "@cyclonedx/cyclonedx-library/Serialize";
import { Spec1dot6, Spec1dot7 } from "@cyclonedx/cyclonedx-library/Spec";
import { byUtf8, type JsonObject, MlsignError, parseJson, printable, sha256 } from "@mlsign/core";
import { PackageURL } from "packageurl-js";
import type { BomDataset, BomDependency, BomDigest, BomFacts } from "./facts.ts";
import { hashName } from "./hashes.ts";
import { MlComponent, MlFactory } from "./ml-component.ts";
import { purlOf } from "./purl.ts";
import { validateBom } from "./validate.ts";

/**
 * Makes a CycloneDX bill of materials of a model. The same facts give the same bytes. It is
 * validated, by schema and by `validateBom`'s rules, before it is returned.
 *
 * @throws MlsignError `usage` where the facts make no valid bill of materials.
 */
export async function createBom(facts: BomFacts): Promise<{ json: string; bom: JsonObject }> {
  const bom = new Bom({
    serialNumber: serialNumber(facts.model.root),
    metadata: new Metadata({
      timestamp: facts.timestamp,
      lifecycles: new LifecycleRepository([LifecyclePhase.Build]),
      tools: new Tools({
        components: new ComponentRepository([
          component(ComponentType.Application, facts.tool.name, `tool:${facts.tool.name}`, {
            version: facts.tool.version,
          }),
        ]),
      }),
    }),
  });
  const model = modelComponent(facts);
  bom.metadata.component = model;
  const parts = [
    ...facts.datasets.map(datasetComponent),
    ...(facts.container === undefined ? [] : [containerComponent(facts.container)]),
    ...facts.dependencies.map(dependencyComponent),
  ];
  refuseDuplicates([model, ...model.components, ...parts].map(({ bomRef }) => bomRef.value ?? ""));
  for (const part of parts) {
    bom.components.add(part);
    model.dependencies.add(part.bomRef);
  }
  const spec = facts.spec === "1.7" ? Spec1dot7 : Spec1dot6;
  const json = `${new JsonSerializer(new MlFactory(spec)).serialize(bom, { sortLists: true, space: 2 })}\n`;
  const faults = (await validateBom(json)).filter(({ outcome }) => outcome !== "pass");
  if (faults.length > 0) {
    const why = faults
      .slice(0, 5)
      .map(({ message }) => message)
      .join("; ");
    throw new MlsignError("usage", `Cannot make a bill of materials from these facts: ${why}`);
  }
  return { json, bom: parseJson(json) as JsonObject };
}

/** The library would tell duplicates apart by chance, and the output would differ from run to run. */
function refuseDuplicates(refs: readonly string[]): void {
  const seen = new Set<string>();
  const twice = refs.find((ref) => seen.size === seen.add(ref).size);
  if (twice === undefined) return;
  throw new MlsignError(
    "usage",
    `Cannot make a bill of materials: "${printable(twice)}" is named twice`,
  );
}

function modelComponent({
  model,
  modelCard,
  datasets,
  git,
  baseModels = [],
}: BomFacts): MlComponent {
  const result = new MlComponent(ComponentType.MachineLearningModel, model.name, {
    bomRef: "model",
    ...optional({ version: model.version, purl: model.purl }),
    components: new ComponentRepository(
      model.files.map(({ path, size, sha256: hex }) =>
        component(ComponentType.File, path, `file:${path}`, {
          hashes: hashes([{ algorithm: "SHA-256", hex }]),
          properties: properties([["mlsign:file:size", String(size)]]),
        }),
      ),
    ),
    // The root is a digest of digests: as a hash of the component it would be taken for a file's.
    properties: properties([
      ["mlsign:oms:root-digest", model.root],
      ["mlsign:git:dirty", git?.dirty === undefined ? undefined : String(git.dirty)],
    ]),
  });
  result.modelCard = withDatasets(modelCard, datasets);
  if (git?.remote !== undefined) {
    const url = `${git.remote.startsWith("git+") ? "" : "git+"}${git.remote}@${git.commit}`;
    result.externalReferences = new ExternalReferenceRepository([
      new ExternalReference(url, ExternalReferenceType.VCS),
    ]);
  }
  const ancestors = baseModels
    .toSorted((a, b) => byUtf8(a.name, b.name))
    .map(({ name, version, purl, sha256: hex, root }) => ({
      type: "machine-learning-model",
      "bom-ref": `base:${name}${version === undefined ? "" : `@${version}`}`,
      name,
      ...optional({ version, purl }),
      ...(hex === undefined ? {} : { hashes: [{ alg: "SHA-256", content: hex }] }),
      ...(root === undefined
        ? {}
        : { properties: [{ name: "mlsign:oms:root-digest", value: root }] }),
    }));
  const commits =
    git === undefined
      ? []
      : [{ uid: git.commit, ...(git.remote === undefined ? {} : { url: git.remote }) }];
  if (ancestors.length + commits.length > 0) {
    result.pedigree = {
      ...(ancestors.length > 0 ? { ancestors } : {}),
      ...(commits.length > 0 ? { commits } : {}),
    };
  }
  return result;
}

/** The card's own data sets stay; those of the facts are referred to. */
function withDatasets(
  card: JsonObject | undefined,
  datasets: readonly BomDataset[],
): JsonObject | undefined {
  if (datasets.length === 0) return card;
  const refs = datasets
    .map(({ name }) => ({ ref: `data:${name}` }))
    .toSorted((a, b) => byUtf8(a.ref, b.ref));
  const parameters = (card?.modelParameters ?? {}) as JsonObject;
  return { ...card, modelParameters: { ...parameters, datasets: refs } };
}

function datasetComponent({ name, sha256: hex, dvcOid, path, url }: BomDataset): MlComponent {
  const result = new MlComponent(ComponentType.Data, name, {
    bomRef: `data:${name}`,
    hashes: hashes(hex === undefined ? [] : [{ algorithm: "SHA-256", hex }]),
    properties: properties([
      ["mlsign:dvc:md5", dvcOid],
      ["mlsign:dvc:path", path],
    ]),
  });
  result.data = [{ type: "dataset", name, ...(url === undefined ? {} : { contents: { url } }) }];
  return result;
}

function containerComponent({ reference, digest }: NonNullable<BomFacts["container"]>): Component {
  const repository = reference.replace(/@.*$/, "").replace(/:[^/:]*$/, "");
  const name = repository.split("/").at(-1) ?? repository;
  return component(ComponentType.Container, repository, `container:${repository}`, {
    version: digest,
    purl: new PackageURL(
      "oci",
      undefined,
      name.toLowerCase(),
      digest,
      { repository_url: repository },
      undefined,
    ).toString(),
    hashes: hashes([{ algorithm: "SHA-256", hex: digest.replace(/^sha256:/, "") }]),
  });
}

function dependencyComponent(dependency: BomDependency): Component {
  const { ecosystem, name, version, installed = [], artifacts = [] } = dependency;
  const result = component(ComponentType.Library, name, `lib:${ecosystem}:${name}@${version}`, {
    version,
    purl: purlOf(dependency),
    hashes: hashes(installed),
  });
  for (const { filename, url, hashes: allowed } of artifacts) {
    // A pin may allow several digests of one algorithm, which one dictionary cannot hold.
    for (const digest of allowed) {
      result.externalReferences.add(
        new ExternalReference(
          url ?? encodeURI((filename ?? name).toWellFormed()),
          ExternalReferenceType.Distribution,
          {
            hashes: hashes([digest]),
            ...(filename === undefined ? {} : { comment: filename }),
          },
        ),
      );
    }
  }
  return result;
}

function component(
  type: ComponentType,
  name: string,
  bomRef: string,
  more: OptionalComponentProperties,
): Component {
  return new Component(type, name, { bomRef, ...more });
}

function hashes(digests: readonly BomDigest[]): HashDictionary {
  return new HashDictionary(
    digests.map(({ algorithm, hex }) => [hashName(algorithm) as HashAlgorithm, hex] as const),
  );
}

function properties(pairs: readonly (readonly [string, string | undefined])[]): PropertyRepository {
  return new PropertyRepository(
    pairs.flatMap(([name, value]) => (value === undefined ? [] : [new Property(name, value)])),
  );
}

function optional(values: { version: string | undefined; purl: string | undefined }): {
  version?: string;
  purl?: string;
} {
  const { version, purl } = values;
  return { ...(version === undefined ? {} : { version }), ...(purl === undefined ? {} : { purl }) };
}

/** A UUID (RFC 9562, version 8) from the root digest, so that a model has one serial number. */
function serialNumber(root: string): string {
  const hex = sha256(`urn:mlsign:bom:v1:${root}`).toString("hex");
  const variant = ((Number.parseInt(hex[16] ?? "0", 16) & 3) | 8).toString(16);
  return `urn:uuid:${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
