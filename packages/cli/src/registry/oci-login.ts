import { dockerCredentials, openRepository, type Reference, type Repository } from "@mlsign/oci";
import type { Host } from "../host.ts";

/** A repository of a registry, as whoever `docker login` made of the user. */
export function repositoryOf(reference: Reference, host: Host): Repository {
  return openRepository(reference, {
    credentials: dockerCredentials({ env: host.env }),
    insecure: onThisMachine,
  });
}

/** As other clients have it, nothing but a loopback registry is asked without TLS. */
export function onThisMachine(registry: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(registry);
}
