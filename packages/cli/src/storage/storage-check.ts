import { exitOfVerdict, MlsignError, printable } from "@mlsign/core";
import { openStore, parseLocation, redirects } from "@mlsign/objects";
import { checkStorage } from "@mlsign/storage";
import type { Host } from "../host.ts";
import { say } from "../terminal/output.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { progressLine } from "../terminal/progress-line.ts";
import { VERSION } from "../version.ts";

export interface CheckStorageOptions extends ReportOptions {
  readonly retainUntil?: string;
  readonly minRetention?: string;
  readonly drill?: boolean;
  readonly endpoint?: string;
  readonly region?: string;
  readonly profile?: string;
}

/** Judges every object below a prefix, and says until when. */
export async function storageCheck(
  url: string,
  options: CheckStorageOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  const { scheme, bucket, prefix } = parseLocation(url);
  const now = host.clock();
  const requiredUntil = horizonOf(options, now);
  const redirected = redirects(host.env, scheme);
  if (redirected.length > 0 && options.endpoint === undefined) {
    throw new MlsignError(
      "usage",
      `Cannot trust the store's answers: ${redirected.join(" and ")} may name another server`,
      { hint: "unset it, or name the server that is meant with --endpoint" },
    );
  }
  const { endpoint, region, profile, drill = false } = options;
  const store = await openStore(scheme, { endpoint, region, profile, env: host.env });
  const progress = progressLine(host);
  try {
    say(
      host,
      `asking ${store.endpoint}${requiredUntil === undefined ? "" : `; required until ${requiredUntil.toISOString()}`}`,
    );
    const { onProgress } = progress;
    const policy = { now, requiredUntil };
    const checked = await checkStorage(store, { bucket, prefix, policy, drill, onProgress });
    progress.end();
    const { verdict, findings, storage, objects } = checked;
    const value = {
      endpoint: store.endpoint,
      sdk: store.sdk,
      requiredUntil: requiredUntil?.toISOString() ?? null,
      drill,
      ignoredVariables: redirected,
      verdict: storage,
      objects,
    };
    const facts = [{ kind: "storage", source: url, at: now.toISOString(), value }];
    const tool = { name: "mlsign", version: VERSION };
    printReport(
      { tool, command: "storage check", subject: url, verdict, findings, facts },
      options,
      host,
    );
    return exitOfVerdict(verdict);
  } finally {
    progress.end();
    store.close();
  }
}

/** An absolute date, so that the same check later asks for the same. @throws MlsignError `usage` */
function horizonOf(
  { retainUntil, minRetention }: CheckStorageOptions,
  now: Date,
): Date | undefined {
  if (retainUntil !== undefined && minRetention !== undefined)
    throw new MlsignError("usage", "Cannot use both --retain-until and --min-retention");
  if (retainUntil !== undefined) {
    const date = /^\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?$/.test(retainUntil)
      ? new Date(retainUntil)
      : undefined;
    if (date !== undefined && !Number.isNaN(date.getTime())) return date;
    throw new MlsignError("usage", `Cannot read the date ${printable(retainUntil)}`, {
      hint: "such as 2027-02-20",
    });
  }
  if (minRetention === undefined) return undefined;
  const days = /^(\d{1,5})d$/.exec(minRetention)?.[1];
  if (days === undefined)
    throw new MlsignError("usage", `Cannot read the time ${printable(minRetention)}`, {
      hint: "in days, such as 365d",
    });
  return new Date(now.getTime() + Number(days) * 86_400_000);
}
