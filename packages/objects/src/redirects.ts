/**
 * Variables that make an SDK ask another server than the one that it names, without a word. One of
 * them can forge every answer, so each is told, and where the caller pinned no endpoint, refused.
 */
export function redirects(
  env: Readonly<Record<string, string | undefined>>,
  scheme: "s3" | "gs" | "azure",
): string[] {
  return NAMES[scheme].filter((name) => (env[name] ?? "") !== "");
}

const NAMES = {
  s3: ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"],
  gs: [
    "STORAGE_EMULATOR_HOST",
    "GOOGLE_CLOUD_UNIVERSE_DOMAIN",
    "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE",
  ],
  azure: [],
} as const;
