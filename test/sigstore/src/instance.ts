import { Authority, type AuthorityOptions } from "./authority.ts";
import type { Clock } from "./clock.ts";
import { CtLog } from "./ctlog.ts";
import { Issuer } from "./issuer.ts";
import { TransparencyLog } from "./log.ts";
import { TimestampAuthority, type TsaOptions } from "./timestamp.ts";
import {
  authorityInstance,
  CLIENT_TRUST_CONFIG,
  type ClientTrustConfigJson,
  logInstance,
  type Service,
  SIGNING_CONFIG,
  type SigningConfigJson,
  type SigningConfigOptions,
  TRUSTED_ROOT,
  type TrustedRootJson,
  type TimeRange,
  trustStart,
} from "./trust.ts";

export interface Urls {
  readonly oidc: string;
  readonly fulcio: string;
  readonly rekor1: string;
  readonly rekor2: string;
  readonly tsa: string;
  readonly tuf: string;
}

export interface InstanceOptions {
  readonly clock?: Clock;
  readonly tokens?: "ES256" | "RS256";
  readonly authority?: AuthorityOptions;
  readonly tsa?: TsaOptions;
  /** Leaves that are in each log from the start. */
  readonly seeds?: number;
}

/** A Sigstore instance without its network: every part in process. */
export class Instance {
  readonly clock: Clock;
  readonly issuer: Issuer;
  readonly ctlog: CtLog;
  readonly authority: Authority;
  readonly rekor1: TransparencyLog;
  readonly rekor2: TransparencyLog;
  readonly tsa: TimestampAuthority;
  readonly trustedRoot: TrustedRootJson;
  readonly validFor: TimeRange;
  urls: Urls = URLS;

  constructor(options: InstanceOptions = {}) {
    const { clock = () => new Date(), seeds } = options;
    const logs = seeds === undefined ? {} : { seeds };
    this.clock = clock;
    this.validFor = trustStart(clock);
    this.issuer = new Issuer(clock, options.tokens);
    this.issuer.url = this.urls.oidc;
    this.ctlog = new CtLog(clock);
    this.authority = new Authority(clock, this.ctlog, options.authority);
    this.rekor1 = new TransparencyLog(clock, { version: 1, host: "rekor1.sigstore.test", ...logs });
    this.rekor2 = new TransparencyLog(clock, { version: 2, host: "rekor2.sigstore.test", ...logs });
    this.tsa = new TimestampAuthority(clock, options.tsa);
    this.trustedRoot = this.#trustedRoot();
  }

  signingConfig({ rekor = "both", tsa = true }: SigningConfigOptions = {}): SigningConfigJson {
    const service = (url: string, majorApiVersion = 1): Service => ({
      url,
      majorApiVersion,
      validFor: this.validFor,
      operator: "sigstore.test",
    });
    const rekor1 = rekor === 1 || rekor === "both" ? [service(this.urls.rekor1)] : [];
    const rekor2 = rekor === 2 || rekor === "both" ? [service(this.urls.rekor2, 2)] : [];
    return {
      mediaType: SIGNING_CONFIG,
      caUrls: [service(this.urls.fulcio)],
      oidcUrls: [service(this.urls.oidc)],
      rekorTlogUrls: [...rekor2, ...rekor1],
      rekorTlogConfig: { selector: "ANY" },
      tsaUrls: tsa ? [service(`${this.urls.tsa}/api/v1/timestamp`)] : [],
      tsaConfig: { selector: "ANY" },
    };
  }

  clientTrustConfig(options: SigningConfigOptions = {}): ClientTrustConfigJson {
    return {
      mediaType: CLIENT_TRUST_CONFIG,
      trustedRoot: this.trustedRoot,
      signingConfig: this.signingConfig(options),
    };
  }

  #trustedRoot(): TrustedRootJson {
    const { validFor } = this;
    return {
      mediaType: TRUSTED_ROOT,
      tlogs: [logInstance(this.rekor1, validFor), logInstance(this.rekor2, validFor)],
      certificateAuthorities: [authorityInstance(this.authority.chain, validFor)],
      ctlogs: [logInstance(this.ctlog, validFor)],
      timestampAuthorities: [
        authorityInstance(this.tsa.chain, validFor, "https://tsa.sigstore.test"),
      ],
    };
  }
}

/** Names for an instance that listens nowhere. */
const URLS: Urls = {
  oidc: "https://oidc.sigstore.test",
  fulcio: "https://fulcio.sigstore.test",
  rekor1: "https://rekor1.sigstore.test",
  rekor2: "https://rekor2.sigstore.test",
  tsa: "https://tsa.sigstore.test",
  tuf: "https://tuf.sigstore.test/tuf",
};
