import { isRecord, type JsonValue } from "@mlsign/core";
import { LINEAGE_PREDICATE, readLineage } from "@mlsign/lineage";
import type { EvidenceFact, EvidenceType } from "@mlsign/policy";
import { APPROVAL_PREDICATE } from "./approval.ts";
import type { Authenticated } from "./authenticate.ts";

/** What a verified claim is evidence of, in a policy's words. `id` is the digest of its line. */
export function evidenceFact(
  id: string,
  { predicateType, predicate }: { readonly predicateType: string; readonly predicate: JsonValue },
  { status, signer, time, logged, timestamped }: Authenticated,
): EvidenceFact {
  const body = isRecord(predicate) ? predicate : {};
  const type = typeOf(predicateType, body);
  const result = resultOf(body.result);
  return {
    id,
    type,
    status,
    predicateType,
    ...(signer && { signer }),
    ...(time !== undefined && { time }),
    ...(logged !== undefined && { logged }),
    ...(timestamped !== undefined && { timestamped }),
    ...(result !== undefined && { result }),
    ...(Array.isArray(body.properties) && {
      properties: body.properties.filter((it): it is string => typeof it === "string"),
    }),
    ...(type === "lineage" && { digests: lineageDigests(predicate) }),
  };
}

function typeOf(predicateType: string, body: Readonly<Record<string, unknown>>): EvidenceType {
  switch (predicateType) {
    case LINEAGE_PREDICATE:
      return "lineage";
    case "https://cyclonedx.org/bom":
      return "sbom";
    case "https://in-toto.io/attestation/reference/v0.1":
      return "card";
    case APPROVAL_PREDICATE:
      return "approval";
    case "https://in-toto.io/attestation/test-result/v0.1":
      return checkOf(body.configuration);
    default:
      return "statement";
  }
}

/** Which check a test result is of, by its first configuration (DESIGN.md part 3). */
function checkOf(configuration: unknown): EvidenceType {
  const [first] = Array.isArray(configuration) ? (configuration as unknown[]) : [];
  const uri = isRecord(first) && typeof first.uri === "string" ? first.uri : "";
  return CHECKS.get(uri) ?? "test";
}

function resultOf(value: unknown): EvidenceFact["result"] {
  return (["PASSED", "WARNED", "FAILED"] as const).find((it) => it === value);
}

/** What the model was made of, in the forms that a policy can deny. */
function lineageDigests(predicate: JsonValue): string[] {
  const { commits, datasets, containers, baseModels } = readLineage(predicate);
  const sha256 = (hex: string | undefined): string[] =>
    hex === undefined ? [] : [`sha256:${hex}`];
  return [
    ...commits.map(({ commit }) => `gitCommit:${commit}`),
    ...datasets.flatMap((it) => [`md5:${it.oid.replace(/\.dir$/, "")}`, ...sha256(it.sha256)]),
    ...containers.map(({ digest }) => digest),
    ...baseModels.flatMap(({ root, revision }) => [
      ...sha256(root),
      ...(revision === undefined ? [] : [`gitCommit:${revision}`]),
    ]),
  ];
}

const CHECKS: ReadonlyMap<string, EvidenceType> = new Map([
  ["urn:mlsign:check:scan:v1", "scan"],
  ["urn:mlsign:check:deps:v1", "dependencies"],
  ["urn:mlsign:check:storage:v1", "storage"],
]);
