import type { Subject } from "@mlsign/bundle";
import { isRecord, type JsonObject } from "@mlsign/core";
import type { Manifest } from "@mlsign/manifest";

/** What a model is called and which digests name it: the root, and one that binds names too. */
export interface ModelIdentity {
  readonly name: string;
  readonly root: string;
  /** `undefined` where a name holds a newline. */
  readonly dirHash1: string | undefined;
  /** Whether only the root is known, since the caller has no files whose names could be compared. */
  readonly rootOnly?: boolean;
}

/**
 * How a subject stands to a model: `both` digests agree; `root` agrees and the subject has no
 * dirHash1 (made with another tool) or the caller has no names, so that it counts only beside a
 * verified manifest, or where the caller asked for a root; `renamed`
 * has the root of the model but other names; `other` is about another model.
 */
export type SubjectMatch = "both" | "root" | "renamed" | "other";

/**
 * The one subject of a claim about a model. dirHash1 is an annotation: sigstore-python refuses
 * digests of other names than SHA-2 and SHA-3.
 */
export function claimSubject(name: string, manifest: Manifest): Subject {
  const { allowSymlinks, ignorePaths } = manifest.serialization;
  return {
    name,
    digest: { sha256: manifest.root },
    annotations: {
      ...(manifest.dirHash1 !== undefined && { dirHash1: manifest.dirHash1 }),
      serialization: { allow_symlinks: allowSymlinks, ignore_paths: [...ignorePaths] },
    },
  };
}

export function matchSubject(subject: Subject, model: ModelIdentity): SubjectMatch {
  if (subject.digest.sha256 !== model.root) return "other";
  const claimed = namesDigest(subject);
  if (claimed === undefined || model.rootOnly === true) return "root";
  return claimed === model.dirHash1 ? "both" : "renamed";
}

/** in-toto's digest set calls it `dirHash` in one place and `dirHash1` in another. */
function namesDigest(subject: Subject): string | undefined {
  const annotations: JsonObject = isRecord(subject.annotations) ? subject.annotations : {};
  const value = annotations.dirHash1 ?? subject.digest.dirHash1 ?? subject.digest.dirHash;
  return typeof value === "string" ? value : undefined;
}
