import { isRecord, type JsonValue, MlsignError, parseJson } from "@mlsign/core";

/** A service of a signing configuration. Times are inclusive. */
export interface Service {
  readonly url: string;
  readonly apiVersion: number;
  readonly operator: string;
  readonly start: Date | undefined;
  readonly end: Date | undefined;
}

type Selector = { readonly pick: "any" | "all" | "exact"; readonly count: number };

/** Where to sign (SigningConfig v0.2). */
export interface SigningConfig {
  readonly fulcio: readonly Service[];
  readonly oidc: readonly Service[];
  readonly rekor: readonly Service[];
  readonly tsa: readonly Service[];
  readonly rekorSelector: Selector;
  readonly tsaSelector: Selector;
}

/** The services to use now. */
export interface Services {
  readonly fulcio: Service | undefined;
  readonly oidc: Service | undefined;
  readonly rekor: readonly Service[];
  readonly tsa: readonly Service[];
}

/** @throws MlsignError `trusted-root-invalid` */
export function parseSigningConfig(data: Uint8Array, source: string): SigningConfig {
  return readSigningConfig(parseJson(data, { maxBytes: 1024 * 1024, maxDepth: 16 }), source);
}

export function readSigningConfig(json: JsonValue, source: string): SigningConfig {
  if (!isRecord(json) || json.mediaType !== MEDIA_TYPE) {
    throw invalid(source, `its media type is not "${MEDIA_TYPE}"`);
  }
  const list = (key: string): Service[] => readServices(json[key], `${source}, "${key}"`);
  return {
    fulcio: list("caUrls"),
    oidc: list("oidcUrls"),
    rekor: list("rekorTlogUrls"),
    tsa: list("tsaUrls"),
    rekorSelector: readSelector(json.rekorTlogConfig, `${source}, "rekorTlogConfig"`),
    tsaSelector: readSelector(json.tsaConfig, `${source}, "tsaConfig"`),
  };
}

/**
 * Picks services that are valid at a time and speak a version that we speak: the newest version
 * first, then the latest start, and one of each operator (SigningConfig v0.2).
 *
 * @throws MlsignError `trusted-root-invalid` where `EXACT` asks for more than there are.
 */
export function servicesAt(config: SigningConfig, time: Date): Services {
  return {
    fulcio: usable(config.fulcio, time, [1])[0],
    oidc: usable(config.oidc, time, [1])[0],
    rekor: select(usable(config.rekor, time, [1, 2]), config.rekorSelector, "transparency logs"),
    tsa: select(usable(config.tsa, time, [1]), config.tsaSelector, "timestamp authorities"),
  };
}

function usable(services: readonly Service[], time: Date, versions: readonly number[]): Service[] {
  const ordered = services
    .filter((service) => versions.includes(service.apiVersion))
    .filter(({ start, end }) => (!start || start <= time) && (!end || time <= end))
    .toSorted(
      (a, b) =>
        b.apiVersion - a.apiVersion || (b.start?.getTime() ?? 0) - (a.start?.getTime() ?? 0),
    );
  const operators = new Set<string>();
  return ordered.filter(({ operator }) => {
    if (operator !== "" && operators.has(operator)) return false;
    operators.add(operator);
    return true;
  });
}

function select(
  services: readonly Service[],
  selector: Selector,
  what: string,
): readonly Service[] {
  if (selector.pick === "all") return services;
  if (selector.pick === "any") return services.slice(0, 1);
  if (services.length < selector.count) {
    throw invalid("signing configuration", `${services.length} ${what}, not ${selector.count}`);
  }
  return services.slice(0, selector.count);
}

function readServices(value: unknown, source: string): Service[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(source, "not a list");
  return value.map((service: unknown) => {
    if (!isRecord(service) || typeof service.url !== "string" || !isHttpUrl(service.url)) {
      throw invalid(source, "a service has no http(s) url");
    }
    const period = isRecord(service.validFor) ? service.validFor : {};
    return {
      url: service.url,
      apiVersion: Number(service.majorApiVersion ?? 1),
      operator: typeof service.operator === "string" ? service.operator : "",
      start: readTime(period.start, source),
      end: readTime(period.end, source),
    };
  });
}

function readSelector(value: unknown, source: string): Selector {
  if (value === undefined || value === null) return { pick: "any", count: 1 };
  const pick = isRecord(value) ? SELECTORS.get(String(value.selector)) : undefined;
  if (pick === undefined) throw invalid(source, "its selector is not ANY, ALL or EXACT");
  const count = isRecord(value) ? Number(value.count ?? 1) : 1;
  if (!Number.isInteger(count) || count < 1) throw invalid(source, "its count is not positive");
  return { pick, count };
}

function readTime(value: unknown, source: string): Date | undefined {
  if (value === undefined || value === null) return undefined;
  const time = new Date(typeof value === "string" ? value : Number.NaN);
  if (Number.isNaN(time.getTime())) throw invalid(source, `${JSON.stringify(value)} is not a time`);
  return time;
}

function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function invalid(source: string, what: string): MlsignError {
  return new MlsignError("trusted-root-invalid", `Cannot read ${source}: ${what}`);
}

const MEDIA_TYPE = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
const SELECTORS: ReadonlyMap<string, Selector["pick"]> = new Map([
  ["ANY", "any"],
  ["ALL", "all"],
  ["EXACT", "exact"],
]);
