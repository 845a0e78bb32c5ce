import type { Bundle } from "@mlsign/bundle";
import { decide, type Fact, type Finding, type OnProgress } from "@mlsign/core";
import { type ModelResult, verifyModel } from "@mlsign/verify";
import type { ModelLocation } from "../model/model-location.ts";
import { modelSource } from "../model/model-source.ts";
import type { ResolvedTrust } from "../options/trust-options.ts";
import { factsOf } from "./facts.ts";
import { isArtifactBundle, judgeFile } from "./judge-file.ts";
import { withCopy } from "./verified-copy.ts";

/** What a model must stand, and what is done with it, as flags say it. */
export interface JudgeFlags {
  readonly ignorePath?: readonly string[];
  readonly ignoreUnsignedFiles?: boolean;
  readonly signerIgnores: boolean;
  readonly legacy: boolean;
  readonly requireLog?: boolean;
  readonly requireTimestamp?: boolean;
  readonly acceptStatement?: boolean;
  readonly into?: string;
  readonly archive?: boolean;
}

export interface JudgeOptions {
  readonly resolved: ResolvedTrust;
  readonly location: ModelLocation;
  readonly now: Date;
  readonly cwd: string;
  readonly onProgress: OnProgress;
  readonly signal?: AbortSignal | undefined;
  /** Paths to ignore are names in the model. */
  readonly options: JudgeFlags;
}

/** Judges a model by its bundle: an OMS signature, or for a single file what else may stand for it. */
export async function judgeModel(
  bundle: Bundle,
  judge: JudgeOptions,
): Promise<{ findings: readonly Finding[]; facts: readonly Fact[] }> {
  const { options, resolved, location } = judge;
  const here = location.elsewhere === undefined;
  if (here && !location.directory && !options.archive && isArtifactBundle(bundle)) {
    return judgeFile(bundle, judge);
  }
  return withCopy(options.into, judge.cwd, async (into) => {
    const result = await verifyModel(
      modelSource(location, options.archive ?? false),
      bundle,
      resolved.trust,
      {
        now: judge.now,
        ignorePaths: options.ignorePath ?? [],
        ownNames: location.ownNames,
        refuseSignerIgnores: !options.signerIgnores,
        refuseLegacy: !options.legacy,
        ...pick(options),
        ...(into !== undefined && { into }),
        onProgress: judge.onProgress,
        signal: judge.signal,
      },
    );
    const value = { findings: result.findings, facts: await modelFacts(bundle, result, judge) };
    return { value, keep: decide(result.findings) === "accepted" };
  });
}

function pick(options: JudgeOptions["options"]) {
  const { ignoreUnsignedFiles, requireLog, requireTimestamp } = options;
  return {
    ...(ignoreUnsignedFiles && { ignoreUnsignedFiles }),
    ...(requireLog && { requireLog }),
    ...(requireTimestamp && { requireTimestamp }),
  };
}

function modelFacts(bundle: Bundle, result: ModelResult, judge: JudgeOptions): Promise<Fact[]> {
  const { manifest, signed } = result;
  return factsOf(bundle, result, judge.resolved, judge.now, {
    root: manifest?.root ?? null,
    dirHash1: manifest?.dirHash1 ?? null,
    subjectDigest: signed?.declaredRoot ?? null,
    serialization:
      signed === undefined
        ? null
        : { ...signed.serialization, ignorePaths: [...signed.serialization.ignorePaths] },
    files: manifest?.files.length ?? 0,
    bytes: manifest?.files.reduce((sum, { size }) => sum + size, 0) ?? 0,
  });
}
