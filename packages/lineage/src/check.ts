import { type Finding, finding, printable } from "@mlsign/core";
import type { LineageFacts } from "./facts.ts";
import type { LineageClaim } from "./provenance.ts";

export interface CheckOptions {
  /** What a keyless certificate says of its commit and repository (Fulcio's extensions). */
  readonly certificate?: { readonly commit?: string; readonly repository?: string };
  /** What is there now, collected anew at the claim's commit. */
  readonly live: LineageFacts;
  /** Whether the registry has the container: `undefined` where it could not be asked. */
  readonly containerExists?: boolean;
}

/** Judges a lineage claim by what can be seen from the outside. Pure: facts in, findings out. */
export function checkLineage(claim: LineageClaim, options: CheckOptions): Finding[] {
  return [
    ...checkForm(claim),
    ...checkSource(claim, options),
    ...checkData(claim, options.live),
    ...checkContainer(claim, options.containerExists),
  ];
}

/** One model is one commit, one data set (or the parts that one file holds), one container. */
function checkForm({ commits, datasets, containers }: LineageClaim): Finding[] {
  const whole = datasets.filter(({ role }) => role === "dataset").length;
  const files = new Set(
    datasets.filter(({ role }) => role === "datasetPart").map(({ file }) => file),
  );
  const counts: [string, number][] = [
    ["source", commits.length],
    ["data set", whole + files.size],
    ["container", containers.length],
  ];
  const wrong = counts.filter(([, count]) => count !== 1);
  if (wrong.length === 0)
    return [finding("lineage-form", "pass", "one source, one data set, one container")];
  return wrong.map(([what, count]) =>
    finding("lineage-form", "fail", `the lineage names ${count} ${what}s, not one`, {
      fix: `record it again with the ${what} that was used`,
    }),
  );
}

function checkSource(claim: LineageClaim, { certificate, live }: CheckOptions): Finding[] {
  const [source] = claim.commits;
  if (source === undefined) return [];
  const findings: Finding[] = [];
  if (!source.clean) {
    findings.push(
      finding(
        "lineage-source",
        "fail",
        "the model was trained from a work tree that is in no commit",
      ),
    );
  }
  if (certificate?.commit !== undefined) {
    const same = certificate.commit === source.commit;
    findings.push(
      same
        ? finding("lineage-source", "pass", "the signing certificate is of the same commit")
        : finding(
            "lineage-source",
            "fail",
            `the signing certificate is of commit ${printable(certificate.commit)}, not of ${source.commit}`,
          ),
    );
  }
  if (
    certificate?.repository !== undefined &&
    !sameRepository(source.uri, certificate.repository)
  ) {
    findings.push(
      finding(
        "lineage-source",
        "fail",
        `the signing certificate is of ${printable(certificate.repository)}, not of ${printable(source.uri)}`,
      ),
    );
  }
  findings.push(
    live.source?.commit === source.commit
      ? finding("lineage-source", "pass", `the checkout here is at ${source.commit.slice(0, 12)}`)
      : finding(
          "lineage-source",
          "unknown",
          `commit ${source.commit.slice(0, 12)} is not what is checked out here`,
        ),
  );
  return findings;
}

function checkData(claim: LineageClaim, live: LineageFacts): Finding[] {
  const current = live.source !== undefined && live.source.commit === claim.commits[0]?.commit;
  return claim.datasets.map((dataset) => {
    const shown = printable(dataset.path);
    const subject = dataset.path;
    const here = live.datasets.find(({ path }) => path === dataset.path);
    if (!current || here === undefined) {
      return finding(
        "lineage-data",
        "unknown",
        `"${shown}" was not compared with the commit's own .dvc file`,
        { subject },
      );
    }
    if (here.oid !== dataset.oid) {
      return finding(
        "lineage-data",
        "fail",
        `the commit names ${here.oid} for "${shown}", the lineage ${dataset.oid}`,
        { subject },
      );
    }
    if (here.sha256 === undefined) {
      return finding(
        "lineage-data",
        "unknown",
        `the bytes of "${shown}" are not here to be hashed again`,
        { subject },
      );
    }
    // MD5 finds data, it does not hold it: only the SHA-256 digests decide.
    const same =
      here.sha256 === dataset.sha256 && here.dirHash1 === dataset.dirHash1 && here.matches === true;
    return same
      ? finding("lineage-data", "pass", `"${shown}" hashed again: as recorded`, { subject })
      : finding("lineage-data", "fail", `"${shown}" has other bytes than were recorded`, {
          subject,
        });
  });
}

function checkContainer(claim: LineageClaim, exists: boolean | undefined): Finding[] {
  return claim.containers.map(({ uri, digest }) => {
    const subject = uri;
    if (!/^sha256:[0-9a-f]{64}$/.test(digest)) {
      return finding(
        "lineage-container",
        "fail",
        `the container ${printable(uri)} has no SHA-256 digest`,
        { subject },
      );
    }
    if (exists === undefined) {
      return finding(
        "lineage-container",
        "unknown",
        "the registry was not asked for the container",
        { subject },
      );
    }
    return exists
      ? finding("lineage-container", "pass", "the registry has the container under this digest", {
          subject,
        })
      : finding("lineage-container", "fail", "the registry has no such container", { subject });
  });
}

function sameRepository(uri: string, repository: string): boolean {
  const plain = (text: string): string =>
    text
      .replace(/^git\+/, "")
      .replace(/@.*$/, "")
      .replace(/\.git$/, "")
      .replace(/\/$/, "");
  return plain(uri) === plain(repository);
}
