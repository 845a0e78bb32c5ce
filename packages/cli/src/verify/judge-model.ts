import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import type { Bundle } from "@mlsign/bundle";
import {
  decide,
  type Fact,
  type Finding,
  MlsignError,
  type OnProgress,
  printable,
} from "@mlsign/core";
import { type ModelResult, verifyModel } from "@mlsign/verify";
import type { ModelLocation } from "../model/model-location.ts";
import { modelSource } from "../model/model-source.ts";
import type { ResolvedTrust } from "../options/trust-options.ts";
import { factsOf } from "./facts.ts";
import { isArtifactBundle, judgeFile } from "./judge-file.ts";

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
  if (!location.directory && !options.archive && isArtifactBundle(bundle)) {
    return judgeFile(bundle, judge);
  }
  const copy = options.into === undefined ? undefined : prepareCopy(options.into, judge.cwd);
  let kept = false;
  try {
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
        ...(copy && { into: copy.temporary }),
        onProgress: judge.onProgress,
        signal: judge.signal,
      },
    );
    if (copy !== undefined && decide(result.findings) === "accepted") {
      renameSync(copy.temporary, copy.final);
      kept = true;
    }
    return { findings: result.findings, facts: await modelFacts(bundle, result, judge) };
  } finally {
    if (copy !== undefined && !kept) rmSync(copy.temporary, { recursive: true, force: true });
  }
}

function pick(options: JudgeOptions["options"]) {
  const { ignoreUnsignedFiles, requireLog, requireTimestamp } = options;
  return {
    ...(ignoreUnsignedFiles && { ignoreUnsignedFiles }),
    ...(requireLog && { requireLog }),
    ...(requireTimestamp && { requireTimestamp }),
  };
}

/** The copy appears under its name only when the model was accepted. */
function prepareCopy(into: string, cwd: string): { temporary: string; final: string } {
  const final = resolve(cwd, into);
  if (existsSync(final)) {
    throw new MlsignError("output-exists", `Cannot copy into ${printable(into)}: it exists`, {
      hint: "--into makes a new directory, so that nothing unverified can be in it",
    });
  }
  const temporary = `${final}.tmp-${process.pid}`;
  mkdirSync(temporary, { recursive: true });
  return { temporary, final };
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
