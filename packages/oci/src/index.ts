/** Container references, and what a registry says of them. @module */
export { dockerCredentials } from "./docker-credentials.ts";
export { isPinned, parseReference } from "./reference.ts";
export { fetchManifest } from "./registry.ts";

export type { Credentials } from "./credentials.ts";
export type { DockerCredentialsOptions } from "./docker-credentials.ts";
export type { Reference } from "./reference.ts";
export type { ManifestInfo, RegistryOptions } from "./registry.ts";
