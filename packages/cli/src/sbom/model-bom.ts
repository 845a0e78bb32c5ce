import { type Card, convertCard } from "@mlsign/card";
import { isRecord, printable } from "@mlsign/core";
import type { CheckedDependencies } from "@mlsign/deps";
import type { LineageFacts } from "@mlsign/lineage";
import type { Manifest } from "@mlsign/manifest";
import { type BomDataset, type BomFacts, createBom } from "@mlsign/sbom";
import { VERSION } from "../version.ts";
import { bomDependencies } from "./bom-dependencies.ts";
import { bomFiles, datasetsOf } from "./sbom-truth.ts";

/** What a model's bill of materials is made from; what is not given is named as missing. */
export interface ModelBomInput {
  readonly manifest: Manifest;
  /** Default: the card's `mlsign.subject.name`, else the model's file name. */
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly card?: Card | undefined;
  readonly lineage?: LineageFacts | undefined;
  readonly locks?: CheckedDependencies | undefined;
  readonly spec?: "1.6" | "1.7" | undefined;
  readonly now: Date;
}

export interface ModelBom {
  readonly json: string;
  readonly components: number;
  /** What the bill of materials does not say, in words. */
  readonly missing: readonly string[];
}

/**
 * Makes the bill of materials of a model. The same input gives the same bytes.
 *
 * @throws MlsignError `usage` where the facts make no valid one
 */
export async function modelBom(input: ModelBomInput): Promise<ModelBom> {
  const { manifest, card, lineage, locks, spec, now } = input;
  const block = recordOf(card?.frontMatter?.value.mlsign);
  const subject = recordOf(block.subject);
  const version = input.version ?? textOf(subject.version);
  const missing: string[] = [...(lineage?.missing ?? ["no lineage"])];
  if (card === undefined) missing.push("no card: no modelCard");
  if (locks === undefined) missing.push("no dependencies: no lock file was named");
  const { dependencies, left } = bomDependencies(locks?.entries ?? []);
  for (const name of left) missing.push(`the dependency ${printable(name)} has no version`);
  const datasets = mergeDatasets(lineage, block, missing);
  const modelCard = card === undefined ? undefined : modelCardOf(card);
  const baseModels = [
    ...namesOf(card?.frontMatter?.value.base_model).map((name) => ({ name })),
    ...(lineage?.baseModels ?? []).map(({ name, uri, root, revision }) => ({
      name,
      ...(revision !== undefined && { version: revision }),
      ...(uri.startsWith("pkg:") && { purl: uri }),
      ...(root !== undefined && { root }),
    })),
  ];
  const facts: BomFacts = {
    model: {
      name: input.name ?? textOf(subject.name) ?? manifest.name,
      ...(version !== undefined && { version }),
      root: manifest.root,
      files: bomFiles(manifest),
    },
    ...(modelCard !== undefined && { modelCard }),
    datasets,
    ...gitOf(lineage),
    ...containerOf(lineage),
    baseModels: lastOfName(baseModels),
    dependencies,
    timestamp: now,
    tool: { name: "mlsign", version: VERSION },
    ...(spec !== undefined && { spec }),
  };
  const { json } = await createBom(facts);
  const components = datasets.length + dependencies.length + (facts.container ? 1 : 0);
  return { json, components, missing };
}

/** Data as the lineage hashed it; what only the card names is taken from there, and told. */
function mergeDatasets(
  lineage: LineageFacts | undefined,
  block: Readonly<Record<string, unknown>>,
  missing: string[],
): BomDataset[] {
  const hashed = lineage === undefined ? [] : datasetsOf(lineage);
  const stated = Array.isArray(block.training_data)
    ? (block.training_data as unknown[]).map(recordOf)
    : [];
  const merged = [...hashed];
  for (const entry of stated) {
    const name = textOf(entry.name);
    if (name === undefined) continue;
    const { md5, path } = recordOf(entry.dvc);
    const at = hashed.findIndex(
      (one) =>
        one.name === name || one.dvcOid === md5 || one.path === path || `${one.path}.dvc` === path,
    );
    const url = textOf(entry.url);
    const same = merged[at];
    if (same !== undefined) {
      merged[at] = { ...same, name, ...(url !== undefined && { url }) };
      continue;
    }
    const sha256 = textOf(recordOf(entry.digest).sha256);
    missing.push(
      `the data set "${printable(name)}" is as the card has it: its bytes were not hashed`,
    );
    merged.push({
      name,
      ...(sha256 !== undefined && { sha256 }),
      ...(typeof md5 === "string" && { dvcOid: md5 }),
      ...(typeof path === "string" && { path }),
      ...(url !== undefined && { url }),
    });
  }
  return merged;
}

function modelCardOf(card: Card): BomFacts["modelCard"] {
  const { value } = convertCard(card.text, "huggingface", "cyclonedx");
  return value === undefined || Object.keys(value).length === 0 ? undefined : value;
}

function gitOf(lineage: LineageFacts | undefined): Pick<BomFacts, "git"> {
  const source = lineage?.source;
  if (source === undefined) return {};
  const { commit, remote, clean } = source;
  return {
    git: {
      commit,
      ...(clean !== undefined && { dirty: !clean }),
      ...(remote !== undefined && { remote }),
    },
  };
}

function containerOf(lineage: LineageFacts | undefined): Pick<BomFacts, "container"> {
  const container = lineage?.container;
  if (container?.digest === undefined) return {};
  const reference = `${container.registry}/${container.repository}`;
  return { container: { reference, digest: container.digest } };
}

type BaseModel = NonNullable<BomFacts["baseModels"]>[number];

/** A flag says more of a base model than the card does. */
function lastOfName(models: readonly BaseModel[]): BaseModel[] {
  return [...new Map(models.map((model) => [model.name, model])).values()];
}

function namesOf(value: unknown): string[] {
  const list: unknown[] = Array.isArray(value) ? (value as unknown[]) : [value];
  return list.flatMap((one) => textOf(one) ?? []);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return isRecord(value) ? value : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}
