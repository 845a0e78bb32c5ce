import { MlsignError, printable } from "@mlsign/core";

/** `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`, taken apart. */
export interface StorageLocation {
  readonly scheme: "s3" | "gs" | "azure";
  readonly bucket: string;
  /** Without a leading slash; a trailing one is kept, as `a/` is not `a`. */
  readonly prefix: string;
}

/**
 * The bucket and the prefix of a URL. Nothing is decoded: a key is bytes, as DVC and MLflow have it.
 *
 * @throws MlsignError `usage`
 */
export function parseLocation(url: string): StorageLocation {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/]*)(?:\/(.*))?$/s.exec(url);
  const [, scheme = "", bucket = "", prefix = ""] = match ?? [];
  const known = SCHEMES.get(scheme);
  if (known === undefined) {
    const hint = url.startsWith("mlflow-artifacts:")
      ? "this root is behind MLflow's proxy: give the bucket that its --artifacts-destination names"
      : "give s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX";
    throw new MlsignError("usage", `Cannot look at ${printable(url)}: not in a known store`, {
      hint,
    });
  }
  if (bucket.includes("@")) {
    throw new MlsignError("usage", "Cannot use this address: it holds a user name or password");
  }
  if (!/^[a-z0-9A-Z][\w.-]{1,221}$/.test(bucket)) {
    throw new MlsignError("usage", `Cannot look at ${printable(url)}: no bucket's name`);
  }
  if (prefix.length > 1024 || prefix.includes("\0")) {
    throw new MlsignError("usage", `Cannot look at ${printable(url)}: no key can start so`);
  }
  return { scheme: known, bucket, prefix };
}

/** The object below a prefix. */
export function keyBelow(prefix: string, path: string): string {
  return prefix === "" ? path : `${prefix.replace(/\/+$/, "")}/${path}`;
}

const SCHEMES: ReadonlyMap<string, StorageLocation["scheme"]> = new Map([
  ["s3", "s3"],
  ["s3a", "s3"],
  ["gs", "gs"],
  ["gcs", "gs"],
  ["az", "azure"],
  ["azure", "azure"],
]);
