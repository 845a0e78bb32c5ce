import { decide, exitOfVerdict } from "@mlsign/core";
import { VERDICTS } from "@mlsign/storage";
import type { Host } from "../host.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { horizonOf } from "./horizon.ts";
import { runCheck, type StoreFlags } from "./run-check.ts";
import { type SourceFlags, sourcesOf } from "./sources.ts";

export interface CheckStorageOptions extends ReportOptions, StoreFlags, SourceFlags, TrustFlags {}

/** Judges every object that is meant, and says until when. */
export async function storageCheck(
  url: string | undefined,
  options: CheckStorageOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  const now = host.clock();
  const requiredUntil = horizonOf(options, now);
  const { sources, findings: before } = await sourcesOf(url, options, host);
  const ran = await runCheck(sources, { now, requiredUntil }, options, host);
  const findings = [...before, ...ran.findings];
  const verdict = decide(findings);
  const [first] = ran.locations;
  const objects = Object.fromEntries(
    VERDICTS.map((it) => [it, ran.locations.reduce((sum, one) => sum + one.objects[it], 0)]),
  );
  const value = {
    endpoint: first?.endpoint ?? null,
    sdk: first?.sdk ?? null,
    requiredUntil: requiredUntil?.toISOString() ?? null,
    drill: ran.drill ? { ...ran.drill } : null,
    ignoredVariables: [...ran.ignoredVariables],
    profiles: { reader: options.profile ?? null, drill: options.drillProfile ?? null },
    verdict:
      VERDICTS.find((it) => ran.locations.some(({ storage }) => storage === it)) ?? "unknown",
    objects,
    locations: ran.locations.map((it) => ({ ...it, objects: { ...it.objects } })),
    evidence: { ...ran.evidence },
  };
  const subject = url ?? options.model ?? options.dvc?.join(" ") ?? "";
  const facts = [{ kind: "storage", source: subject, at: now.toISOString(), value }];
  const tool = { name: "mlsign", version: VERSION };
  printReport({ tool, command: "storage check", subject, verdict, findings, facts }, options, host);
  return exitOfVerdict(verdict);
}
