import { S3Client } from "@aws-sdk/client-s3";
import { MlsignError } from "@mlsign/core";
import type { StoreOptions } from "../open.ts";
import { originOf } from "../origin.ts";
import type { ServerClock } from "../server-clock.ts";

export interface S3Connection {
  readonly client: S3Client;
  /** Origin that answers come from. */
  readonly endpoint: string;
  readonly clock: ServerClock;
  /** Account that every request says it expects the bucket to belong to. */
  readonly owner: string | undefined;
}

/** A client whose endpoint is always given, so that no variable names another. */
export function connect(options: StoreOptions, clock: ServerClock): S3Connection {
  const { env, timeoutMs = TIMEOUT_MS, expectedOwner: owner } = options;
  const named = options.region ?? env.AWS_REGION ?? env.AWS_DEFAULT_REGION;
  if (named === undefined && options.endpoint === undefined) {
    throw new MlsignError("usage", "Cannot ask S3: no region is known", {
      hint: "give --region, or set AWS_REGION",
    });
  }
  const region = named ?? "us-east-1";
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = env;
  const inline = options.profile === undefined && id !== undefined && secret !== undefined;
  const endpoint = originOf(options.endpoint ?? `https://s3.${region}.amazonaws.com`);
  const client = new S3Client({
    endpoint: options.endpoint ?? endpoint,
    region,
    forcePathStyle: options.endpoint !== undefined,
    followRegionRedirects: false,
    retryMode: "standard",
    maxAttempts: ATTEMPTS,
    // Other people's servers do not know the checksums that the SDK adds by itself.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    requestHandler: {
      connectionTimeout: 3_000,
      requestTimeout: timeoutMs,
      throwOnRequestTimeout: true,
    },
    ...(options.profile !== undefined && { profile: options.profile }),
    ...(inline && {
      credentials: {
        accessKeyId: id,
        secretAccessKey: secret,
        ...(token !== undefined && { sessionToken: token }),
      },
    }),
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      clock.note((result.response as { headers?: Record<string, string> }).headers?.date);
      return result;
    },
    { step: "deserialize", name: "serverTime", priority: "low" },
  );
  if (owner !== undefined) {
    client.middlewareStack.add(
      (next) => async (args) =>
        next(
          "ExpectedBucketOwner" in args.input
            ? args
            : { ...args, input: { ...args.input, ExpectedBucketOwner: owner } },
        ),
      { step: "initialize", name: "expectedOwner" },
    );
  }
  return { client, endpoint, clock, owner };
}

const TIMEOUT_MS = 15_000;
const ATTEMPTS = 5;
