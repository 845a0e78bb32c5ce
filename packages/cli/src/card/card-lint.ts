import { checkCardSubject, lintCard } from "@mlsign/card";
import { decide, exitOfVerdict } from "@mlsign/core";
import type { Host } from "../host.ts";
import { claimManifest } from "../model/claim-manifest.ts";
import { locateModel } from "../model/model-location.ts";
import { readBomFile } from "../sbom/sbom-file.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import { VERSION } from "../version.ts";
import { cardFiles, type CardModel, readCard } from "./card-file.ts";
import { cardPolicy, type CardPolicyFlags } from "./card-policy.ts";

export interface LintCardOptions extends CardPolicyFlags, ReportOptions {
  readonly model?: string;
  readonly sbom?: string;
}

/** Judges a card by the rules, and where they are given by the model and its bill of materials. */
export async function lintCardFile(
  file: string,
  options: LintCardOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  const read = readCard(file, host);
  const policy = cardPolicy(options, host);
  const bom = options.sbom === undefined ? undefined : readBomFile(options.sbom, host).view;
  const model = options.model === undefined ? undefined : await modelOf(options.model, host);
  const findings = [
    ...lintCard(read.card, { policy, files: cardFiles(read, model), ...(bom && { bom }) }),
    ...(model === undefined ? [] : checkCardSubject(read.card, model.manifest.root)),
  ];
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  printReport(
    { tool, command: "card lint", subject: read.shown, verdict, findings },
    options,
    host,
  );
  return exitOfVerdict(verdict);
}

async function modelOf(model: string, host: Host): Promise<CardModel> {
  const location = locateModel(model, host.cwd);
  const { manifest } = await claimManifest(location, {}, host);
  return { location, manifest };
}
