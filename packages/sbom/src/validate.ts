import { Version } from "@cyclonedx/cyclonedx-library/Spec";
import { JsonStrictValidator } from "@cyclonedx/cyclonedx-library/Validation";
import {
  canonicalJson,
  type Finding,
  finding,
  isRecord,
  type JsonValue,
  messageOf,
  parseJson,
  printable,
} from "@mlsign/core";
import { PackageURL } from "packageurl-js";
import { HASH_LENGTHS } from "./hashes.ts";
import { piecesOf } from "./pieces.ts";

type Values = Readonly<Record<string, unknown>>;

/** Validates a bill of materials by CycloneDX's own schema, and by what that schema lets pass. */
export async function validateBom(json: string | Uint8Array): Promise<Finding[]> {
  let bom: unknown;
  try {
    bom = parseJson(json);
  } catch (error) {
    return [fail(messageOf(error))];
  }
  if (!isRecord(bom)) return [fail("the bill of materials is not an object")];
  const { clashing, repeated } = doubleRefs(bom);
  const faults = [...(await schemaFaults(bom)), ...clashing, ...semanticFaults(bom)];
  // The schema names it and asks for none; without it a reader cannot tell the dialect.
  const unnamed = bom.$schema === undefined ? ["$schema is missing"] : [];
  const flaws = [...unnamed, ...repeated].slice(0, MOST_FAULTS).map(warn);
  if (faults.length > 0) return [...faults.slice(0, MOST_FAULTS).map(fail), ...flaws];
  return [
    ...flaws,
    finding(
      "sbom-form",
      "pass",
      `the bill of materials is valid CycloneDX ${String(bom.specVersion)}`,
    ),
  ];
}

async function schemaFaults(bom: Values): Promise<string[]> {
  const version = VERSIONS[String(bom.specVersion)];
  if (version === undefined)
    return [
      `specVersion ${JSON.stringify(bom.specVersion)} is none of ${Object.keys(VERSIONS).join(", ")}`,
    ];
  const { boms, faults } = piecesOf(bom);
  for (const piece of boms) {
    const errors: unknown = await validatorOf(version).validate(JSON.stringify(piece));
    if (errors !== null) return [...faults, ...describe(errors)];
  }
  return [...faults];
}

function describe(errors: unknown): string[] {
  if (!Array.isArray(errors)) return ["the schema does not hold"];
  return (errors as unknown[])
    .filter(isRecord)
    .map(({ instancePath, message }) => `${String(instancePath) || "/"} ${String(message)}`);
}

/** A validator compiles its schema at first use and keeps it. */
function validatorOf(version: Version): JsonStrictValidator {
  const validator = validators.get(version) ?? new JsonStrictValidator(version);
  validators.set(version, validator);
  return validator;
}

/**
 * References that two elements have. Where both say the same, as where cdxgen names itself twice, no
 * reader can be led astray.
 */
function doubleRefs(bom: Values): Record<"clashing" | "repeated", string[]> {
  const seen = new Map<string, { readonly element: Values; text?: string }>();
  const found = { clashing: [] as string[], repeated: [] as string[] };
  for (const element of walk(bom)) {
    const { "bom-ref": ref } = element;
    if (typeof ref !== "string") continue;
    const other = seen.get(ref);
    if (other === undefined) {
      seen.set(ref, { element });
      continue;
    }
    other.text ??= canonicalJson(other.element as JsonValue);
    if (other.text === canonicalJson(element as JsonValue))
      found.repeated.push(`bom-ref "${ref}" stands twice, for the same`);
    else found.clashing.push(`bom-ref "${ref}" stands twice`);
  }
  return found;
}

/** What the schema lets pass: dangling references, and text that is not what it says. */
function semanticFaults(bom: Values): string[] {
  const faults: string[] = [];
  if (
    bom.$schema !== undefined &&
    bom.$schema !== `http://cyclonedx.org/schema/bom-${String(bom.specVersion)}.schema.json`
  ) {
    faults.push("$schema is of another version than specVersion");
  }
  const objects = [...walk(bom)];
  const refs = new Set(objects.map(({ "bom-ref": ref }) => ref));
  const known = (ref: unknown): boolean =>
    typeof ref === "string" && (refs.has(ref) || ref.startsWith("urn:cdx:"));
  for (const entry of records(bom.dependencies)) {
    for (const ref of [
      entry.ref,
      ...(Array.isArray(entry.dependsOn) ? (entry.dependsOn as unknown[]) : []),
    ]) {
      if (!known(ref))
        faults.push(`dependencies refer to ${JSON.stringify(ref)}, which is not there`);
    }
  }
  for (const entry of objects) {
    const { alg, content, purl, modelCard, pedigree } = entry;
    if (
      typeof alg === "string" &&
      typeof content === "string" &&
      HASH_LENGTHS[alg] !== undefined &&
      content.length !== HASH_LENGTHS[alg]
    ) {
      faults.push(`a ${alg} hash has ${content.length} digits, not ${HASH_LENGTHS[alg]}`);
    }
    if (typeof purl === "string" && !isPurl(purl)) faults.push(`"${purl}" is no package URL`);
    for (const { uid } of records(isRecord(pedigree) ? pedigree.commits : undefined)) {
      if (typeof uid !== "string" || !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(uid))
        faults.push(`commit ${JSON.stringify(uid)} is no object name of git`);
    }
    if (!isRecord(modelCard)) continue;
    if (entry.type !== "machine-learning-model")
      faults.push(`a component of type ${JSON.stringify(entry.type)} has a modelCard`);
    const { modelParameters } = modelCard;
    for (const { ref } of records(
      isRecord(modelParameters) ? modelParameters.datasets : undefined,
    )) {
      if (ref !== undefined && !known(ref))
        faults.push(`modelCard.datasets refer to ${JSON.stringify(ref)}, which is not there`);
    }
  }
  return faults;
}

function* walk(value: unknown): Generator<Values> {
  if (Array.isArray(value)) for (const entry of value as unknown[]) yield* walk(entry);
  if (!isRecord(value)) return;
  yield value;
  for (const entry of Object.values(value)) yield* walk(entry);
}

function isPurl(text: string): boolean {
  try {
    PackageURL.fromString(text);
    return true;
  } catch {
    return false;
  }
}

function records(value: unknown): Values[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isRecord) : [];
}

function fail(message: string): Finding {
  return finding("sbom-form", "fail", printable(message));
}

function warn(message: string): Finding {
  return { ...fail(message), severity: "warning" };
}

const VERSIONS: Readonly<Record<string, Version>> = {
  "1.4": Version.v1dot4,
  "1.5": Version.v1dot5,
  "1.6": Version.v1dot6,
  "1.7": Version.v1dot7,
};
const validators = new Map<Version, JsonStrictValidator>();
const MOST_FAULTS = 100;
