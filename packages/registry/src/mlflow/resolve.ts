import { MlsignError, printable } from "@mlsign/core";
import type { Client } from "@mlsign/mlflow";
import { type ArtifactLocation, parseArtifactUri } from "./location.ts";
import { type MlflowReference, parseMlflowReference } from "./reference.ts";

/** A model of MLflow's registry, by what does not move. */
export interface RegisteredModel {
  /** As the caller named it. */
  readonly reference: string;
  readonly named: MlflowReference;
  /** Of the registered model; of a logged one the name that it was logged by. */
  readonly name: string;
  readonly modelId: string | undefined;
  readonly runId: string | undefined;
  readonly artifactUri: string;
  readonly location: ArtifactLocation;
}

/**
 * Resolves `models:/NAME/VERSION` or `models:/m-ID` to where its files lie now. A version's source
 * can be a logged model, whose own answer then tells the place.
 *
 * @throws MlsignError `reference-invalid` for an alias, `model-missing`, `usage`,
 *   `service-failed`, `service-lied`
 */
export async function resolveRegistered(
  client: Client,
  reference: string,
  server: string,
): Promise<RegisteredModel> {
  const named = parseMlflowReference(reference);
  const found =
    named.kind === "logged"
      ? await logged(client, named.modelId, reference)
      : await versioned(client, named, reference);
  return {
    reference,
    named,
    ...found,
    location: parseArtifactUri(found.artifactUri, server),
  };
}

type Found = Omit<RegisteredModel, "reference" | "named" | "location">;

async function versioned(
  client: Client,
  { name, version }: { readonly name: string; readonly version: string },
  reference: string,
): Promise<Found> {
  const found = await client.getModelVersion(name, version);
  if (found === undefined) throw missing(reference);
  if (found.status !== undefined && found.status !== "READY")
    throw notReady(reference, found.status);
  const source = found.source ?? "";
  const modelId = /^models:\/{1,3}(m-[0-9a-f]{32})$/.exec(source)?.[1];
  if (modelId !== undefined) {
    const model = await logged(client, modelId, reference);
    return { ...model, name, runId: found.runId ?? model.runId };
  }
  const artifactUri = await client.getDownloadUri(name, version);
  if (artifactUri === undefined) throw missing(reference);
  return { name, modelId: undefined, runId: found.runId, artifactUri };
}

async function logged(client: Client, modelId: string, reference: string): Promise<Found> {
  const found = await client.getLoggedModel(modelId);
  if (found?.artifactUri === undefined) throw missing(reference);
  if (found.status !== undefined && !/^(?:LOGGED_MODEL_)?READY$/.test(found.status))
    throw notReady(reference, found.status);
  const { name = modelId, runId, artifactUri } = found;
  return { name, modelId, runId, artifactUri };
}

function missing(reference: string): MlsignError {
  return new MlsignError(
    "model-missing",
    `Cannot find ${printable(reference)}: MLflow has no such model`,
  );
}

function notReady(reference: string, status: string): MlsignError {
  return new MlsignError(
    "model-missing",
    `Cannot use ${printable(reference)}: it is not complete`,
    {
      hint: `its status is ${printable(status)}`,
    },
  );
}
