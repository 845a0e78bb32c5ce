import type { Statement, Subject } from "@mlsign/bundle";
import { isRecord, type JsonValue } from "@mlsign/core";
import type { ClaimFacts, ClaimKind, Component, Relation, Thing } from "./facts.ts";
import { parsePurl } from "./purl.ts";

/**
 * Reads what a statement says about models. Predicates of others are read as far as their formats go:
 * what is not understood is a `statement` with its subjects, and never an error, since a store keeps
 * what it is given. Every list is bounded.
 */
export function readFacts(statement: Statement): ClaimFacts {
  const { predicateType, predicate } = statement;
  const body = isRecord(predicate) ? predicate : {};
  const kind = kindOf(predicateType, body);
  const resource = textOf(body.resourceUri);
  const result = textOf(body.verificationResult) ?? textOf(body.result);
  const links = kind === "lineage" ? lineageLinks(body) : kind === "card" ? cardLinks(body) : [];
  // Each subject stands to each link: a few bytes of statement must not become millions of rows.
  const subjects = Math.min(
    MOST_SUBJECTS,
    Math.max(1, Math.floor(MOST_LINKS / (links.length || 1))),
  );
  return {
    predicateType,
    kind,
    subjects: statement.subject.slice(0, subjects).flatMap(subjectOf),
    links,
    components: kind === "sbom" ? componentsOf(predicateType, body) : [],
    files: kind === "signature" ? filesOf(body) : [],
    targets: targetsOf(kind, body),
    ...(kind === "promotion" && resource !== undefined && { resource }),
    ...(result !== undefined && { result: result.slice(0, 32) }),
  };
}

function kindOf(type: string, body: Fields): ClaimKind {
  const known = KINDS.get(type);
  if (known !== undefined) return known;
  if (type.startsWith("https://cyclonedx.org/bom") || type.startsWith("https://spdx.dev/Document"))
    return "sbom";
  if (type !== TEST_RESULT) return "statement";
  const [first] = listOf(body.configuration);
  const uri = isRecord(first) ? textOf(first.uri) : undefined;
  return uri === "urn:mlsign:check:scan:v1" ? "scan" : "check";
}

function subjectOf({ name, digest, annotations }: Subject): Thing[] {
  const hash = isRecord(annotations) ? textOf(annotations.dirHash1) : undefined;
  const digests = digestsOf({ ...digest, ...(hash !== undefined && { dirHash1: hash }) });
  if (Object.keys(digests).length === 0) return [];
  return [{ kind: "model", name: clipped(name ?? ""), digests }];
}

/** SLSA provenance: roles are our annotations; without them, the kind of URI and digest says it. */
function lineageLinks(body: Fields): { relation: Relation; to: Thing }[] {
  const definition = isRecord(body.buildDefinition) ? body.buildDefinition : {};
  const materials = listOf(definition.resolvedDependencies ?? body.materials);
  return materials.slice(0, MOST_LINKS).flatMap((item) => {
    if (!isRecord(item)) return [];
    const uri = textOf(item.uri);
    const digests = digestsOf(isRecord(item.digest) ? item.digest : {});
    if (uri === undefined && Object.keys(digests).length === 0) return [];
    const annotations = isRecord(item.annotations) ? item.annotations : {};
    const [kind, relation] = roleOf(textOf(annotations["mlsign.role"]), uri ?? "", digests);
    const name = clipped(textOf(item.name) ?? uri ?? "");
    return [{ relation, to: { kind, name, digests, ...(uri !== undefined && { uri }) } }];
  });
}

function roleOf(
  role: string | undefined,
  uri: string,
  digests: Thing["digests"],
): readonly [Thing["kind"], Relation] {
  const own = ROLES.get(role ?? "");
  if (own !== undefined) return own;
  if (digests.gitCommit !== undefined || (uri.startsWith("git+") && digests.sha1 !== undefined))
    return ["commit", "built from"];
  if (/^pkg:(?:oci|docker)\//.test(uri)) return ["container", "trained in"];
  if (/^pkg:(?:huggingface|mlflow)\//.test(uri)) return ["model", "tuned from"];
  if (uri.startsWith("dvc+")) return ["dataset", "trained on"];
  return ["dependency", "depends on"];
}

function cardLinks(body: Fields): { relation: Relation; to: Thing }[] {
  return listOf(body.references)
    .slice(0, MOST_LINKS)
    .flatMap((item) => {
      if (!isRecord(item)) return [];
      const digests = digestsOf(isRecord(item.digest) ? item.digest : {});
      if (Object.keys(digests).length === 0) return [];
      const name = clipped(textOf(item.name) ?? textOf(item.downloadLocation) ?? "card");
      return [{ relation: "described by", to: { kind: "file", name, digests } }] as const;
    });
}

/** CycloneDX, with components within components; SPDX 2 by its external references. */
function componentsOf(type: string, body: Fields): Component[] {
  const found = new Map<string, Component>();
  const add = (purl: unknown): void => {
    const component = typeof purl === "string" ? parsePurl(purl) : undefined;
    if (component !== undefined) found.set(`${component.name}@${component.version}`, component);
  };
  const waiting = [...listOf(type.startsWith("https://spdx") ? body.packages : body.components)];
  for (let seen = 0; waiting.length > 0 && seen < MOST_COMPONENTS; seen += 1) {
    const item = waiting.pop();
    if (!isRecord(item)) continue;
    add(item.purl);
    for (const reference of listOf(item.externalRefs)) {
      if (isRecord(reference) && reference.referenceType === "purl")
        add(reference.referenceLocator);
    }
    for (const inner of listOf(item.components)) waiting.push(inner);
  }
  return [...found.values()];
}

function filesOf(body: Fields): string[] {
  const resources = listOf(body.resources).slice(0, MOST_FILES);
  return [
    ...new Set(
      resources.flatMap((item) => {
        if (!isRecord(item) || item.algorithm !== "sha256") return [];
        const hex = textOf(item.digest)?.toLowerCase();
        return hex !== undefined && /^[0-9a-f]{64}$/.test(hex) ? [hex] : [];
      }),
    ),
  ];
}

/** `prod` for `MLSIGN_PROMOTED_PROD` and `MLSIGN_APPROVED_PROD`. */
function targetsOf(kind: ClaimKind, body: Fields): string[] {
  if (kind !== "promotion" && kind !== "approval") return [];
  const words = listOf(kind === "promotion" ? body.verifiedLevels : body.properties);
  const prefix = kind === "promotion" ? "MLSIGN_PROMOTED_" : "MLSIGN_APPROVED_";
  const found = words.slice(0, MOST_TARGETS).flatMap((word) => {
    if (typeof word !== "string" || !word.startsWith(prefix)) return [];
    return [clipped(word.slice(prefix.length).toLowerCase().replaceAll("_", "-"))];
  });
  return [...new Set(found)];
}

/** Digests that are hexadecimal; another form is no identity. */
function digestsOf(value: Fields): Record<string, string> {
  const digests: Record<string, string> = {};
  for (const [algorithm, text] of Object.entries(value).slice(0, MOST_DIGESTS)) {
    const hex = textOf(text)?.toLowerCase();
    if (hex === undefined || !/^[0-9a-f]{8,128}$/.test(hex)) continue;
    if (/^\w{1,32}$/.test(algorithm))
      digests[algorithm === "dirHash" ? "dirHash1" : algorithm] = hex;
  }
  return digests;
}

type Fields = Readonly<Record<string, unknown>>;

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as JsonValue[]) : [];
}

/** Text that both databases can hold: PostgreSQL has no NUL. */
function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? clipped(value.replaceAll("\0", "\u2400")) : undefined;
}

function clipped(text: string): string {
  return text.length > MOST_CHARACTERS ? text.slice(0, MOST_CHARACTERS).toWellFormed() : text;
}

const TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1";
const KINDS: ReadonlyMap<string, ClaimKind> = new Map([
  ["https://model_signing/signature/v1.0", "signature"],
  ["https://slsa.dev/provenance/v1", "lineage"],
  ["https://slsa.dev/provenance/v0.2", "lineage"],
  ["https://in-toto.io/attestation/reference/v0.1", "card"],
  ["https://in-toto.io/attestation/svr/v0.2", "approval"],
  ["https://slsa.dev/verification_summary/v1", "promotion"],
]);
const ROLES: ReadonlyMap<string, readonly [Thing["kind"], Relation]> = new Map([
  ["source", ["commit", "built from"]],
  ["dataset", ["dataset", "trained on"]],
  ["datasetPart", ["dataset", "trained on"]],
  ["container", ["container", "trained in"]],
  ["baseModel", ["model", "tuned from"]],
  ["lockFile", ["file", "pinned by"]],
]);
const MOST_SUBJECTS = 10_000;
const MOST_LINKS = 100_000;
const MOST_COMPONENTS = 500_000;
const MOST_FILES = 1_000_000;
const MOST_TARGETS = 100;
const MOST_DIGESTS = 32;
const MOST_CHARACTERS = 2048;
