/** Verifies bundles and models, offline: no signer, no network client. @module */
export { verifyArtifact } from "./artifact.ts";
export { verifyBundle } from "./bundle.ts";
export { verifyModel } from "./model.ts";

export type { ArtifactOptions, ArtifactResult } from "./artifact.ts";
export type { BundleOptions, BundleResult } from "./bundle.ts";
export type { ModelOptions, ModelResult } from "./model.ts";
export type { EstablishedTime, IdentityRule, Matcher, Trust } from "./trust.ts";
