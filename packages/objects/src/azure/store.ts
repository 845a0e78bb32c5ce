import { MlsignError, printable } from "@mlsign/core";
import { bounded } from "../bounded.ts";
import type { AzureBucketFacts, AzureObjectFacts, ObjectVersion, Read, Reading } from "../facts.ts";
import type { StoreOptions } from "../open.ts";
import { originOf } from "../origin.ts";
import { ServerClock } from "../server-clock.ts";
import type { ListedObject, ObjectName, ObjectStore } from "../store.ts";
import { type BlobItem, type BlobProperties, type ContainerClient, loadSdk } from "./sdk.ts";

/**
 * Azure Blob Storage, to read from: nothing is ever tried there. Whether a container's own policy
 * is locked, and for how long, is told to those who manage the account alone.
 */
export async function azureStore(options: StoreOptions): Promise<ObjectStore> {
  const { env } = options;
  const account = env.AZURE_STORAGE_ACCOUNT;
  if (account === undefined && options.endpoint === undefined) {
    throw new MlsignError("usage", "Cannot ask Azure Blob Storage: no account is known", {
      hint: "give --endpoint https://ACCOUNT.blob.core.windows.net, or set AZURE_STORAGE_ACCOUNT",
    });
  }
  const address = options.endpoint ?? `https://${account}.blob.core.windows.net`;
  const endpoint = originOf(address);
  const sdk = await loadSdk();
  const { AZURE_STORAGE_KEY: key, AZURE_STORAGE_SAS_TOKEN: sas } = env;
  const name = account ?? new URL(address).hostname.split(".")[0] ?? "";
  const credential =
    key === undefined
      ? new sdk.AnonymousCredential()
      : new sdk.StorageSharedKeyCredential(name, key);
  const signature = sas === undefined || key !== undefined ? "" : `?${sas.replace(/^\?/, "")}`;
  const service = new sdk.BlobServiceClient(`${address}${signature}`, credential, {
    retryOptions: { maxTries: 5, tryTimeoutInMs: options.timeoutMs ?? TIMEOUT_MS },
  });
  return new AzureStore(endpoint, (container) => service.getContainerClient(container));
}

class AzureStore implements ObjectStore {
  readonly provider = "azure";
  readonly endpoint: string;
  readonly sdk = "@azure/storage-blob@12";
  readonly #container: (name: string) => ContainerClient;
  readonly #clock = new ServerClock();

  constructor(endpoint: string, container: (name: string) => ContainerClient) {
    this.endpoint = endpoint;
    this.#container = container;
  }

  serverTime(): Date | undefined {
    return this.#clock.latest;
  }

  async bucket(bucket: string): Promise<AzureBucketFacts> {
    const reads: Read[] = [];
    const container = await this.#read(
      "GetContainerProperties",
      this.#container(bucket).getProperties(),
      (found) => ({
        policy: found.hasImmutabilityPolicy === true,
        legalHold: found.hasLegalHold === true,
        versionLevel: found.isImmutableStorageWithVersioningEnabled === true,
      }),
      reads,
    );
    if (container.kind === "none") {
      throw new MlsignError(
        "storage-bucket-missing",
        `Cannot look at container ${printable(bucket)}: there is none at ${this.endpoint}`,
      );
    }
    return { provider: "azure", bucket, container, reads };
  }

  async object(
    { bucket, key, versionId }: ObjectName,
    listed?: readonly ObjectVersion[],
  ): Promise<AzureObjectFacts> {
    const reads: Read[] = [];
    const blob = this.#container(bucket).getBlobClient(key);
    const exact = versionId === undefined ? blob : blob.withVersion(versionId);
    const head = await this.#read("GetBlobProperties", exact.getProperties(), storedOf, reads);
    const versions: AzureObjectFacts["versions"] =
      listed === undefined ? await this.#versions(bucket, key) : { kind: "value", value: listed };
    return { provider: "azure", key, head, versions, reads };
  }

  async *list(bucket: string, prefix: string): AsyncIterable<ListedObject> {
    let open: { readonly key: string; readonly versions: ObjectVersion[] } | undefined;
    const items = this.#items(bucket, prefix)[Symbol.asyncIterator]();
    for (;;) {
      const next = await items.next().catch((error: unknown) => {
        // Without its cause, which holds the address with its signature.
        const { status, code } = answerOf(error);
        const told = `${code}${status === undefined ? "" : ` (${status})`}`;
        throw new MlsignError("service-failed", `Cannot list at ${this.endpoint}: ${told}`);
      });
      if (next.done === true) break;
      const { name, version } = next.value;
      if (open?.key === name) {
        open.versions.unshift(version);
        continue;
      }
      if (open !== undefined) yield listedOf(open);
      open = { key: name, versions: [version] };
    }
    if (open !== undefined) yield listedOf(open);
  }

  async read(name: ObjectName, maxBytes: number): Promise<Uint8Array> {
    return bounded(this.stream(name, 0), maxBytes, printable(`az://${name.bucket}/${name.key}`));
  }

  async *stream({ bucket, key, versionId }: ObjectName, start: number): AsyncGenerator<Uint8Array> {
    const what = printable(`az://${bucket}/${key}`);
    const blob = this.#container(bucket).getBlobClient(key);
    try {
      const exact = versionId === undefined ? blob : blob.withVersion(versionId);
      const { readableStreamBody: body } = await exact.download(start);
      yield* body ?? nothing();
    } catch (error) {
      const { status, code } = answerOf(error);
      if (status === 404)
        throw new MlsignError("storage-object-missing", `Cannot read ${what}: not there`);
      throw new MlsignError("service-failed", `Cannot read ${what}: ${code}`);
    }
  }

  async retain(): Promise<never> {
    return Promise.reject(readOnly());
  }

  async removeVersion(): Promise<never> {
    return Promise.reject(readOnly());
  }

  async create(): Promise<never> {
    return Promise.reject(readOnly());
  }

  close(): void {
    // The SDK keeps no connection of its own.
  }

  async #versions(bucket: string, key: string): Promise<Reading<readonly ObjectVersion[]>> {
    try {
      const versions: ObjectVersion[] = [];
      // Names that begin alike come after it.
      for await (const { name, version } of this.#items(bucket, key)) {
        if (name !== key) break;
        versions.unshift(version);
        if (versions.length >= MOST_VERSIONS) break;
      }
      return { kind: "value", value: versions };
    } catch (error) {
      return readingOf(error);
    }
  }

  async *#items(
    bucket: string,
    prefix: string,
  ): AsyncIterable<{ readonly name: string; readonly version: ObjectVersion }> {
    const pages = this.#container(bucket)
      .listBlobsFlat({ prefix, includeVersions: true, includeDeletedWithVersions: true })
      .byPage({ maxPageSize: PAGE });
    for await (const { segment } of pages)
      for (const item of segment.blobItems) yield { name: item.name, version: versionOf(item) };
  }

  async #read<O extends { readonly requestId?: string; readonly date?: Date }, T>(
    op: string,
    sent: Promise<O>,
    of: (output: O) => T,
    reads: Read[],
  ): Promise<Reading<T>> {
    const note = (status: number | undefined, requestId: string | undefined): void =>
      void reads.push({
        op,
        status,
        requestId,
        at: this.#clock.latest?.toISOString() ?? "",
      });
    try {
      const output = await sent;
      this.#clock.note(output.date?.toUTCString());
      note(200, output.requestId);
      return { kind: "value", value: of(output) };
    } catch (error) {
      const { status, requestId } = answerOf(error);
      note(status, requestId);
      return readingOf(error);
    }
  }
}

type Stored = Extract<AzureObjectFacts["head"], { kind: "value" }>["value"];

function storedOf(found: BlobProperties): Stored {
  const { immutabilityPolicyMode: mode, immutabilityPolicyExpiresOn: until } = found;
  return {
    versionId: found.versionId,
    size: found.contentLength ?? 0,
    etag: found.etag?.replaceAll('"', ""),
    // Whoever writes a blob may say any MD5 of it: it is no digest of the store's.
    md5: undefined,
    checksums: [],
    lastModified: found.lastModified?.toISOString(),
    noncurrent: found.isCurrentVersion === false,
    retention:
      mode !== undefined && until !== undefined ? { mode, until: until.toISOString() } : undefined,
    legalHold: found.legalHold === true,
  };
}

function versionOf({ versionId, isCurrentVersion, properties }: BlobItem): ObjectVersion {
  return {
    versionId: versionId ?? "null",
    isLatest: isCurrentVersion === true || versionId === undefined,
    isMarker: false,
    size: properties.contentLength ?? 0,
    etag: properties.etag?.replaceAll('"', ""),
    lastModified: properties.lastModified?.toISOString(),
  };
}

function listedOf({
  key,
  versions,
}: {
  readonly key: string;
  readonly versions: readonly ObjectVersion[];
}): ListedObject {
  const live = versions.find(({ isLatest }) => isLatest);
  return { key, size: live?.size ?? 0, versions };
}

interface AzureAnswer {
  readonly status: number | undefined;
  readonly code: string;
  readonly requestId: string | undefined;
}

function answerOf(error: unknown): AzureAnswer {
  const { statusCode, code, name, details } = error as {
    statusCode?: unknown;
    code?: unknown;
    name?: unknown;
    details?: { requestId?: unknown };
  };
  const requestId = details?.requestId;
  return {
    status: typeof statusCode === "number" ? statusCode : undefined,
    code: typeof code === "string" ? code : typeof name === "string" ? name : "error",
    requestId: typeof requestId === "string" ? requestId : undefined,
  };
}

function readingOf(error: unknown): Exclude<Reading<never>, { kind: "value" }> {
  const { status, code } = answerOf(error);
  if (status === 404) return { kind: "none" };
  if (status === 401 || status === 403) return { kind: "denied", status };
  if (status === 501) return { kind: "unsupported", how: "refused" };
  return { kind: "failed", why: status === undefined ? code : `${code} (${status})` };
}

function readOnly(): MlsignError {
  return new MlsignError("usage", "Cannot drill at Azure Blob Storage: it is only read from");
}

async function* nothing(): AsyncIterable<Uint8Array> {}

const TIMEOUT_MS = 15_000;
const PAGE = 1000;
const MOST_VERSIONS = 1000;
