import { relative } from "node:path";
import { type Bundle, parseBundle } from "@mlsign/bundle";
import {
  decide,
  exitOfVerdict,
  type Fact,
  type Finding,
  finding,
  MlsignError,
  messageOf,
  printable,
} from "@mlsign/core";
import { Command } from "commander";
import type { Action } from "../action.ts";
import type { Host } from "../host.ts";
import {
  ignoredName,
  locateModel,
  type ModelLocation,
  signatureBytes,
} from "../model/model-location.ts";
import { addLookOptions } from "../options/look-options.ts";
import { addPolicySignerOptions } from "../options/policy-options.ts";
import {
  addTrustOptions,
  collect,
  resolveTrust,
  type ResolvedTrust,
  type TrustFlags,
} from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportFormat } from "../terminal/print-report.ts";
import { progressLine } from "../terminal/progress-line.ts";
import { type JudgeFlags, judgeModel } from "../verify/judge-model.ts";
import { VERSION } from "../version.ts";

interface Options extends TrustFlags, JudgeFlags {
  readonly signature?: string;
  readonly format?: ReportFormat;
  readonly json?: boolean;
  readonly policy?: string;
  readonly vsa?: boolean;
  readonly to?: string;
}

export function verifyCommand(host: Host, action: Action): Command {
  const command = new Command("verify")
    .description("verify that a model is as a trusted signer signed it")
    .argument("<model>", "the model")
    .option("--signature <file>", "the signature (default: MODEL/model.sig, MODEL.sig)");
  return addPolicySignerOptions(addLookOptions(addTrustOptions(command)))
    .option("--ignore-path <path>", "leave this out too (repeatable)", collect)
    .option("--ignore-unsigned-files", "look at the signed files only")
    .option(
      "--no-signer-ignores",
      "refuse files that the signer left out, unless --ignore-path names them",
    )
    .option("--no-legacy", "refuse the forms of earlier releases")
    .option("--require-log", "refuse a signature that no transparency log witnessed")
    .option("--require-timestamp", "refuse a signature that no timestamp authority witnessed")
    .option("--accept-statement", "let SLSA provenance over a single file stand for a signature")
    .option("--into <dir>", "leave a copy of the verified bytes in this new directory")
    .option("--archive", "the model is the tree inside a .tar or .tar.gz")
    .option("--policy <file>", "judge by this policy, which names whom to trust: FILE[@sha256:HEX]")
    .option("--summary <file>", "with --policy: append the verdict as Markdown")
    .option("--vsa", "ask for no more than a promotion to the target")
    .option("--to <env>", "the target of --policy or --vsa")
    .option("--resource <uri>", "with --vsa: what the promotion must be for")
    .option("--max-age <span>", "with --vsa: refuse an older promotion, such as 30d")
    .option(
      "--policy-digest <sha256:hex>",
      "with --vsa: refuse a promotion by another policy (repeatable)",
      collect,
    )
    .option("--format <form>", "text, json, sarif, junit or markdown", "text")
    .option("--config <file>", "options as YAML (flags win)")
    .option("--json", "the same as --format json")
    .addHelpText("after", HELP)
    .action((model: string, options: Options) => action(verify(model, options, host)));
}

async function verify(model: string, options: Options, host: Host): Promise<number> {
  if (GATE_FLAGS.some((name) => name in options))
    return (await import("../gate/verify-otherwise.ts")).verifyOtherwise(model, options, host);
  checkFormat(options);
  const location = locateModel(model, host.cwd, options.signature);
  const needsRoot = (options.requireLog ?? false) || (options.requireTimestamp ?? false);
  const resolved = await resolveTrust(options, host, needsRoot);
  const data = signatureBytes(location);
  if (resolved === undefined) throw await nobodyTrusted(data, location, host);
  if (data === undefined) throw unsigned(model, location, host);
  const { findings, facts } = await judge(data, resolved, location, options, host);
  const verdict = decide(findings);
  const report = {
    tool: { name: "mlsign", version: VERSION },
    command: "verify",
    subject: model,
    verdict,
    findings,
    facts,
  };
  printReport(report, options, host);
  return exitOfVerdict(verdict);
}

interface Judged {
  readonly findings: readonly Finding[];
  readonly facts: readonly Fact[];
}

async function judge(
  data: Buffer,
  resolved: ResolvedTrust,
  location: ModelLocation,
  options: Options,
  host: Host,
): Promise<Judged> {
  let bundle: Bundle;
  try {
    bundle = parseBundle(data);
  } catch (error) {
    if (!(error instanceof MlsignError) || error.category !== "refused") throw error;
    return { findings: [finding("bundle-form", "fail", messageOf(error))], facts: [] };
  }
  const progress = progressLine(host);
  try {
    return await judgeModel(bundle, {
      resolved,
      location,
      now: host.clock(),
      onProgress: progress.onProgress,
      signal: host.signal,
      options: {
        ...options,
        ignorePath: (options.ignorePath ?? []).map((path) => ignoredName(path, location, host.cwd)),
      },
      cwd: host.cwd,
    });
  } finally {
    progress.end();
  }
}

function unsigned(model: string, location: ModelLocation, host: Host): MlsignError {
  const looked = printable(relative(host.cwd, location.signaturePath));
  return new MlsignError("unsigned", `${printable(model)} is unsigned: there is no ${looked}`, {
    hint: `sign it with mlsign sign, or name its signature with --signature`,
  });
}

async function nobodyTrusted(
  data: Buffer | undefined,
  location: ModelLocation,
  host: Host,
): Promise<MlsignError> {
  const looked = printable(relative(host.cwd, location.signaturePath));
  if (data === undefined) {
    return new MlsignError(
      "trust-missing",
      `Cannot verify: nobody was named to trust, and there is no ${looked}`,
      {
        hint: "give --key, --certificate-chain, or --certificate-identity with --certificate-oidc-issuer",
      },
    );
  }
  const { claimedSigner } = await import("../verify/claimed-signer.ts");
  const { words, hint } = claimedSigner(data);
  return new MlsignError(
    "trust-missing",
    `Cannot verify: nobody was named to trust; ${looked} claims to be ${words}`,
    {
      hint,
    },
  );
}

/** What asks for a policy or a promotion, and means nothing without. */
const GATE_FLAGS = [
  "policy",
  "vsa",
  "to",
  "resource",
  "maxAge",
  "summary",
  "policyDigest",
  "policyKey",
  "policyIdentity",
  "policyOidcIssuer",
] as const;
const HELP = `
Exactly one kind of trust must be given; it is never taken from the signature. With --policy, the
policy names whom to trust and what else must be there; with --vsa, a promotion by whom you trust
is enough.

Examples:
  $ mlsign verify model.onnx --key demo.pub
  $ mlsign verify ./model --key demo.pub --no-signer-ignores --json
  $ mlsign verify model.onnx --policy gate.yaml --to staging
`;
