import { MlsignError, printable } from "@mlsign/core";
import type { Client, DatasetInput, Run, Tag } from "@mlsign/mlflow";
import { runSource } from "@mlsign/mlflow";
import type { RegisteredModel } from "./resolve.ts";

/** What tags say of a model: pointers for people and for searches, which prove nothing. */
export interface Pointers {
  readonly root?: string;
  readonly bundle?: string;
  readonly git?: string;
  readonly dvc?: string;
  readonly image?: string;
  readonly vsa?: string;
  readonly env?: string;
}

/** The triple of a lineage: one commit, its data, one container. */
export interface Triple {
  readonly repository: string;
  readonly commit: string;
  readonly clean: boolean;
  readonly datasets: readonly { readonly path: string; readonly oid: string }[];
  /** `registry/repository@sha256:HEX`. */
  readonly image: string | undefined;
}

/** Writes the pointers as `mlsign.…` tags of the version, or of the logged model. */
export async function setPointers(
  client: Client,
  { named }: RegisteredModel,
  pointers: Pointers,
): Promise<void> {
  const tags = Object.entries(pointers)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([key, value]): Tag => ({ key: `mlsign.${key}`, value }));
  if (tags.length === 0) return;
  if (named.kind === "logged") return client.setLoggedModelTags(named.modelId, tags);
  for (const tag of tags) await client.setVersionTag(named.name, named.version, tag);
}

/**
 * What a run's own tags say otherwise than the lineage: commit, changes in the work tree, image.
 * A tag that is not there contradicts nothing.
 */
export function contradictions(run: Run, triple: Triple): string[] {
  const { commit, dirty, image } = runSource(run);
  const found: string[] = [];
  if (commit !== undefined && commit.toLowerCase() !== triple.commit)
    found.push(`it logged commit ${printable(commit)}, not ${printable(triple.commit)}`);
  if (dirty === true && triple.clean) found.push("it logged a work tree with changes");
  // A name or a tag can move: only a digest can contradict one.
  const logged = /@(sha256:[0-9a-f]{64})$/.exec(image ?? "")?.[1];
  if (logged !== undefined && triple.image !== undefined && !triple.image.endsWith(`@${logged}`))
    found.push(`it logged the image ${printable(image ?? "")}, not ${printable(triple.image)}`);
  return found;
}

/**
 * Logs a lineage's triple into the run that trained the model: the data as inputs (their digest is
 * DVC's object, all of it, where MLflow's own is 32 bits of some rows), the rest as one tag.
 *
 * @throws MlsignError `lineage-contradicted`, before anything is written; `service-failed`
 */
export async function logTriple(client: Client, run: Run, triple: Triple): Promise<void> {
  checkRun(run, triple);
  const { repository, commit, datasets, image } = triple;
  const inputs = datasets
    .filter(({ oid }) => oid !== "" && oid.length <= MOST_DIGEST)
    .map(({ path, oid }): DatasetInput => ({
      name: path.slice(0, MOST_NAME),
      digest: oid,
      sourceType: "dvc",
      source: JSON.stringify({ repo: repository, rev: commit, path }),
      context: "training",
    }));
  if (inputs.length > 0) await client.logInputs(run.runId, inputs);
  const text = JSON.stringify({ repository, commit, data: datasets.slice(0, 20), image });
  const short = JSON.stringify({ repository, commit, image });
  const value = Buffer.byteLength(text) <= MOST_VALUE ? text : short;
  await client.setRunTag(run.runId, { key: "mlsign.lineage", value });
}

/** @throws MlsignError `lineage-contradicted` */
export function checkRun(run: Run, triple: Triple): void {
  const [first] = contradictions(run, triple);
  if (first === undefined) return;
  throw new MlsignError(
    "lineage-contradicted",
    `Cannot log the lineage into run ${printable(run.runId)}: ${first}`,
    { hint: "the claim or the run is wrong: find out which" },
  );
}

const MOST_DIGEST = 36;
const MOST_NAME = 500;
const MOST_VALUE = 5000;
