import { type Fault, Faults, type ServiceName } from "./faults.ts";
import { fulcioHandler } from "./fulcio.ts";
import { type Handler, text } from "./http.ts";
import { Instance, type InstanceOptions, type Urls } from "./instance.ts";
import type { TokenOptions } from "./issuer.ts";
import type { LogRecord } from "./log.ts";
import { defaultUsers, oidcHandler, type Users } from "./oidc.ts";
import { rekor1Handler } from "./rekor1.ts";
import { rekor2Handler } from "./rekor2.ts";
import { listen, type Listening, type RequestRecord } from "./server.ts";
import type {
  ClientTrustConfigJson,
  SigningConfigJson,
  SigningConfigOptions,
  TrustedRootJson,
} from "./trust.ts";
import { tsaHandler } from "./tsa.ts";
import { TufRepository, tufHandler } from "./tuf.ts";

export interface SigstoreOptions extends InstanceOptions {
  /** A free port each where left out. */
  readonly ports?: Partial<Record<ServiceName, number>>;
}

/** A Sigstore instance on loopback ports. */
export interface Sigstore {
  readonly urls: Urls;
  readonly trustedRoot: TrustedRootJson;
  /** The parts, for work without the network and for what no service would do. */
  readonly instance: Instance;
  readonly tuf: TufRepository;
  /** Who logs in, and which job and service account the ambient endpoints speak for. */
  readonly users: Users;
  /** Every request so far, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** What both logs took, in the order of each. */
  readonly entries: readonly LogRecord[];
  signingConfig(options?: SigningConfigOptions): SigningConfigJson;
  clientTrustConfig(options?: SigningConfigOptions): ClientTrustConfigJson;
  token(options?: TokenOptions): string;
  /** The variables of a GitHub Actions job with `id-token: write`. */
  actionsEnvironment(): Record<string, string>;
  fault(service: ServiceName, fault: Fault | null): void;
  clearFaults(): void;
  close(): Promise<void>;
}

/** Starts every service on 127.0.0.1. */
export async function startSigstore(options: SigstoreOptions = {}): Promise<Sigstore> {
  const instance = new Instance(options);
  const users = defaultUsers();
  const faults = new Faults();
  const requests: RequestRecord[] = [];
  const common = { faults, requests, elsewhere: "" };
  const nowhere = await listen(() => text("elsewhere"), { ...common, name: "elsewhere", port: 0 });
  const listening: Listening[] = [nowhere];
  const start = async (name: ServiceName, handler: Handler): Promise<string> => {
    const port = options.ports?.[name] ?? 0;
    const service = await listen(handler, { ...common, name, port, elsewhere: nowhere.url });
    listening.push(service);
    return service.url;
  };
  const close = async (): Promise<void> => {
    await Promise.all(listening.map((service) => service.close()));
  };
  try {
    const oidc = await start("oidc", oidcHandler(instance.issuer, users));
    const fulcio = await start("fulcio", fulcioHandler(instance.authority, instance.issuer));
    const rekor1 = await start("rekor1", rekor1Handler(instance.rekor1));
    const rekor2 = await start("rekor2", rekor2Handler(instance.rekor2));
    const tsa = await start("tsa", tsaHandler(instance.tsa));
    const tuf = await start(
      "tuf",
      tufHandler(() => repository),
    );
    instance.urls = { oidc, fulcio, rekor1, rekor2, tsa, tuf: `${tuf}/tuf` };
    instance.issuer.url = oidc;
  } catch (error) {
    await close();
    throw error;
  }
  const repository = new TufRepository(instance.clock, tufTargets(instance));
  return {
    urls: instance.urls,
    trustedRoot: instance.trustedRoot,
    instance,
    tuf: repository,
    users,
    requests,
    get entries() {
      return [...instance.rekor1.records, ...instance.rekor2.records];
    },
    signingConfig: (which) => instance.signingConfig(which),
    clientTrustConfig: (which) => instance.clientTrustConfig(which),
    token: (who) => instance.issuer.token(who),
    actionsEnvironment: () => ({
      GITHUB_ACTIONS: "true",
      ACTIONS_ID_TOKEN_REQUEST_URL: `${instance.urls.oidc}/actions/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: users.jobSecret,
    }),
    fault: (service, fault) => faults.set(service, fault),
    clearFaults: () => faults.clear(),
    close,
  };
}

/** The targets that a Sigstore TUF repository serves. */
export function tufTargets(instance: Instance): Record<string, Buffer> {
  const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value, null, 2));
  return {
    "trusted_root.json": bytes(instance.trustedRoot),
    "signing_config.v0.2.json": bytes(instance.signingConfig()),
  };
}
