import { byUtf8, isHex, type JsonObject, printable } from "@mlsign/core";
import { rootOf } from "./digests.ts";
import { arrayAt, invalid, objectAt, stringAt } from "./fields.ts";
import { wholeFiles } from "./layout.ts";
import { OMS_LEGACY_PREDICATE_TYPE } from "./predicate.ts";
import type { Resource } from "./serialization.ts";
import type { SignedManifest } from "./signed.ts";

/**
 * The form of release 0.2: a subject for each file, nothing in the predicate, no root (oms.md
 * 1.11). @throws MlsignError `manifest-invalid`
 */
export function readLegacy(statement: JsonObject): SignedManifest {
  const resources = arrayAt(statement["subject"], "subject").map((_, at, all) => {
    return readFile(objectAt(all[at], `subject[${at}]`), `subject[${at}]`);
  });
  if (resources.length === 0) throw invalid("it lists no file");
  objectAt(statement["predicate"], "predicate");
  const serialization = {
    method: "files",
    hashType: "sha256",
    allowSymlinks: false,
    ignorePaths: [],
  } as const;
  return {
    predicateType: OMS_LEGACY_PREDICATE_TYPE,
    subjectName: "",
    serialization,
    resources,
    files: wholeFiles(resources, serialization),
    declaredRoot: undefined,
    computedRoot: rootOf(resources),
    specOrder: resources.every(({ name }, at) => {
      return at === 0 || byUtf8(resources[at - 1]?.name ?? "", name) < 0;
    }),
    legacy: ["predicate of release 0.2: no root, no record of how the files were listed"],
  };
}

function readFile(subject: JsonObject, where: string): Resource {
  const name = stringAt(subject["name"], `${where}.name`);
  const digest = stringAt(
    objectAt(subject["digest"], `${where}.digest`)["sha256"],
    `${where}.digest.sha256`,
  );
  if (!isHex(digest, 32)) throw invalid(`${where}.digest.sha256 is not a lower-case SHA-256`);
  const annotations = objectAt(subject["annotations"], `${where}.annotations`);
  const algorithm = stringAt(
    annotations["actual_hash_algorithm"],
    `${where}.actual_hash_algorithm`,
  );
  if (algorithm !== "file-sha256") {
    throw invalid(`${where} is hashed by "${printable(algorithm)}", wanted file-sha256`);
  }
  return { name, algorithm: "sha256", digest };
}
