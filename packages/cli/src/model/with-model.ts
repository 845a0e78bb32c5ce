import { MlsignError } from "@mlsign/core";
import type { Host } from "../host.ts";

/** What is done with a model, as a command's flags say it. */
export interface ModelUse {
  readonly mlflowUri?: string | undefined;
  /** Of the bucket that the registry names. */
  readonly storageEndpoint?: string | undefined;
  readonly storageRegion?: string | undefined;
  /** Evidence that the command leaves beside the model is put back where the model came from. */
  readonly writes?: boolean;
  /** The alias that is moved to the model when all else is done. */
  readonly alias?: string | undefined;
  /** The target, where the command has one. */
  readonly to?: string | undefined;
}

/**
 * Does a command's work where the model lies; a model of a registry is brought here first. The
 * work finds it by the same name.
 *
 * @throws MlsignError `usage`, and what the registry and the work throw
 */
export async function withModel(
  model: string,
  use: ModelUse,
  host: Host,
  work: (host: Host) => Promise<number>,
): Promise<number> {
  if (model.startsWith("models:")) {
    const { withMlflowModel } = await import("../registry/mlflow-model.ts");
    return withMlflowModel(model, use, host, work);
  }
  if (use.alias === undefined) return work(host);
  throw new MlsignError("usage", "Cannot move an alias: the model is in no registry", {
    hint: "name the model as models:/NAME/VERSION",
  });
}

/** The same of several models. */
export async function withModels(
  models: readonly string[],
  use: ModelUse,
  host: Host,
  work: (host: Host) => Promise<number>,
): Promise<number> {
  const [first, ...rest] = models;
  if (first === undefined) return work(host);
  return withModel(first, use, host, (inner) => withModels(rest, use, inner, work));
}
