/** Judges whether dependencies are pinned by hash, and whether bytes are the pinned ones. @module */
export { checkFile, recognise } from "./check.ts";
export { DEPENDENCY_CHECK, DEPENDENCY_CLAIM_TYPE, dependencyClaim } from "./claim.ts";
export { checkDependencies } from "./dependencies.ts";
export { findDependencyFiles } from "./find.ts";
export { verifyInstalled } from "./wheel/installed.ts";
export { verifyWheelhouse } from "./wheel/wheelhouse.ts";

export type { DependencyClaim } from "./claim.ts";
export type { CheckedDependencies, CheckOptions, JudgedFile } from "./dependencies.ts";
export type {
  Artifact,
  CheckContext,
  CheckedFile,
  DependencyEntry,
  DependencyPolicy,
  Ecosystem,
  FileKind,
  Hash,
  Pin,
  PinView,
} from "./entry.ts";
export type { FoundFile, FoundFiles, SkippedFile } from "./find.ts";
export type { VerifyInstalledOptions } from "./wheel/installed.ts";
export type { PinnedWheel, VerifiedWheelhouse } from "./wheel/wheelhouse.ts";
export type { WheelLimits } from "./wheel/zip.ts";
