import { fileURLToPath } from "node:url";
import { MlsignError, printable } from "@mlsign/core";

/** Where MLflow keeps a folder of artifacts. */
export type ArtifactLocation =
  /** Behind the tracking server itself. */
  | { readonly kind: "proxied"; readonly path: string }
  /** On this machine, or mounted here. */
  | { readonly kind: "local"; readonly path: string }
  /** In a bucket. */
  | { readonly kind: "object"; readonly url: string };

/**
 * Where an artifact URI leads, as `server` (the tracking server's address) gave it.
 *
 * @throws MlsignError `usage` for a store that mlsign does not read, and for another server, which
 *   would be sent the credentials of this one
 */
export function parseArtifactUri(uri: string, server: string): ArtifactLocation {
  const [, scheme = ""] = /^([a-z][a-z0-9+.-]*):/i.exec(uri) ?? [];
  switch (scheme.toLowerCase()) {
    case "mlflow-artifacts":
      return { kind: "proxied", path: proxiedPath(uri, server) };
    case "":
    case "file":
      return { kind: "local", path: localPath(uri) };
    case "s3":
    case "gs":
      return { kind: "object", url: uri.replace(/\/+$/, "") };
    default:
      throw unreadable(uri, "not a store that is read");
  }
}

function proxiedPath(uri: string, server: string): string {
  const [, authority = "", path = ""] =
    /^mlflow-artifacts:(?:\/\/([^/]*))?\/*(.*)$/is.exec(uri) ?? [];
  if (authority !== "" && authority !== new URL(server).host)
    throw unreadable(uri, "it is behind another server");
  const plain = path.replace(/\/+$/, "");
  if (/[\0?#]/.test(plain) || plain.split("/").some((part) => ["", ".", ".."].includes(part)))
    throw unreadable(uri, "it leads elsewhere");
  return plain;
}

function localPath(uri: string): string {
  let path: string | undefined = uri;
  try {
    if (/^file:/i.test(uri)) path = fileURLToPath(uri);
  } catch {
    path = undefined;
  }
  if (path === undefined || !path.startsWith("/") || path.includes("\0"))
    throw unreadable(uri, "not a path of this machine");
  return path.replace(/\/+$/, "");
}

function unreadable(uri: string, why: string): MlsignError {
  return new MlsignError("usage", `Cannot look at ${printable(uri)}: ${why}`, {
    hint: "s3, gs, folders and what the tracking server passes on (mlflow-artifacts:) can be read",
  });
}
