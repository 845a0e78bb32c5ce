import type { GithubReview, Identity, Policy, Requirement } from "./policy.ts";

/** One rule of a policy in words. */
export interface Explained {
  readonly rule: string;
  readonly text: string;
}

/** What a policy asks for, rule by rule, in the order in which it is judged. */
export function explainPolicy(policy: Policy): Explained[] {
  const { require, lineage = {}, references, files, storage, card, review, deny } = policy;
  const { exceptions = [] } = policy;
  const { git, dvc, container, baseModels } = lineage;
  const say = (rule: string, text: string | undefined | false): Explained[] =>
    text === undefined || text === false ? [] : [{ rule, text }];
  const list = (values: readonly string[] | undefined): string | undefined => values?.join(", ");
  return [
    { rule: "expires", text: `holds until ${policy.expires}` },
    { rule: "target", text: `for models that go to ${policy.target.to}` },
    ...say("deny", deny && denials(deny)),
    ...require.map((it) => ({ rule: `require.${it.id}`, text: requirement(it, policy) })),
    ...say("lineage", require.some(({ type }) => type === "lineage") && "one lineage, not two"),
    ...say(
      "lineage.git.repositories",
      git?.repositories && `a commit of ${list(git.repositories)}`,
    ),
    ...say("lineage.git.refs", git?.refs && `a commit on ${list(git.refs)}`),
    ...say("lineage.git.signed", git?.signed && `a commit that is signed with ${list(git.signed)}`),
    ...say("lineage.git.clean", git?.clean && "a work tree that was the commit's"),
    ...say("lineage.git.matchCertificate", git?.matchCertificate && "a certificate of that commit"),
    ...say(
      "lineage.dvc.legacy",
      require.some(({ type }) => type === "lineage") &&
        dvc?.allowLegacy !== true &&
        "no data that is named by DVC 2's hash",
    ),
    ...say("lineage.dvc.rehashed", dvc?.rehashed && "data that was hashed again"),
    ...say(
      "lineage.container.registries",
      container?.registries && `a container of ${list(container.registries)}`,
    ),
    ...say("lineage.container.exists", container?.exists && "a container that the registry has"),
    ...say(
      "lineage.baseModels",
      baseModels &&
        (baseModels.allow.length === 0
          ? "no base model"
          : `base models out of ${list(baseModels.allow)}`),
    ),
    ...say("dependencies", policy.dependencies && "dependencies that are pinned by hash"),
    ...say("scan", policy.scan && "no file that runs code when it is loaded"),
    ...say(
      "storage",
      storage &&
        `locked storage${storage.mode ? ` in ${storage.mode} mode` : ""}${storage.minRetention ? ` for ${storage.minRetention}` : ""}`,
    ),
    ...say("card", card && `a card with ${list(card.fields)}`),
    ...say(
      "references",
      references &&
        [
          ...(references.digestOnly ? ["names by digest alone"] : []),
          ...(references.forbidTags ? [`no tag ${list(references.forbidTags)}`] : []),
        ].join(", "),
    ),
    {
      rule: "files",
      text: `no file that the signer left out${files ? `, but ${list(files.allowIgnored)}` : ""}`,
    },
    ...say("review.github", review && reviewText(review.github)),
    ...exceptions.map(({ rule, reason, expires }) => ({
      rule,
      text: `excepted until ${expires}: ${reason}`,
    })),
  ];
}

function reviewText(review: GithubReview): string {
  const { repository, environment, reviewers, threshold = 1, matchCommit } = review;
  const commit = matchCommit ? " on the lineage's commit" : "";
  return `a run of ${repository}${commit} that ${threshold} of ${reviewers.join(", ")} approved for ${environment}, says GitHub`;
}

function requirement(it: Requirement, { identities, trust }: Policy): string {
  const { type, by = [], threshold = 1, distinctFrom = [], maxAge, properties = [] } = it;
  const who = by.map((name) => identityText(name, identities)).join(" or ");
  const parts = [
    `${it.predicateType ?? NAMES[type] ?? type} by ${threshold > 1 ? `${threshold} people of ` : ""}${who}`,
    ...(distinctFrom.length > 0 ? [`distinct from ${distinctFrom.join(", ")}`] : []),
    ...(maxAge === undefined ? [] : [`not older than ${maxAge}`]),
    ...(properties.length > 0 ? [`saying ${properties.join(", ")}`] : []),
    ...(trust.transparency === "none"
      ? []
      : [`witnessed by a ${trust.transparency.replaceAll("-", " ")}`]),
  ];
  return parts.join(", ");
}

function identityText(name: string, identities: Policy["identities"]): string {
  const identity: Identity | undefined = Object.hasOwn(identities, name)
    ? identities[name]
    : undefined;
  const { subject, subjectIn, subjectRegexp, key, publicKey, issuer } = identity ?? {};
  const own = publicKey === undefined ? key : "its public key";
  const what = subject ?? subjectIn?.join(" | ") ?? subjectRegexp ?? own ?? "nobody";
  return `${name} (${what}${issuer === undefined ? "" : `, ${issuer}`})`;
}

function denials({ digests = [], signers = [], keys = [] }: NonNullable<Policy["deny"]>): string {
  return `nothing of ${digests.length} digests, ${signers.length} signers and ${keys.length} keys that are denied`;
}

const NAMES: Readonly<Partial<Record<Requirement["type"], string>>> = {
  signature: "the model's signature",
  card: "a model card",
  sbom: "a bill of materials",
  lineage: "a lineage",
  scan: "a scan that passed",
  dependencies: "a dependency check that passed",
  storage: "a storage check that passed",
  test: "a test that passed",
  approval: "an approval",
};
