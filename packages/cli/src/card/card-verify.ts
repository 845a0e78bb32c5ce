import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { CARD_REFERENCE_TYPE, checkCardReference, checkCardSubject } from "@mlsign/card";
import { decide, exitOfVerdict, type Finding, finding, MlsignError, printable } from "@mlsign/core";
import type { ModelIdentity, VerifiedClaim } from "@mlsign/evidence";
import type { Host } from "../host.ts";
import { claimManifest, type ClaimManifestOptions } from "../model/claim-manifest.ts";
import { claimsFiles } from "../model/claims-location.ts";
import { locateModel, type ModelLocation } from "../model/model-location.ts";
import type { TrustFlags } from "../options/trust-options.ts";
import { checkFormat, printReport, type ReportOptions } from "../terminal/print-report.ts";
import {
  asWarnings,
  damagedLines,
  isUnbound,
  namedClaims,
  requireTrust,
  verifiedClaims,
} from "../verify/verified-claims.ts";
import { VERSION } from "../version.ts";
import { readCard, type ReadCard } from "./card-file.ts";

export interface VerifyCardOptions extends TrustFlags, ReportOptions, ClaimManifestOptions {
  readonly model?: string;
  readonly root?: string;
  readonly claims?: readonly string[];
}

/** Verifies that a trusted signer signed this very card for a model, or for a model's root. */
export async function verifyCard(
  file: string,
  options: VerifyCardOptions,
  host: Host,
): Promise<number> {
  checkFormat(options);
  const read = readCard(file, host);
  const resolved = await requireTrust(options, host);
  const { identity, files, location } = await subjectOf(read, options, host);
  const claims = await verifiedClaims(files, identity, resolved, host, location);
  const findings = [
    ...damagedLines(claims),
    ...judge(claims, read),
    ...checkCardSubject(read.card, identity.root),
    ...(identity.rootOnly === true ? [namesUnseen()] : []),
  ];
  const verdict = decide(findings);
  const tool = { name: "mlsign", version: VERSION };
  printReport(
    { tool, command: "card verify", subject: read.shown, verdict, findings },
    options,
    host,
  );
  return exitOfVerdict(verdict);
}

/** The model that the card must be of, and the claims files to look in. */
async function subjectOf(
  read: ReadCard,
  options: VerifyCardOptions,
  host: Host,
): Promise<{ identity: ModelIdentity; files: readonly string[]; location?: ModelLocation }> {
  const { model, root, claims } = options;
  if ((model === undefined) === (root === undefined)) {
    throw new MlsignError("usage", "Cannot verify a card: give either --model or --root");
  }
  const given = claims && namedClaims(claims, host);
  if (model !== undefined) {
    const location = locateModel(model, host.cwd);
    const { manifest, listing } = await claimManifest(location, options, host);
    const { dirHash1 } = manifest;
    return {
      identity: { name: listing.name, root: manifest.root, dirHash1 },
      files: given ?? claimsFiles(location),
      ...(!options.archive && { location }),
    };
  }
  const hex = /^(?:sha256:)?([0-9a-f]{64})$/i.exec(root ?? "")?.[1]?.toLowerCase();
  if (hex === undefined) {
    throw new MlsignError("usage", `Cannot use --root ${printable(root ?? "")}: no SHA-256`, {
      hint: "64 hexadecimal digits, as mlsign digest MODEL prints them",
    });
  }
  return {
    identity: { name: "", root: hex, dirHash1: undefined, rootOnly: true },
    files: given ?? claimsBeside(read),
  };
}

/** Where claims lie beside a card: in its folder for a directory model, beside `X.card.md` for X. */
function claimsBeside({ path, shown }: ReadCard): string[] {
  const folder = dirname(path);
  const model = /^(.+)\.card\.md$/i.exec(basename(path))?.[1];
  const files = [
    ...(model === undefined ? [] : [join(folder, `${model}.claims.jsonl`)]),
    join(folder, "claims.jsonl"),
  ].filter((file) => existsSync(file));
  if (files.length > 0) return files;
  throw new MlsignError("usage", `Cannot find claims beside ${printable(shown)}`, {
    hint: "name the claims.jsonl of the model with --claims",
  });
}

function judge(claims: readonly VerifiedClaim[], { bytes, shown }: ReadCard): Finding[] {
  const cards = claims
    .filter(({ statement }) => statement?.predicateType === CARD_REFERENCE_TYPE)
    .map((claim) => ({ claim, found: checkCardReference(claim.statement?.predicate, bytes) }));
  const named = cards.filter(({ found }) => found.every(({ outcome }) => outcome === "pass"));
  const good = named.filter(({ claim }) => claim.status === "counts");
  const open = good.length > 0 ? [] : named.filter(({ claim }) => isUnbound(claim));
  const deciding = [...good, ...open];
  const told = cards
    .filter((entry) => !deciding.includes(entry))
    .flatMap(({ claim, found }) =>
      claim.status === "counts"
        ? found.map((one) => ({ ...one, subject: `${claim.line.file}:${claim.line.line}` }))
        : claim.findings,
    );
  if (deciding.length > 0) {
    // An older card, and whatever a stranger appended, do not undo what a trusted signer said.
    return [
      ...good.flatMap(({ claim, found }) => [...claim.findings, ...found]),
      ...open.flatMap(({ claim }) => claim.findings),
      ...asWarnings(told),
    ];
  }
  return [
    finding("card-match", "fail", "no trusted signer signed this card for this model", {
      location: { path: shown },
      fix: "ask for the claims and the card that belong together, or sign it: mlsign card attest",
    }),
    ...told,
  ];
}

function namesUnseen(): Finding {
  return finding(
    "claim-subject",
    "fail",
    "a root binds contents and not names: without the model its files' names were not compared",
    { severity: "note" },
  );
}
