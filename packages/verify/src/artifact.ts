import type { Bundle, MessageSignature, Statement } from "@mlsign/bundle";
import { IN_TOTO, readStatement } from "@mlsign/bundle";
import { type Finding, finding, messageOf, printable } from "@mlsign/core";
import { type BundleOptions, type BundleResult, verifyBundle } from "./bundle.ts";
import type { Trust } from "./trust.ts";

export interface ArtifactOptions extends Omit<BundleOptions, "use"> {
  /** Predicate types that may stand for a signature; none unless the caller says so. */
  readonly statements: readonly string[] | "any";
  /** The digest of the file, `undefined` where it is not known by that algorithm. */
  digest(algorithm: MessageSignature["digest"]["algorithm"]): Promise<Buffer | undefined>;
}

export interface ArtifactResult extends BundleResult {
  readonly accepted: "message signature" | "statement" | undefined;
}

/**
 * Verifies what signs one file as it is: a message signature (`cosign sign-blob`), or a statement
 * that has the file's SHA-256 among its subjects (sigstore.md 5.15, 5.16).
 */
export async function verifyArtifact(
  bundle: Bundle,
  trust: Trust,
  options: ArtifactOptions,
): Promise<ArtifactResult> {
  const result = await verifyBundle(bundle, trust, { ...options, use: "claim" });
  const { content } = bundle;
  const findings =
    content.kind === "message"
      ? [await checkDigest(content, options)]
      : await checkStatement(content.payloadType, content.payload, options);
  const accepted = content.kind === "message" ? "message signature" : "statement";
  const holds = result.valid && findings.every((f) => f.outcome === "pass");
  return {
    ...pick(result),
    findings: [...result.findings, ...findings],
    accepted: holds ? accepted : undefined,
  };
}

function pick({ certificate, times, legacy, valid }: BundleResult): Omit<BundleResult, "findings"> {
  return { certificate, times, legacy, valid };
}

async function checkDigest(message: MessageSignature, options: ArtifactOptions): Promise<Finding> {
  const { algorithm, value } = message.digest;
  const actual = await options.digest(algorithm);
  if (actual === undefined) {
    return finding("subject-match", "unknown", `the file's ${algorithm} digest is not known`);
  }
  const evidence = { algorithm, signed: value.toString("hex"), actual: actual.toString("hex") };
  return actual.equals(value)
    ? finding("subject-match", "pass", "the signature is over this file", { evidence })
    : finding("subject-match", "fail", "the signature is over another file", { evidence });
}

async function checkStatement(
  payloadType: string,
  payload: Buffer,
  options: ArtifactOptions,
): Promise<Finding[]> {
  if (payloadType !== IN_TOTO) {
    return [
      finding(
        "payload-type",
        "fail",
        `the envelope holds "${printable(payloadType)}", not a statement`,
      ),
    ];
  }
  try {
    const statement = readStatement(payload);
    return [checkPredicate(statement, options), await checkSubject(statement, options)];
  } catch (error) {
    return [finding("manifest-form", "fail", messageOf(error))];
  }
}

function checkPredicate({ predicateType }: Statement, options: ArtifactOptions): Finding {
  if (options.statements === "any" || options.statements.includes(predicateType)) {
    return finding("predicate-type", "pass", `statement of type "${printable(predicateType)}"`);
  }
  return finding(
    "predicate-type",
    "fail",
    `a statement of type "${printable(predicateType)}" does not stand for a signature`,
    { fix: "--accept-statement takes SLSA provenance, and nothing else, for a single file" },
  );
}

async function checkSubject(statement: Statement, options: ArtifactOptions): Promise<Finding> {
  if (statement.subject.length > MOST_SUBJECTS) {
    return finding(
      "subject-match",
      "fail",
      `${statement.subject.length} subjects, more than ${MOST_SUBJECTS}`,
    );
  }
  const digest = (await options.digest("sha256"))?.toString("hex");
  if (digest === undefined)
    return finding("subject-match", "unknown", "the file's digest is not known");
  const evidence = { actual: digest };
  return statement.subject.some((subject) => subject.digest.sha256 === digest)
    ? finding("subject-match", "pass", "the statement is about this file", { evidence })
    : finding("subject-match", "fail", "the statement is about other files", { evidence });
}

/** As sigstore-go and cosign have it. */
const MOST_SUBJECTS = 1024;
