import { decide, EXIT, exitOfVerdict, type Finding } from "@mlsign/core";
import { checkStore } from "@mlsign/store";
import type { Host } from "../host.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import { say } from "../terminal/output.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { type StoreFlags, withStore } from "./store-location.ts";

export interface StoreCheckOptions extends StoreFlags, TrustFlags, ReportOptions {
  readonly checkpoint?: readonly string[];
}

/** Checks the whole store: the journal's chain, each bundle, the index, and each checkpoint. */
export async function verifyStore(options: StoreCheckOptions, host: Host): Promise<number> {
  checkFormat(options);
  const { findings, lines, head } = await withStore(options, false, host, async (store) => {
    const found = await checkStore(store);
    const checkpoints: Finding[] = [];
    for (const file of options.checkpoint ?? []) {
      const { judgeCheckpoint } = await import("./store-checkpoint.ts");
      checkpoints.push(...(await judgeCheckpoint(file, options, store, host)));
    }
    return { ...found, findings: [...found.findings, ...checkpoints] };
  });
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  printReport(
    { tool, command: "store verify", subject: "store", verdict, findings },
    options,
    host,
  );
  say(host, `the journal has ${lines} lines; its head is ${head}`);
  return exitOfVerdict(verdict);
}

/** Makes the index anew. */
export async function reindexStore(options: StoreFlags, host: Host): Promise<number> {
  const counts = await withStore(options, false, host, async (store) =>
    (await store.reindex()).counts(),
  );
  say(host, `indexed ${counts.claims} bundles and ${counts.components} packages anew`);
  return EXIT.accepted;
}
