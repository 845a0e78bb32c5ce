import { isRecord, type JsonObject, MlsignError, parseJson, printable } from "@mlsign/core";

export interface BomHash {
  readonly alg: string;
  readonly content: string;
}

export interface BomComponent {
  readonly ref: string | undefined;
  readonly type: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly purl: string | undefined;
  readonly hashes: readonly BomHash[];
  readonly properties: readonly { readonly name: string; readonly value: string }[];
  readonly externalReferences: readonly {
    readonly type: string;
    readonly url: string;
    readonly hashes: readonly BomHash[];
  }[];
  readonly modelCard: JsonObject | undefined;
  readonly commits: readonly string[];
  /** Models that it was made from. */
  readonly ancestors: readonly BomAncestor[];
  /** `root` for what is nested in `metadata.component`. */
  readonly place: "root" | "component";
}

export interface BomAncestor {
  readonly name: string;
  /** OMS root digest, hex. */
  readonly root: string | undefined;
}

/** A bill of materials as far as mlsign reads it, whoever wrote it. */
export interface BomView {
  readonly specVersion: string;
  readonly serialNumber: string | undefined;
  readonly root: BomComponent | undefined;
  /** All components, nested ones too; without the root itself and the tools. */
  readonly components: readonly BomComponent[];
}

/**
 * Reads CycloneDX JSON of any tool, version 1.4 to 1.7. Fields that are missing or of another type
 * are passed over: whether it is valid is `validateBom`'s question.
 *
 * @throws MlsignError `json-invalid` for what is no strict JSON or no CycloneDX.
 */
export function readBom(data: Uint8Array | string): BomView {
  const bom = parseJson(data);
  if (!isRecord(bom) || bom.bomFormat !== "CycloneDX") throw invalid('no bomFormat "CycloneDX"');
  const version = text(bom.specVersion);
  if (version === undefined || !VERSIONS.includes(version)) {
    throw invalid(`specVersion "${printable(version ?? "")}", not one of ${VERSIONS.join(", ")}`);
  }
  const root = records([isRecord(bom.metadata) ? bom.metadata.component : undefined])[0];
  return {
    specVersion: version,
    serialNumber: text(bom.serialNumber),
    root: root && readComponent(root, "root"),
    components: [...nested(root?.components, "root"), ...nested(bom.components, "component")],
  };
}

function nested(value: unknown, place: BomComponent["place"]): BomComponent[] {
  return records(value).flatMap((entry) => [
    readComponent(entry, place),
    ...nested(entry.components, place),
  ]);
}

function readComponent(
  entry: Readonly<Record<string, unknown>>,
  place: BomComponent["place"],
): BomComponent {
  const pedigree = isRecord(entry.pedigree) ? entry.pedigree : {};
  return {
    ref: text(entry["bom-ref"]),
    type: text(entry.type) ?? "",
    name: text(entry.name) ?? "",
    version: text(entry.version),
    purl: text(entry.purl),
    hashes: readHashes(entry.hashes),
    properties: records(entry.properties).map(({ name, value }) => ({
      name: text(name) ?? "",
      value: text(value) ?? "",
    })),
    externalReferences: records(entry.externalReferences).map(({ type, url, hashes }) => ({
      type: text(type) ?? "",
      url: text(url) ?? "",
      hashes: readHashes(hashes),
    })),
    modelCard: isRecord(entry.modelCard) ? (entry.modelCard as JsonObject) : undefined,
    commits: records(pedigree.commits).flatMap(({ uid }) => text(uid) ?? []),
    ancestors: records(pedigree.ancestors).map(({ name, properties }) => ({
      name: text(name) ?? "",
      root: text(
        records(properties).find((property) => property.name === "mlsign:oms:root-digest")?.value,
      ),
    })),
    place,
  };
}

function readHashes(value: unknown): BomHash[] {
  return records(value).flatMap(({ alg, content }) =>
    typeof alg === "string" && typeof content === "string"
      ? [{ alg, content: content.toLowerCase() }]
      : [],
  );
}

function records(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? (value as unknown[]).filter(isRecord) : [];
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function invalid(why: string): MlsignError {
  return new MlsignError("json-invalid", `Cannot read the bill of materials: ${why}`);
}

const VERSIONS = ["1.4", "1.5", "1.6", "1.7"];
