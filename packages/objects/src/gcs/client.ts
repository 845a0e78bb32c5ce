import { Storage } from "@google-cloud/storage";
import { OAuth2Client } from "google-auth-library";
import type { StoreOptions } from "../open.ts";
import { originOf } from "../origin.ts";
import type { ServerClock } from "../server-clock.ts";

export interface GcsConnection {
  readonly storage: Storage;
  /** Never tries again: for attempts, of which each must be made once. */
  readonly once: Storage;
  /** Origin that answers come from. */
  readonly endpoint: string;
  readonly clock: ServerClock;
}

/** A client that asks the endpoint that it is given, whatever a variable of the environment says. */
export function connect(options: StoreOptions, clock: ServerClock): GcsConnection {
  const endpoint = originOf(options.endpoint ?? GOOGLE);
  const storage = clientOf(options, endpoint, true);
  // The SDK switches a client's retries off while it makes a change: reads need a client of their own.
  const once = clientOf(options, endpoint, false);
  return { storage, once, endpoint, clock };
}

function clientOf(
  { env, profile, timeoutMs = TIMEOUT_MS }: StoreOptions,
  endpoint: string,
  autoRetry: boolean,
): Storage {
  const token = env.GOOGLE_OAUTH_ACCESS_TOKEN;
  const file = profile ?? env.GOOGLE_APPLICATION_CREDENTIALS;
  const client = new Storage({
    apiEndpoint: endpoint,
    universeDomain: "googleapis.com",
    // Another endpoint would be asked without credentials otherwise.
    useAuthWithCustomEndpoint: true,
    timeout: timeoutMs,
    retryOptions: { autoRetry, maxRetries: RETRIES, maxRetryDelay: 30, totalTimeout: 120 },
    ...(profile === undefined && token !== undefined
      ? { authClient: new OAuth2Client({ credentials: { access_token: token } }) }
      : file !== undefined && { keyFilename: file }),
  });
  // STORAGE_EMULATOR_HOST wins over an explicit endpoint in the SDK; here it does not.
  client.baseUrl = `${endpoint}/storage/v1`;
  client.apiEndpoint = endpoint;
  return client;
}

const GOOGLE = "https://storage.googleapis.com";
const TIMEOUT_MS = 15_000;
const RETRIES = 4;
