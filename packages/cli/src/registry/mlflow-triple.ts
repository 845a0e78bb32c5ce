import { type Finding, finding, printable } from "@mlsign/core";
import type { LineageClaim } from "@mlsign/lineage";
import { contradictions, type Triple } from "@mlsign/registry";
import type { BroughtModel } from "../model/brought-model.ts";

/** One commit, its data and its container, as a lineage claims them; `undefined` without a commit. */
export function tripleOf({ commits, datasets, containers }: LineageClaim): Triple | undefined {
  const [source] = commits;
  const [container] = containers;
  if (source === undefined) return undefined;
  return {
    repository: source.uri.replace(/^git\+/, "").replace(/@[^@/:]*(?:\/[^@:]*)?$/, ""),
    commit: source.commit,
    clean: source.clean,
    datasets: datasets.map(({ path, oid }) => ({ path, oid })),
    image: container && imageOf(container),
  };
}

/**
 * What the run that trained a model logged, held against each lineage that is claimed of it. Tags
 * are anybody's to write: they confirm nothing, but one that contradicts must be explained.
 */
export function runFindings(
  claims: readonly LineageClaim[],
  { run }: Pick<BroughtModel, "run">,
): Finding[] {
  if (run === undefined) return [];
  if (run === "missing")
    return [finding("lineage-run", "unknown", "MLflow no longer has the run that trained it")];
  return claims.flatMap((claim) => {
    const triple = tripleOf(claim);
    if (triple === undefined) return [];
    const found = contradictions(run, triple);
    const shown = `run ${printable(run.runId)}`;
    if (found.length === 0)
      return [finding("lineage-run", "pass", `${shown} logged nothing that contradicts it`)];
    return found.map((what) =>
      finding("lineage-run", "fail", `${shown} contradicts the lineage: ${what}`, {
        fix: "the claim or the run is wrong: find out which",
      }),
    );
  });
}

function imageOf({ uri, digest }: { readonly uri: string; readonly digest: string }): string {
  const repository = URL.canParse(uri) ? new URL(uri).searchParams.get("repository_url") : null;
  return `${repository ?? uri.replace(/[?#].*$/s, "")}@${digest}`;
}
