import type { StorageLocation } from "./location.ts";
import type { ObjectStore } from "./store.ts";

export interface StoreOptions {
  /** Origin of the store, where it is not the provider's own. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** Whose credentials: a section of the AWS configuration, or a file of Google's credentials. */
  readonly profile?: string | undefined;
  /** The environment, for the variables that this package itself looks at. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly timeoutMs?: number;
  /** The account that the bucket must belong to (S3): a bucket of the same name elsewhere is none. */
  readonly expectedOwner?: string | undefined;
}

/** A store by its scheme: an SDK is loaded only when its own is asked for. */
export async function openStore(
  scheme: StorageLocation["scheme"],
  options: StoreOptions,
): Promise<ObjectStore> {
  switch (scheme) {
    case "s3":
      return (await import("./s3/store.ts")).s3Store(options);
    case "gs":
      return (await import("./gcs/store.ts")).gcsStore(options);
    case "azure":
      return (await import("./azure/store.ts")).azureStore(options);
  }
}
