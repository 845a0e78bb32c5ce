import { isRecord, parseJson } from "@mlsign/core";

/**
 * Why bytes are no manifest or index of images, `undefined` where they are. A registry can serve
 * any bytes under their own digest: an image's ID is the digest of its configuration, which is no
 * manifest.
 */
export function manifestFault(body: Buffer): string | undefined {
  let json;
  try {
    json = parseJson(body);
  } catch {
    return "not strict JSON";
  }
  if (!isRecord(json) || json.schemaVersion !== 2) return "no manifest of schema version 2";
  const { config, layers, manifests } = json;
  if (Array.isArray(manifests)) return manifests.every(isDescriptor) ? undefined : "malformed";
  if (!Array.isArray(layers) || config === undefined) return "neither manifest nor index";
  return [config, ...layers].every(isDescriptor) ? undefined : "malformed";
}

function isDescriptor(value: unknown): boolean {
  return (
    isRecord(value) &&
    typeof value.mediaType === "string" &&
    typeof value.digest === "string" &&
    Number.isSafeInteger(value.size)
  );
}
