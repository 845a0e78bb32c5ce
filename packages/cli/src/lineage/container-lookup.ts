import { MlsignError } from "@mlsign/core";
import { dockerCredentials, fetchManifest, parseReference } from "@mlsign/oci";
import type { Host } from "../host.ts";
import { onThisMachine } from "../registry/oci-login.ts";

/**
 * Whether a registry has an image under its digest, and it is an image; as whoever `docker login`
 * made of the user. `undefined` where it could not be asked: not reached is not absent.
 *
 * @throws MlsignError `service-lied` where it answers with other bytes
 */
export async function containerExists(reference: string, host: Host): Promise<boolean | undefined> {
  const image = parseReference(reference);
  if (image.digest === undefined) return undefined;
  try {
    const found = await fetchManifest(image, {
      credentials: dockerCredentials({ env: host.env }),
      insecure: onThisMachine,
      timeoutMs: TIMEOUT_MS,
    });
    return found !== undefined;
  } catch (error) {
    if (error instanceof MlsignError && error.code !== "service-lied") return undefined;
    throw error;
  }
}

const TIMEOUT_MS = 10_000;
