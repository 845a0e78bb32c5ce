import type { Command } from "commander";
import type { CardPolicyFlags } from "../card/card-policy.ts";
import type { DependencyPolicyFlags } from "../deps/lock-files.ts";
import type { LineageFlags } from "../lineage/lineage-claim.ts";
import { addRemoteOptions } from "./remote-options.ts";
import { collect } from "./trust-options.ts";

/** Which evidence goes beside a model when it is signed, as flags or `mlsign.yaml` say it. */
export interface EvidenceFlags extends LineageFlags, DependencyPolicyFlags {
  readonly card?: string;
  readonly cardPolicy?: CardPolicyFlags["policy"];
  readonly sbom?: string;
  readonly lineage?: string;
  readonly name?: string;
  readonly modelVersion?: string;
}

export function addEvidenceOptions(command: Command): Command {
  return addRemoteOptions(command)
    .option("--card <file>", "also sign the model's card; auto: the one beside the model")
    .option("--card-policy <file>", "which rules of the card are errors")
    .option("--sbom <file>", "also sign a bill of materials; auto: make it")
    .option(
      "--deps <path>",
      "also sign that this lock file, or folder of them, is pinned by hash (repeatable)",
      collect,
    )
    .option("--lineage <auto>", "also sign where the model came from: commit, data, container")
    .option("--data <file>", "a .dvc file or dvc.lock of the repository (repeatable)", collect)
    .option("--container <ref>", "the image that it was trained in, with its digest")
    .option(
      "--base-model <name>",
      "what it was tuned from: NAME[@REVISION][#sha256:ROOT][=PATH] (repeatable)",
      collect,
    )
    .option("--mlflow-run <id>", "the run that trained it, on the server of MLFLOW_TRACKING_URI")
    .option("--mlflow-uri <url>", "that server")
    .option("--name <name>", "the model's name in the bill of materials")
    .option("--model-version <version>", "the model's version in the bill of materials");
}

/** Whether any evidence was asked for. */
export function wantsEvidence({ card, sbom, deps, lineage }: EvidenceFlags): boolean {
  return [card, sbom, deps, lineage].some((flag) => flag !== undefined);
}
