import { canonicalJson, isRecord, type JsonValue, MlsignError, parseJson } from "@mlsign/core";
import type { Manifest } from "@mlsign/manifest";
import { type Descriptor, digestOf, OCI_MANIFEST, readDescriptor } from "@mlsign/oci";
import type { RemoteFile } from "../folder.ts";
import { checkTree } from "../tree.ts";
import {
  FILE_METADATA,
  FILE_PATH,
  isRawLayer,
  layerType,
  MODEL_CONFIG,
  MODEL_MANIFEST,
  TITLE,
} from "./media.ts";

/** A model as it is stored: one layer a file. */
export interface PackedModel {
  readonly body: Buffer;
  readonly mediaType: string;
  /** `sha256:<hex>`: it binds names and contents. */
  readonly digest: string;
  readonly config: Buffer;
  readonly layers: readonly PackedFile[];
}

export interface PackedFile extends RemoteFile {
  readonly digest: string;
}

/**
 * The ModelPack manifest of a model's files. Nothing in it but names, sizes and digests, so that
 * the same model has the same digest whoever pushes it, and whenever.
 *
 * @param single the name of the file, where the model is one file
 * @throws MlsignError `name-invalid`, `limit-exceeded`
 */
export function packModel(manifest: Manifest, single: string | undefined): PackedModel {
  const layers = manifest.files.map(({ path, size, digests: { sha256 } }): PackedFile => {
    if (sha256 === undefined) throw new TypeError("a model is packed by its SHA-256 digests");
    return { name: path === "." ? (single ?? path) : path, size, digest: `sha256:${sha256}` };
  });
  checkTree(layers, { files: MOST_LAYERS });
  const config = bytesOf({
    descriptor: { name: manifest.name },
    modelfs: { type: "layers", diffIds: layers.map(({ digest }) => digest) },
    config: {},
  });
  const body = bytesOf({
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: MODEL_MANIFEST,
    config: { mediaType: MODEL_CONFIG, digest: digestOf(config), size: config.length },
    layers: layers.map(layerJson),
  });
  if (body.length > MOST_BYTES)
    throw new MlsignError(
      "limit-exceeded",
      `Cannot push the model: its manifest has ${body.length} bytes, registries take ${MOST_BYTES}`,
      { hint: "a model of fewer files fits" },
    );
  return { body, mediaType: OCI_MANIFEST, digest: digestOf(body), config, layers };
}

/**
 * The files of a model in a registry, from its manifest alone. Names are a stranger's: none may
 * lead out of a folder, be there twice, or be the same as another on some systems.
 *
 * @throws MlsignError `model-missing` for what is no model of raw layers; `name-invalid`,
 *   `limit-exceeded`
 */
export function unpackManifest(body: Buffer): PackedFile[] {
  const manifest = parseJson(body);
  const { artifactType, layers, config } = isRecord(manifest) ? manifest : {};
  const type = artifactType ?? (isRecord(config) ? config.mediaType : undefined);
  if (!Array.isArray(layers) || (type !== MODEL_MANIFEST && type !== MODEL_CONFIG))
    throw noModel("it is not packed as a model (ModelPack)");
  const files = layers.map((layer): PackedFile => {
    const found = readDescriptor(layer);
    if (found === undefined) throw noModel("a layer is malformed");
    return fileOf(found);
  });
  if (files.length === 0) throw noModel("it holds no file");
  checkTree(files, { files: MOST_LAYERS });
  return files;
}

function fileOf({ mediaType, digest, size, annotations = {} }: Descriptor): PackedFile {
  if (!isRawLayer(mediaType)) throw noModel("a layer is an archive, whose digest is of no file");
  // What is signed are SHA-256 digests: another would be no file's.
  if (!digest.startsWith("sha256:")) throw noModel("a layer is not named by SHA-256");
  const name = annotations[FILE_PATH];
  const title = annotations[TITLE];
  if (name === undefined) throw noModel("a layer has no name");
  // Two names would be two models to two readers.
  if (title !== undefined && title !== name) throw noModel("a layer has two names");
  return { name, size, digest };
}

function layerJson({ name, size, digest }: PackedFile): JsonValue {
  const metadata = { name: name.slice(name.lastIndexOf("/") + 1), mode: 0o644, size, typeflag: 48 };
  return {
    mediaType: layerType(name),
    digest,
    size,
    annotations: {
      [FILE_METADATA]: JSON.stringify({ ...metadata, uid: 0, gid: 0, mtime: EPOCH }),
      [FILE_PATH]: name,
      [TITLE]: name,
    },
  };
}

function bytesOf(value: JsonValue): Buffer {
  return Buffer.from(canonicalJson(value));
}

function noModel(why: string): MlsignError {
  return new MlsignError("model-missing", `Cannot find a model there: ${why}`);
}

const EPOCH = "1970-01-01T00:00:00Z";
const MOST_LAYERS = 10_000;
/** As many as a registry must take (distribution specification). */
const MOST_BYTES = 4 * 1024 * 1024;
