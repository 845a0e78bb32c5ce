import { byUtf8, isHex, type JsonObject, type JsonValue } from "@mlsign/core";
import { digestLength } from "@mlsign/hash";
import { rootOf } from "./digests.ts";
import { arrayAt, booleanAt, invalid, objectAt, oneOf, onlyKeys, stringAt } from "./fields.ts";
import { wholeFiles } from "./layout.ts";
import { readLegacy } from "./legacy.ts";
import { OMS_LEGACY_PREDICATE_TYPE, OMS_PREDICATE_TYPE } from "./predicate.ts";
import type { Resource, Serialization } from "./serialization.ts";
import { shardedFiles } from "./sharded.ts";
import type { SignedManifest } from "./signed.ts";

/**
 * Reads the statement of a model signature, whose signature was verified, and checks it by every
 * rule that needs no file (oms.md 1.3-1.11, 8.1-8.10). That `declaredRoot` equals `computedRoot` is
 * left to the caller, who has a finding for it.
 *
 * @throws MlsignError `manifest-invalid`
 */
export function readModelStatement(statement: JsonValue): SignedManifest {
  const value = objectAt(statement, "the statement");
  oneOf(stringAt(value["_type"], "_type"), ["https://in-toto.io/Statement/v1"], "_type");
  const predicateType = oneOf(
    stringAt(value["predicateType"], "predicateType"),
    [OMS_PREDICATE_TYPE, OMS_LEGACY_PREDICATE_TYPE],
    "predicateType",
  );
  return predicateType === OMS_PREDICATE_TYPE ? readCurrent(value) : readLegacy(value);
}

function readCurrent(statement: JsonObject): SignedManifest {
  const subject = readSubject(statement["subject"]);
  const predicate = objectAt(statement["predicate"], "predicate");
  onlyKeys(predicate, ["resources", "serialization"], "predicate");
  const legacy: string[] = [];
  const serialization = readSerialization(predicate["serialization"], legacy);
  const resources = readResources(predicate["resources"], serialization, legacy);
  const whole = serialization.method === "files";
  const files = whole
    ? wholeFiles(resources, serialization)
    : shardedFiles(resources, serialization);
  return {
    predicateType: OMS_PREDICATE_TYPE,
    subjectName: subject.name,
    serialization,
    resources,
    files,
    declaredRoot: subject.root,
    computedRoot: rootOf(resources),
    specOrder: isSpecOrder(resources),
    legacy,
  };
}

function readSubject(value: JsonValue | undefined): { name: string; root: string } {
  const subjects = arrayAt(value, "subject");
  if (subjects.length !== 1) throw invalid(`it has ${subjects.length} subjects, wanted 1`);
  const subject = objectAt(subjects[0], "subject[0]");
  const name = stringAt(subject["name"], "subject[0].name");
  const digest = objectAt(subject["digest"], "subject[0].digest");
  const root = stringAt(digest["sha256"], "subject[0].digest.sha256");
  if (!isHex(root, 32)) throw invalid("subject[0].digest.sha256 is not a lower-case SHA-256");
  return { name, root };
}

function readSerialization(value: JsonValue | undefined, legacy: string[]): Serialization {
  const where = "predicate.serialization";
  const fields = objectAt(value, where);
  onlyKeys(fields, SERIALIZATION_KEYS, where);
  const method = oneOf(stringAt(fields["method"], `${where}.method`), METHODS, `${where}.method`);
  const hash = stringAt(fields["hash_type"], `${where}.hash_type`);
  const ignored = fields["ignore_paths"];
  if (ignored === undefined) legacy.push("no ignore_paths: written before release 1.1");
  return {
    method,
    hashType: oneOf(hash, HASHES, `${where}.hash_type`),
    shardSize: readShardSize(fields["shard_size"], method),
    allowSymlinks: booleanAt(fields["allow_symlinks"], `${where}.allow_symlinks`),
    ignorePaths: ignored === undefined ? [] : readIgnorePaths(ignored),
  };
}

/** `8.0` is what the Python implementation writes; as JSON it is the same number as `8`. */
function readShardSize(
  value: JsonValue | undefined,
  method: Serialization["method"],
): number | undefined {
  const wanted = method === "shards";
  if (!wanted && value !== undefined) throw invalid("it has a shard_size, and no shards");
  if (!wanted) return undefined;
  if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  throw invalid("shard_size is not a whole number above 0");
}

function readIgnorePaths(value: JsonValue): string[] {
  return arrayAt(value, "ignore_paths").map((path, at) => stringAt(path, `ignore_paths[${at}]`));
}

function readResources(
  value: JsonValue | undefined,
  serialization: Serialization,
  legacy: string[],
): Resource[] {
  const list = arrayAt(value, "predicate.resources");
  if (list.length === 0) throw invalid("it lists no file");
  const { hashType, shardSize } = serialization;
  const mangled = `${hashType}-sharded-${shardSize}`;
  let isMangled = false;
  const resources = list.map((item, at): Resource => {
    const where = `predicate.resources[${at}]`;
    const fields = objectAt(item, where);
    const name = stringAt(fields["name"], `${where}.name`);
    const spelling = stringAt(fields["algorithm"], `${where}.algorithm`);
    const allowed = shardSize === undefined ? [hashType] : [hashType, mangled];
    if (oneOf(spelling, allowed, `${where}.algorithm`) === mangled) isMangled = true;
    const digest = stringAt(fields["digest"], `${where}.digest`);
    if (!isHex(digest, digestLength(hashType)))
      throw invalid(`${where}.digest is no ${hashType} digest`);
    return { name, algorithm: hashType, digest };
  });
  if (isMangled) legacy.push(`algorithm "${mangled}": the specification has "${hashType}"`);
  return resources;
}

function isSpecOrder(resources: readonly Resource[]): boolean {
  return resources.every(
    ({ name }, at) => at === 0 || byUtf8(resources[at - 1]?.name ?? "", name) < 0,
  );
}

const METHODS = ["files", "shards"] as const;
const HASHES = ["sha256", "blake2b", "blake3"] as const;
const SERIALIZATION_KEYS = ["method", "hash_type", "shard_size", "allow_symlinks", "ignore_paths"];
