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
import { broughtName, placeOf } from "../model/brought-model.ts";
import { type ElsewhereFlags, isAddress, isElsewhere } from "../model/is-elsewhere.ts";
import {
  ignoredName,
  locateModel,
  type ModelLocation,
  signatureBytes,
} from "../model/model-location.ts";
import { withModel } from "../model/with-model.ts";
import { addLookOptions } from "../options/look-options.ts";
import { addPolicySignerOptions, GATE_FLAGS } from "../options/policy-options.ts";
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

interface Options extends TrustFlags, JudgeFlags, ElsewhereFlags {
  readonly signature?: string;
  readonly format?: ReportFormat;
  readonly json?: boolean;
  readonly policy?: string;
  readonly evidence?: string;
  readonly vsa?: boolean;
  readonly to?: string;
  readonly mlflowUri?: string;
}

export function verifyCommand(host: Host, action: Action): Command {
  const command = new Command("verify")
    .description("verify that a model is as a trusted signer signed it")
    .argument("[model]", "the model")
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
    .option("--pointers", "let Git LFS and DVC pointers stand for files that were not fetched")
    .option("--policy <file>", "judge by this policy, which names whom to trust: FILE[@sha256:HEX]")
    .option("--summary <file>", "with --policy: append the verdict as Markdown")
    .option("--evidence <file>", "repeat a verdict from what store export wrote, offline")
    .option("--recorded", "with --evidence: also go by what the exporter saw of the world")
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
    .action((model: string | undefined, options: Options) =>
      action(
        options.evidence === undefined
          ? withModel(named(model), options, host, (inner) => verify(named(model), options, inner))
          : evidence(model, { ...options, evidence: options.evidence }, host),
      ),
    );
}

/** @throws MlsignError `usage` */
function named(model: string | undefined): string {
  if (model !== undefined) return model;
  throw new MlsignError("usage", "Cannot verify: no model was named", {
    hint: "name it, or an archive of evidence with --evidence",
  });
}

async function evidence(
  model: string | undefined,
  options: Options & { readonly evidence: string },
  host: Host,
): Promise<number> {
  if (model !== undefined)
    throw new MlsignError("usage", "Cannot use --evidence with a model: the archive stands for it");
  return (await import("../gate/verify-evidence.ts")).verifyEvidence(options, host);
}

async function verify(model: string, options: Options, host: Host): Promise<number> {
  const gated = GATE_FLAGS.some((name) => name in options);
  if (gated && isAddress(model))
    throw new MlsignError("usage", `Cannot judge ${printable(model)} where it lies`, {
      hint: "fetch it with --into, or mlsign pull, then judge the copy by the policy",
    });
  if (gated)
    return (await import("../gate/verify-otherwise.ts")).verifyOtherwise(model, options, host);
  checkFormat(options);
  if (isElsewhere(model, options)) {
    const { withElsewhere } = await import("../registry/elsewhere.ts");
    return withElsewhere(model, options, host, (found) => verifyAt(model, found, options, host));
  }
  const location = locateModel(placeOf(model, host), host.cwd, options.signature);
  return verifyAt(model, [location], options, host);
}

/** @param locations one, or the same model once with each signature that somebody attached */
async function verifyAt(
  model: string,
  locations: readonly [ModelLocation, ...ModelLocation[]],
  options: Options,
  host: Host,
): Promise<number> {
  const [location] = locations;
  const needsRoot = (options.requireLog ?? false) || (options.requireTimestamp ?? false);
  const resolved = await resolveTrust(options, host, needsRoot);
  const data = signatureBytes(location);
  if (resolved === undefined) throw await nobodyTrusted(data, location, host);
  if (data === undefined) throw unsigned(model, location, host);
  const { findings, facts } =
    locations.length > 1
      ? await judgeEach(locations, resolved, options, host)
      : await judge(data, resolved, location, options, host);
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

/** Anybody can attach a signature: what counts is whether one of them is by whom is trusted. */
async function judgeEach(
  locations: readonly [ModelLocation, ...ModelLocation[]],
  resolved: ResolvedTrust,
  options: Options,
  host: Host,
): Promise<Judged> {
  const results: Judged[] = [];
  const { into: _into, ...looking } = options;
  for (const location of locations) {
    const data = signatureBytes(location);
    const { elsewhere } = location;
    if (data === undefined || elsewhere === undefined) continue;
    const quick = {
      ...location,
      elsewhere: { ...elsewhere, source: elsewhere.digests ?? elsewhere.source },
    };
    const result = await judge(data, resolved, quick, looking, host);
    const verdict = decide(result.findings);
    // Digests alone may not tell: with the bytes they might.
    const worth = verdict === "accepted" || (verdict === "undecided" && options.into !== undefined);
    if (worth && options.into !== undefined) {
      const full = await judge(data, resolved, location, options, host);
      if (decide(full.findings) === "accepted") return full;
      results.push(full);
    } else if (worth) return result;
    else results.push(result);
  }
  return results[0] ?? { findings: [], facts: [] };
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
  const looked = lookedFor(location, host);
  return new MlsignError("unsigned", `${printable(model)} is unsigned: there is no ${looked}`, {
    hint: `sign it with mlsign sign, or name its signature with --signature`,
  });
}

async function nobodyTrusted(
  data: Buffer | undefined,
  location: ModelLocation,
  host: Host,
): Promise<MlsignError> {
  const looked = lookedFor(location, host);
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

function lookedFor({ signaturePath, elsewhere }: ModelLocation, host: Host): string {
  if (elsewhere?.signature !== undefined) return printable(signaturePath);
  return printable(broughtName(signaturePath, host) ?? relative(host.cwd, signaturePath));
}

const HELP = `
Exactly one kind of trust must be given; it is never taken from the signature. With --policy, the
policy names whom to trust and what else must be there; with --vsa, a promotion by whom you trust
is enough.

Examples:
  $ mlsign verify model.onnx --key demo.pub
  $ mlsign verify ./model --key demo.pub --no-signer-ignores --json
  $ mlsign verify model.onnx --policy gate.yaml --to staging
  $ mlsign verify --evidence m.evidence.tar --policy gate.yaml

A model of MLflow's is named by its version (models:/NAME/3) or id (models:/m-…), and fetched first.
A model is verified where it lies: s3://BUCKET/PREFIX, gs://… and az://… are streamed, a snapshot in
a Hugging Face cache is read through its links, and oci://REF@sha256:… is judged by the digests that
the registry names, without the bytes, unless --into asks for them.
`;
