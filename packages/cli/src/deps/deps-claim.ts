import { type CheckedDependencies, dependencyClaim } from "@mlsign/deps";
import type { Host } from "../host.ts";
import type { ClaimDraft } from "../sign/attest-draft.ts";
import { dependencyPolicy, type DependencyPolicyFlags, judgeLocks } from "./lock-files.ts";

/** A check of dependency files, and the claim that says so: none where it was not decided. */
export interface DependencyDraft {
  readonly checked: CheckedDependencies;
  readonly draft: ClaimDraft | undefined;
}

/** Judges dependency files, and says what was judged as a claim. Whether to sign it is the caller's to decide. */
export function depsClaim(
  paths: readonly string[],
  flags: DependencyPolicyFlags,
  host: Host,
  root: string = host.cwd,
): DependencyDraft {
  const checked = judgeLocks(paths, flags, host, root);
  const claim = dependencyClaim(checked, dependencyPolicy(flags));
  return { checked, draft: claim && { ...claim, findings: checked.findings } };
}
