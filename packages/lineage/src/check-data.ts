import { type Finding, finding, type Outcome, printable } from "@mlsign/core";
import type { LineageFacts } from "./facts.ts";
import type { ClaimedDataset, LineageClaim } from "./read-lineage.ts";

/** The claimed data against the commit's own `.dvc` files, and against the bytes that are here. */
export function checkData(claim: LineageClaim, live: LineageFacts): Finding[] {
  const current = live.source !== undefined && live.source.commit === claim.commits[0]?.commit;
  const facts = current ? live.datasets : [];
  const checkedOut = live.source?.clean !== undefined;
  const files = claim.dataFiles.map(({ file, sha256 }) => {
    const shown = printable(file);
    const here = facts.find((fact) => fact.file === file);
    if (here === undefined) return of("unknown", `"${shown}" was not found at the commit`, file);
    return here.fileSha256 === sha256
      ? of("pass", `"${shown}" at the commit is as recorded`, file)
      : of("fail", `"${shown}" is another file at the commit than was recorded`, file);
  });
  return [
    ...files,
    ...claim.datasets.flatMap((dataset) => [
      checkDataset(dataset, facts, checkedOut),
      ...checkLegacy(dataset),
    ]),
  ];
}

/** DVC 2 hashed texts without their carriage returns: two texts can have one such name. */
function checkLegacy({ algorithm, path }: ClaimedDataset): Finding[] {
  if (algorithm === "md5") return [];
  const message = `"${printable(path)}" is named by DVC 2's hash, which is blind to line ends`;
  const fix = "dvc cache migrate, then commit the new .dvc file";
  return [of("fail", message, path, { severity: "warning", fix })];
}

function checkDataset(
  dataset: ClaimedDataset,
  facts: LineageFacts["datasets"],
  checkedOut: boolean,
): Finding {
  const { path } = dataset;
  const shown = printable(path);
  const here = facts.find((fact) => fact.path === path);
  if (here === undefined)
    return of("unknown", `"${shown}" was not compared with the commit's own .dvc file`, path);
  if (here.oid !== dataset.oid) {
    const message = `the commit names ${here.oid} for "${shown}", the lineage ${printable(dataset.oid)}`;
    return of("fail", message, path);
  }
  if (here.sha256 === undefined) {
    const fix = "fetch the data with dvc pull";
    return of("unknown", `the bytes of "${shown}" are not here to be hashed again`, path, { fix });
  }
  if (here.matches === false && !checkedOut) {
    const fix = "check out the commit, then its data with dvc checkout";
    return of("unknown", `another version of "${shown}" is here, as another commit is`, path, {
      fix,
    });
  }
  // MD5 finds data, it does not hold it: only the SHA-256 digests decide.
  const same =
    here.sha256 === dataset.sha256 && here.dirHash1 === dataset.dirHash1 && here.matches === true;
  return same
    ? of("pass", `"${shown}" hashed again: as recorded`, path)
    : of("fail", `"${shown}" has other bytes than were recorded`, path);
}

function of(
  outcome: Outcome,
  message: string,
  subject: string,
  options: Partial<Pick<Finding, "fix" | "severity">> = {},
): Finding {
  return finding("lineage-data", outcome, message, { subject, ...options });
}
