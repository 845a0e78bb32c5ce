import { BUNDLE_V03 } from "@mlsign/bundle";

/** ModelPack (CNCF model specification, v0.0.7). */
export const MODEL_MANIFEST = "application/vnd.cncf.model.manifest.v1+json";
export const MODEL_CONFIG = "application/vnd.cncf.model.config.v1+json";
export const FILE_PATH = "org.cncf.model.filepath";
export const FILE_METADATA = "org.cncf.model.file.metadata+json";
/** The name that other OCI clients give a file when they fetch it. */
export const TITLE = "org.opencontainers.image.title";

/** Sigstore bundles beside an image, as cosign has them (its bundle specification). */
export const BUNDLE: string = BUNDLE_V03;
export const BUNDLE_CONTENT = "dev.sigstore.bundle.content";
export const BUNDLE_PREDICATE = "dev.sigstore.bundle.predicateType";
export const CREATED = "org.opencontainers.image.created";
export const EMPTY_CONFIG = "application/vnd.oci.empty.v1+json";

/** The media type of a layer that is one file as it is, by what the file's name says it is. */
export function layerType(name: string): string {
  const base = name.slice(name.lastIndexOf("/") + 1).toLowerCase();
  const extension = base.slice(base.lastIndexOf(".") + 1);
  const kind = DOCS.test(base) ? "doc" : (KINDS.get(extension) ?? "weight");
  return `application/vnd.cncf.model.${kind}.v1.raw`;
}

/** Whether a layer is one file as it is, whose digest is the file's own. */
export function isRawLayer(mediaType: string): boolean {
  return /^application\/vnd\.cncf\.model\.(?:weight|weight\.config|doc|code|dataset)\.v1\.raw$/.test(
    mediaType,
  );
}

const DOCS = /^(?:readme|license|licence|notice|changelog|model_card)(?:\..*)?$/;
const KINDS: ReadonlyMap<string, string> = new Map([
  ...["md", "rst", "pdf", "html", "png", "jpg", "jpeg", "svg"].map((it) => [it, "doc"] as const),
  ...["py", "ipynb", "sh", "js", "ts", "c", "cc", "cpp", "h", "go", "rs", "java"].map(
    (it) => [it, "code"] as const,
  ),
  ...["csv", "tsv", "parquet", "arrow", "jsonl"].map((it) => [it, "dataset"] as const),
  ...["json", "yaml", "yml", "toml", "ini", "cfg", "txt", "vocab", "jinja", "model"].map(
    (it) => [it, "weight.config"] as const,
  ),
  ["mlmodel", "weight.config"],
]);
