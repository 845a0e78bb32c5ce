import { MlsignError } from "@mlsign/core";
import type { StorageLocation } from "./location.ts";
import type { ObjectStore } from "./store.ts";

export interface StoreOptions {
  /** Origin of the store, where it is not the provider's own. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** Section of the provider's own configuration that holds the credentials. */
  readonly profile?: string | undefined;
  /** The environment, for the variables that this package itself looks at. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
}

/** A store by its scheme: an SDK is loaded only when its own is asked for. */
export async function openStore(
  scheme: StorageLocation["scheme"],
  options: StoreOptions,
): Promise<ObjectStore> {
  switch (scheme) {
    case "s3":
      return (await import("./s3.ts")).s3Store(options);
    case "gs":
      throw new MlsignError("usage", "Cannot look at Google Cloud Storage: not supported yet");
    case "azure":
      throw new MlsignError("usage", "Cannot look at Azure Blob Storage: it is not supported yet");
  }
}
