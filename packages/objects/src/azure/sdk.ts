import { MlsignError } from "@mlsign/core";

/** What of `@azure/storage-blob` is used: it is an optional peer, whose types may not be there. */
export interface AzureSdk {
  readonly BlobServiceClient: new (
    url: string,
    credential?: unknown,
    options?: object,
  ) => { getContainerClient(name: string): ContainerClient };
  readonly StorageSharedKeyCredential: new (account: string, key: string) => unknown;
  readonly AnonymousCredential: new () => unknown;
}

export interface ContainerClient {
  getProperties(): Promise<ContainerProperties>;
  getBlobClient(name: string): BlobClient;
  listBlobsFlat(options: object): {
    byPage(
      options: object,
    ): AsyncIterable<{ readonly segment: { readonly blobItems: BlobItem[] } }>;
  };
}

interface BlobClient {
  getProperties(): Promise<BlobProperties>;
  download(offset?: number): Promise<{ readonly readableStreamBody?: AsyncIterable<Uint8Array> }>;
  withVersion(versionId: string): BlobClient;
}

interface Answered {
  readonly requestId?: string;
  readonly date?: Date;
}

interface ContainerProperties extends Answered {
  readonly hasImmutabilityPolicy?: boolean;
  readonly hasLegalHold?: boolean;
  readonly isImmutableStorageWithVersioningEnabled?: boolean;
}

export interface BlobProperties extends Answered {
  readonly contentLength?: number;
  readonly etag?: string;
  readonly lastModified?: Date;
  readonly versionId?: string;
  readonly isCurrentVersion?: boolean;
  readonly immutabilityPolicyMode?: string;
  readonly immutabilityPolicyExpiresOn?: Date;
  readonly legalHold?: boolean;
}

export interface BlobItem {
  readonly name: string;
  readonly versionId?: string;
  readonly isCurrentVersion?: boolean;
  readonly deleted?: boolean;
  readonly properties: {
    readonly contentLength?: number;
    readonly etag?: string;
    readonly lastModified?: Date;
  };
}

/** @throws MlsignError `storage-sdk-missing` where it is not installed */
export async function loadSdk(name: string = "@azure/storage-blob"): Promise<AzureSdk> {
  try {
    return (await import(name)) as AzureSdk;
  } catch (cause) {
    throw new MlsignError(
      "storage-sdk-missing",
      `Cannot look at Azure Blob Storage: the optional package ${name} is not installed`,
      { cause, hint: `npm install ${name}@12` },
    );
  }
}
