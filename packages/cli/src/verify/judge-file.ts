import { type Bundle, MODEL_SIGNATURE, MODEL_SIGNATURE_LEGACY } from "@mlsign/bundle";
import { type Fact, type Finding, finding, parseJson } from "@mlsign/core";
import { verifyArtifact } from "@mlsign/verify";
import { fileDigest } from "../model/file-digest.ts";
import { factsOf } from "./facts.ts";
import type { JudgeOptions } from "./judge-model.ts";

/** Whether a bundle signs one file as it is, rather than a model by its manifest. */
export function isArtifactBundle({ content }: Bundle): boolean {
  if (content.kind === "message") return true;
  const type = predicateTypeOf(content.payload);
  return type !== undefined && type !== MODEL_SIGNATURE && type !== MODEL_SIGNATURE_LEGACY;
}

/** Judges one file by a message signature, or, where the caller allows it, by SLSA provenance. */
export async function judgeFile(
  bundle: Bundle,
  judge: JudgeOptions,
): Promise<{ findings: readonly Finding[]; facts: readonly Fact[] }> {
  const { options, resolved, location } = judge;
  const digests = new Map<string, Promise<Buffer>>();
  // Each digest is taken once: what is judged is what is told.
  const digestOf = (algorithm: Parameters<typeof fileDigest>[1]): Promise<Buffer> => {
    const digest = digests.get(algorithm) ?? fileDigest(location.path, algorithm);
    digests.set(algorithm, digest);
    return digest;
  };
  const result = await verifyArtifact(bundle, resolved.trust, {
    now: judge.now,
    statements: options.acceptStatement ? SLSA_PROVENANCE : [],
    requireLog: options.requireLog ?? false,
    requireTimestamp: options.requireTimestamp ?? false,
    digest: digestOf,
  });
  const kind = bundle.content.kind === "message" ? "a message signature" : "a provenance statement";
  const note = finding("bundle-form", "pass", `accepted by ${kind}, not by a model signature`);
  const findings = result.accepted === undefined ? result.findings : [...result.findings, note];
  const into = options.into === undefined ? [] : [intoFinding()];
  const sha256 = (await digestOf("sha256")).toString("hex");
  return {
    findings: [...findings, ...into],
    facts: await factsOf(bundle, result, resolved, judge.now, { sha256 }),
  };
}

function intoFinding(): Finding {
  return finding("files-match", "unknown", "--into copies models with a model signature only");
}

function predicateTypeOf(payload: Buffer): string | undefined {
  try {
    const statement = parseJson(payload);
    const type = (statement as { predicateType?: unknown } | null)?.predicateType;
    return typeof type === "string" ? type : undefined;
  } catch {
    return undefined;
  }
}

const SLSA_PROVENANCE = ["https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2"];
