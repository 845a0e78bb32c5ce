import type { Outcome } from "@mlsign/core";
import type { LineageFact, Seen } from "./facts.ts";
import { matchesGlob } from "./pattern.ts";
import type { Policy } from "./policy.ts";
import { type Ruling, ruling } from "./ruling.ts";

/**
 * Judges the lineages that trusted signers claim. Two that tell different stories refuse each
 * other: whichever is true, one of them is not. With none, nothing is judged here: the requirement
 * of a lineage says so.
 */
export function judgeLineages(policy: Policy, lineages: readonly LineageFact[]): Ruling[] {
  if (!policy.require.some(({ type }) => type === "lineage")) return [];
  const [first] = lineages;
  if (first === undefined) return [];
  const stories = new Set(lineages.map(storyOf)).size;
  const single =
    stories === 1
      ? ruling("lineage", "policy-lineage-single", "pass", "the lineage is one", { absolute: true })
      : ruling(
          "lineage",
          "policy-lineage-single",
          "fail",
          `${stories} different lineages are claimed by trusted signers`,
          { absolute: true, fix: "find out which is true, and deny the signer of the other" },
        );
  // With two stories each is held to the policy: which one is true is not for us to say.
  const distinct = [...new Map(lineages.map((it) => [storyOf(it), it])).values()];
  return [single, ...distinct.flatMap((lineage) => judgeLineage(policy, lineage))];
}

function judgeLineage({ lineage: wanted = {} }: Policy, lineage: LineageFact): Ruling[] {
  const { git, dvc, container, baseModels } = wanted;
  return [
    ...(git === undefined ? [] : judgeSource(git, lineage)),
    ...(dvc?.allowLegacy === true ? [] : [judgeLegacy(lineage)]),
    ...(dvc?.rehashed === true ? [judgeData(lineage)] : []),
    ...(container === undefined ? [] : judgeContainer(container, lineage)),
    ...(baseModels === undefined ? [] : [judgeBaseModels(baseModels.allow, lineage)]),
  ];
}

type Wanted<K extends "git" | "container"> = NonNullable<NonNullable<Policy["lineage"]>[K]>;

function judgeSource(git: Wanted<"git">, lineage: LineageFact): Ruling[] {
  const [commit] = lineage.commits;
  const say = (key: string, outcome: Outcome, message: string, fix?: string): Ruling =>
    ruling(
      `lineage.git.${key}`,
      "policy-source",
      outcome,
      message,
      fix === undefined ? {} : { fix },
    );
  if (commit === undefined || lineage.commits.length !== 1) {
    return Object.keys(git).map((key) =>
      say(key, "fail", `the lineage names ${lineage.commits.length} commits, not one`),
    );
  }
  const found: Ruling[] = [];
  if (git.repositories !== undefined) {
    const known = git.repositories.map(repositoryName).includes(repositoryName(commit.repository));
    const message = `the commit is of ${commit.repository}`;
    found.push(
      known
        ? say("repositories", "pass", message)
        : say("repositories", "fail", `${message}, which the policy does not list`),
    );
  }
  if (git.refs !== undefined) {
    const { ref } = commit;
    const known = ref !== undefined && git.refs.some((glob) => matchesGlob(glob, ref));
    const message = ref === undefined ? "the commit was on no ref" : `the commit was on ${ref}`;
    found.push(
      known
        ? say("refs", "pass", message)
        : say("refs", "fail", `${message}, which the policy does not list`),
    );
  }
  if (git.signed !== undefined) {
    const kind = lineage.commitSignature;
    if (kind === "unknown")
      found.push(say("signed", "unknown", "who signed the commit could not be looked at"));
    else if (git.signed.includes(kind))
      found.push(say("signed", "pass", `the commit is signed (${kind})`));
    else
      found.push(
        say(
          "signed",
          "fail",
          kind === "none"
            ? "the commit is not signed by anybody allowed"
            : `the commit is signed by ${kind}`,
          `sign commits with ${git.signed.join(" or ")}`,
        ),
      );
  }
  if (git.clean === true) {
    const words = {
      yes: "the work tree was the commit's",
      no: "the work tree was not the commit's",
      unknown: "whether the work tree was the commit's is not known",
    };
    found.push(say("clean", outcomeOf(commit.clean), words[commit.clean], "commit, then train"));
  }
  if (git.matchCertificate === true) {
    const words = {
      yes: "the signing certificate names the commit",
      no: "the signing certificate names another commit, or none",
      unknown: "the signing certificate could not be looked at",
    };
    const seen = lineage.matchCertificate;
    found.push(
      say("matchCertificate", outcomeOf(seen), words[seen], "sign in the job that trains"),
    );
  }
  return found;
}

function judgeLegacy({ datasets }: LineageFact): Ruling {
  const legacy = datasets.filter((it) => it.legacy).map(({ path }) => path);
  const rule = "lineage.dvc.legacy";
  return legacy.length === 0
    ? ruling(rule, "policy-data", "pass", "no data is named by DVC 2's hash")
    : ruling(
        rule,
        "policy-data",
        "fail",
        `${some(legacy)} named by DVC 2's hash, which is blind to line ends`,
        { fix: "dvc cache migrate, then commit the new .dvc file" },
      );
}

function judgeData({ datasets }: LineageFact): Ruling {
  const rule = "lineage.dvc.rehashed";
  const of = (seen: Seen): string[] =>
    datasets.filter((it) => it.rehashed === seen).map(({ path }) => path);
  const [changed, open] = [of("no"), of("unknown")];
  if (datasets.length === 0)
    return ruling(rule, "policy-data", "fail", "the lineage names no data");
  if (changed.length > 0)
    return ruling(rule, "policy-data", "fail", `${some(changed)} of other bytes than recorded`);
  if (open.length > 0)
    return ruling(rule, "policy-data", "unknown", `${some(open)} not here to be hashed again`, {
      fix: "fetch the data with dvc pull, then run this in the repository",
    });
  return ruling(rule, "policy-data", "pass", `${datasets.length} data sets hashed again`);
}

function judgeContainer(container: Wanted<"container">, lineage: LineageFact): Ruling[] {
  const [image] = lineage.containers;
  const code = "policy-container";
  if (
    image === undefined ||
    lineage.containers.length !== 1 ||
    !/^sha256:[0-9a-f]{64}$/.test(image.digest)
  ) {
    const message = "the lineage does not name one container by its digest";
    return Object.keys(container).map((key) =>
      ruling(`lineage.container.${key}`, code, "fail", message),
    );
  }
  const found: Ruling[] = [];
  if (container.registries !== undefined) {
    const known = container.registries.some((it) => image.repository.startsWith(`${it}/`));
    const rule = "lineage.container.registries";
    found.push(
      known
        ? ruling(rule, code, "pass", `the container is of ${image.repository}`)
        : ruling(
            rule,
            code,
            "fail",
            `the container is of ${image.repository}, which the policy does not list`,
          ),
    );
  }
  if (container.exists === true) {
    const words = {
      yes: "the registry has the container",
      no: "the registry has no such container",
      unknown: "the registry could not be asked for the container",
    };
    const seen = image.exists;
    found.push(ruling("lineage.container.exists", code, outcomeOf(seen), words[seen]));
  }
  return found;
}

function judgeBaseModels(allow: readonly string[], { baseModels }: LineageFact): Ruling {
  const rule = "lineage.baseModels";
  const strange = baseModels
    .map(({ uri }) => uri)
    .filter((uri) => !allow.some((glob) => matchesGlob(glob, uri)));
  return strange.length === 0
    ? ruling(rule, "policy-base-model", "pass", `${baseModels.length} base models, all allowed`)
    : ruling(rule, "policy-base-model", "fail", `${some(strange)} no base model of the policy`);
}

/** What makes two lineages two: another commit, dataset, container or base digest. */
function storyOf({ commits, datasets, containers, baseModels }: LineageFact): string {
  return JSON.stringify([
    commits.map((it) => [repositoryName(it.repository), it.commit]),
    datasets.map(({ path, oid, sha256 = null }) => [path, oid, sha256]).toSorted(byText),
    containers.map(({ repository, digest }) => [repository, digest]),
    baseModels.map(({ uri, sha256 = null }) => [uri, sha256]).toSorted(byText),
  ]);
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

/** One name for one repository, however its URL was typed. */
function repositoryName(url: string): string {
  return url
    .replace(/^git\+/, "")
    .replace(/\/+$/, "")
    .replace(/\.git$/, "");
}

function outcomeOf(seen: Seen): Outcome {
  return ({ yes: "pass", no: "fail", unknown: "unknown" } as const)[seen];
}

function some(names: readonly string[]): string {
  const named = names.slice(0, MOST_NAMED).join(", ");
  const more = names.length - MOST_NAMED;
  const verb = names.length === 1 ? "is" : "are";
  return `${named}${more > 0 ? ` and ${more} more` : ""} ${verb}`;
}

const MOST_NAMED = 3;
