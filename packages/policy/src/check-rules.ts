import type { Outcome, Verdict } from "@mlsign/core";
import type { PolicyFacts } from "./facts.ts";
import type { Policy } from "./policy.ts";
import { type Ruling, ruling } from "./ruling.ts";
import { hoursOf } from "./span.ts";

/** Judges what was checked beside the claims: dependencies, storage, scan, card, names, files. */
export function judgeChecks(policy: Policy, facts: PolicyFacts): Ruling[] {
  return [
    ...(policy.dependencies
      ? [
          judge(
            "dependencies",
            "dependencies are pinned by hash",
            facts.dependencies,
            "mlsign deps check",
          ),
        ]
      : []),
    ...(policy.scan
      ? [judge("scan", "no file runs code when it is loaded", facts.scan, "mlsign scan MODEL")]
      : []),
    ...(policy.storage ? [judgeStorage(policy.storage, facts.storage)] : []),
    ...(policy.card ? [judgeCard(policy.card.fields, facts.card)] : []),
    ...(policy.references ? [judgeReferences(policy.references, facts.references)] : []),
    judgeIgnored(policy.files?.allowIgnored ?? [], facts.ignoredFiles),
  ];
}

function judge(rule: string, what: string, verdict: Verdict | undefined, fix: string): Ruling {
  if (verdict === undefined)
    return ruling(rule, "policy-check", "unknown", `whether ${what} was not looked at`, { fix });
  const outcome = OUTCOMES[verdict];
  const words = { pass: what, fail: `not so: ${what}`, unknown: `not decided: ${what}` };
  return ruling(
    rule,
    "policy-check",
    outcome,
    outcome === "error" ? `broken: the check whether ${what}` : words[outcome],
    { fix },
  );
}

function judgeStorage(
  { mode, minRetention }: NonNullable<Policy["storage"]>,
  storage: PolicyFacts["storage"],
): Ruling {
  const fix = "mlsign storage check URL";
  const locked = judge("storage", "the storage is locked", storage?.verdict, fix);
  if (storage === undefined || locked.finding.outcome !== "pass") return locked;
  const of = (outcome: Outcome, message: string): Ruling =>
    ruling("storage", "policy-check", outcome, message, { fix });
  if (mode !== undefined && storage.mode !== mode) {
    return storage.mode === undefined
      ? of("unknown", `whether the storage is locked in ${mode} mode is not known`)
      : of("fail", `the storage is locked in ${storage.mode} mode, not in ${mode}`);
  }
  if (minRetention !== undefined) {
    const { retention } = storage;
    if (retention === undefined)
      return of("unknown", "how long the storage is locked is not known");
    if (retention * 24 < hoursOf(minRetention))
      return of("fail", `the storage is locked for ${retention} days, not for ${minRetention}`);
  }
  return locked;
}

function judgeCard(fields: readonly string[], card: PolicyFacts["card"]): Ruling {
  const fix = "mlsign card lint FILE";
  if (card === undefined)
    return ruling("card", "policy-check", "unknown", "the card was not looked at", { fix });
  const lacking = fields.filter((field) => !card.fields.includes(field));
  if (lacking.length > 0)
    return ruling("card", "policy-check", "fail", `the card lacks ${lacking.join(", ")}`, { fix });
  return judge("card", "the card holds what the policy asks for", card.verdict, fix);
}

function judgeReferences(
  { digestOnly, forbidTags = [] }: NonNullable<Policy["references"]>,
  references: readonly string[] | undefined,
): Ruling {
  const rule = "references";
  if (references === undefined)
    return ruling(rule, "policy-reference", "unknown", "how the model is named was not looked at");
  const loose = references.filter((it) => {
    const [name = "", digest] = it.split("@");
    const tag = /:([^/:]+)$/.exec(name)?.[1] ?? (digest === undefined ? "latest" : "");
    return (
      forbidTags.includes(tag) ||
      (digestOnly === true && !/^sha256:[0-9a-f]{64}$/.test(digest ?? ""))
    );
  });
  return loose.length === 0
    ? ruling(rule, "policy-reference", "pass", `${references.length} names, none of them moves`)
    : ruling(rule, "policy-reference", "fail", `${loose.slice(0, 3).join(", ")} can move`, {
        fix: "name it by its digest: NAME@sha256:…",
      });
}

/** What the signer left out of the signature is covered by nothing. */
function judgeIgnored(allowed: readonly string[], ignored: readonly string[] | undefined): Ruling {
  const rule = "files";
  if (ignored === undefined)
    return ruling(rule, "policy-files", "unknown", "which files the signer left out is not known");
  const strange = ignored.filter((path) => !allowed.includes(path));
  return strange.length === 0
    ? ruling(rule, "policy-files", "pass", "the signer left out no file but what the policy lists")
    : ruling(
        rule,
        "policy-files",
        "fail",
        `the signer left out ${strange.slice(0, 3).join(", ")}`,
        {
          fix: "sign again without ignoring it, or list it in files.allowIgnored",
        },
      );
}

const OUTCOMES = {
  accepted: "pass",
  refused: "fail",
  undecided: "unknown",
  defect: "error",
} as const satisfies Record<Verdict, Outcome>;
