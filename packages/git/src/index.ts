/** Reads git repositories with nothing of theirs executed: commits, signatures, work trees, history. @module */
export { parseAllowedSigners } from "./allowed-signers.ts";
export { readBlob, readCommit, readTree } from "./objects.ts";
export { verifyCommit } from "./commit-signature.ts";
export { openKeyring } from "./keyring.ts";
export { commitRange, openRepository } from "./repository.ts";
export { pathHistory, readCommits } from "./history.ts";
export { objectStream } from "./object-stream.ts";
export { workTreeState } from "./work-tree.ts";

export type { AllowedSigner } from "./allowed-signers.ts";
export type { Commit, Person, TreeEntry } from "./objects.ts";
export type { CommitSignature, CommitTrust } from "./commit-signature.ts";
export type { GitsignTrust } from "./gitsign.ts";
export type { Keyring, KeyringOptions } from "./keyring.ts";
export type { PathChange } from "./history.ts";
export type { ReadObject } from "./object-stream.ts";
export type { CommitRange, Repository } from "./repository.ts";
export type { WorkTreeState } from "./work-tree.ts";
