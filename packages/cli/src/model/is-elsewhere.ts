/** What says where a model lies, and how it is reached. */
export interface ElsewhereFlags {
  readonly signature?: string;
  readonly archive?: boolean;
  readonly pointers?: boolean;
  readonly into?: string;
  readonly storageEndpoint?: string;
  readonly storageRegion?: string;
}

/** Whether a model is read otherwise than as a plain file or directory of this machine. */
export function isElsewhere(
  model: string,
  { pointers }: Pick<ElsewhereFlags, "pointers">,
): boolean {
  return pointers === true || isAddress(model) || SNAPSHOT.test(model);
}

/** Whether a model is named by an address of a store or of an OCI registry. */
export function isAddress(model: string): boolean {
  return ADDRESS.test(model);
}

const ADDRESS = /^(?:s3a?|gs|gcs|az|azure|oci):\/\//;
/** A commit's folder in a Hugging Face cache. */
const SNAPSHOT = /--[^/]+\/snapshots\/[0-9a-f]{40}\/?$/;
