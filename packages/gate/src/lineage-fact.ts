import type { Finding } from "@mlsign/core";
import type { CertifiedJob, LineageClaim, LineageFacts } from "@mlsign/lineage";
import type { LineageFact, Seen } from "@mlsign/policy";

/** What was looked at of a lineage from the outside. */
export interface LiveLineage {
  readonly live: LineageFacts;
  /** Of the checks of the claim against it. */
  readonly findings: readonly Finding[];
  readonly certificate: CertifiedJob;
  readonly containerExists: boolean | undefined;
}

/** A lineage claim and what looking at it came to, as a policy judges them. */
export function lineageFact(
  claim: LineageClaim,
  { live, findings, certificate, containerExists }: LiveLineage,
): LineageFact {
  const [source] = claim.commits;
  const here = live.source !== undefined && live.source.commit === source?.commit;
  return {
    commits: claim.commits.map(({ uri, commit, clean }) => {
      const { repository, ref } = partsOf(uri);
      return { repository, ...(ref !== undefined && { ref }), commit, clean: clean ? "yes" : "no" };
    }),
    datasets: claim.datasets.map((it) => ({
      path: it.path,
      oid: it.oid,
      ...(it.sha256 !== undefined && { sha256: it.sha256 }),
      legacy: it.algorithm !== "md5",
      rehashed: seenOf(findings, it.path),
    })),
    containers: claim.containers.map(({ uri, digest }) => ({
      repository: URL.canParse(uri)
        ? (new URL(uri).searchParams.get("repository_url") ?? uri)
        : uri,
      digest,
      exists: seen(containerExists),
    })),
    baseModels: claim.baseModels.map(({ uri, root }) => ({
      uri,
      ...(root !== undefined && { sha256: root }),
    })),
    commitSignature: here ? signatureOf(live.source) : "unknown",
    matchCertificate: matchOf(certificate, claim),
  };
}

/** The worst that was found of a data set. */
function seenOf(findings: readonly Finding[], path: string): Seen {
  const own = findings.filter(
    (it) => it.code === "lineage-data" && it.subject === path && it.severity !== "warning",
  );
  if (own.some(({ outcome }) => outcome === "fail")) return "no";
  return own.length > 0 && own.every(({ outcome }) => outcome === "pass") ? "yes" : "unknown";
}

function signatureOf(source: NonNullable<LineageFacts["source"]>): LineageFact["commitSignature"] {
  const { kind, status } = source.signature;
  if (status === "good") return kind === "x509" ? "gitsign" : kind;
  // Nobody was named who may sign, or a program is missing: that is no missing signature.
  return status === "unchecked" && kind !== "none" ? "unknown" : "none";
}

/** A key says nothing of a commit; a certificate of a CI job names one. */
function matchOf({ commit, repository }: CertifiedJob, { commits }: LineageClaim): Seen {
  const [source] = commits;
  if (commit === undefined || source === undefined) return "no";
  const same =
    repository === undefined || plain(partsOf(source.uri).repository) === plain(repository);
  return commit === source.commit && same ? "yes" : "no";
}

/** `git+https://host/repo@refs/heads/main` taken apart. */
function partsOf(uri: string): { repository: string; ref: string | undefined } {
  const [, repository = uri, ref] = /^(?:git\+)?(.*?)(?:@([^@:]*))?$/.exec(uri) ?? [];
  return { repository, ref: ref?.startsWith("refs/") === true ? ref : undefined };
}

function plain(url: string): string {
  return url.replace(/\/+$/, "").replace(/\.git$/, "");
}

function seen(value: boolean | undefined): Seen {
  return value === undefined ? "unknown" : value ? "yes" : "no";
}
