/** Container references, and what a registry says of them. @module */
export { digestOf, readDescriptor } from "./descriptor.ts";
export { dockerCredentials } from "./docker-credentials.ts";
export { OCI_MANIFEST } from "./manifests.ts";
export { isPinned, parseReference } from "./reference.ts";
export { fetchManifest } from "./registry.ts";
export { openRepository } from "./repository.ts";

export type { Credentials } from "./credentials.ts";
export type { Descriptor } from "./descriptor.ts";
export type { DockerCredentialsOptions } from "./docker-credentials.ts";
export type { Reference } from "./reference.ts";
export type { StoredManifest } from "./manifests.ts";
export type { ManifestInfo, RegistryOptions } from "./registry.ts";
export type { Repository } from "./repository.ts";
export type { BlobContent, UploadOptions } from "./upload.ts";
