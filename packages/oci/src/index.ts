/** Container references, and what a registry says of them. @module */
export { isPinned, parseReference } from "./reference.ts";
export { fetchManifest } from "./registry.ts";

export type { Reference } from "./reference.ts";
export type { Credentials, ManifestInfo, RegistryOptions } from "./registry.ts";
