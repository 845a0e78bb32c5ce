import type { Lie } from "./http.ts";

export const SERVICES = ["oidc", "fulcio", "rekor1", "rekor2", "tsa", "tuf"] as const;

export type ServiceName = (typeof SERVICES)[number];

/**
 * What goes wrong at a service. A fault holds for the next `times` requests, or until it is cleared.
 * - `slow`: does its work, and answers after `ms`
 * - `hang`: never answers; with `processed`, after it has done its work
 * - `status`: answers with a status; with `processed`, after it has done its work
 * - `truncated`, `oversized`: does its work, and sends half of the answer, or `bytes` of one
 * - `garbage`: answers with HTML where something else is wanted, and does not do its work
 * - `reset`: closes the connection
 * - `redirect`: sends the client to another host (`elsewhere`, which records it) or to `to`
 * - `wrong-key`: signs with another key, or certifies one
 * - `replayed`: answers for another artifact
 * - `stale`: TUF: a timestamp that has expired
 */
export type Fault = FaultKind & { readonly times?: number; readonly path?: string };

export type FaultKind =
  | { readonly kind: "slow"; readonly ms: number }
  | { readonly kind: "hang" | "reset"; readonly processed?: boolean }
  | {
      readonly kind: "status";
      readonly status: number;
      readonly processed?: boolean;
      readonly retryAfter?: number;
    }
  | { readonly kind: "truncated" | "garbage" }
  | { readonly kind: "oversized"; readonly bytes: number }
  | { readonly kind: "redirect"; readonly status?: 301 | 302 | 307 | 308; readonly to?: string }
  | { readonly kind: Lie };

/** The faults that are switched on. A fault with a `path` holds for paths that end in it. */
export class Faults {
  readonly #active = new Map<ServiceName, { fault: Fault; left: number }>();

  set(service: ServiceName, fault: Fault | null): void {
    if (fault === null) this.#active.delete(service);
    else this.#active.set(service, { fault, left: fault.times ?? Number.POSITIVE_INFINITY });
  }

  clear(): void {
    this.#active.clear();
  }

  /** The fault for a request that has arrived, which counts. */
  take(service: ServiceName, path: string): Fault | undefined {
    const active = this.#active.get(service);
    if (active === undefined || active.left <= 0) return undefined;
    if (active.fault.path !== undefined && !path.endsWith(active.fault.path)) return undefined;
    active.left -= 1;
    return active.fault;
  }
}

export function lieOf(fault: Fault | undefined): Lie | undefined {
  switch (fault?.kind) {
    case "wrong-key":
    case "replayed":
    case "stale":
      return fault.kind;
    default:
      return undefined;
  }
}
