import { type Finding, finding, printable } from "@mlsign/core";
import type { BomDataset, BomDependency, BomFacts } from "./facts.ts";
import { hashName } from "./hashes.ts";
import { purlKey, purlOf } from "./purl.ts";
import type { BomComponent, BomView } from "./view.ts";

/** What is true, as data: the verified manifest, and what the lock files and the lineage say. */
export interface BomTruth {
  readonly files?: readonly { readonly path: string; readonly sha256: string }[];
  readonly root?: string;
  readonly dependencies?: readonly BomDependency[];
  readonly datasets?: readonly BomDataset[];
  readonly commit?: string;
  readonly container?: NonNullable<BomFacts["container"]>;
}

/** Compares each digest of a bill of materials with the truth. Pure. */
export function checkBom(view: BomView, truth: BomTruth): Finding[] {
  return [
    ...checkFiles(view, truth),
    ...checkDependencies(view, truth.dependencies),
    ...checkDatasets(view, truth.datasets),
    ...checkCommit(view, truth.commit),
    ...checkContainer(view, truth.container),
  ];
}

function checkFiles(view: BomView, { files, root }: BomTruth): Finding[] {
  if (files === undefined) return [skip("no signed manifest was given to compare files with")];
  const findings: Finding[] = [];
  const stated = view.root?.properties.find(({ name }) => name === "mlsign:oms:root-digest")?.value;
  if (stated !== undefined && root !== undefined && stated !== root) {
    findings.push(
      fail(`the bill of materials is of the model with root ${stated}, not ${root}`, "model"),
    );
  }
  // Without files of its own, the model's component may be the one file.
  const nested = view.components.filter(({ type, place }) => type === "file" && place === "root");
  const single =
    nested.length === 0 && files.length === 1 && view.root !== undefined
      ? [{ ...view.root, name: files[0]?.path ?? "" }]
      : nested;
  if (single.length === 0 && files.length > 0) {
    findings.push(unknown("the bill of materials names no file of the model", "model"));
    return findings;
  }
  const names = new Set(files.map(({ path }) => path));
  for (const { path, sha256 } of files) {
    const same = single.filter(({ name }) => name === path);
    if (same.length === 0)
      findings.push(fail("the signed file is missing from the bill of materials", path));
    for (const component of same) findings.push(...compareDigest(component, sha256, path));
  }
  for (const { name } of single.filter((component) => !names.has(component.name))) {
    findings.push(fail("the bill of materials names a file that is not signed", name));
  }
  return findings.length > 0
    ? findings
    : [pass(`all ${files.length} files have their signed SHA-256`)];
}

/** Empty where the SHA-256 is there, once, and equal. */
function compareDigest(component: BomComponent, sha256: string, subject: string): Finding[] {
  const digests = component.hashes.filter(({ alg }) => alg === "SHA-256");
  if (digests.length === 0) return [unknown("the bill of materials has no SHA-256 of it", subject)];
  const other = digests.find(({ content }) => content !== sha256);
  return other === undefined
    ? []
    : [fail(`the bill of materials says SHA-256 ${other.content}, it is ${sha256}`, subject)];
}

function checkDependencies(view: BomView, pins: readonly BomDependency[] | undefined): Finding[] {
  if (pins === undefined) return [skip("no lock file was given to compare dependencies with")];
  const libraries = view.components.filter(
    ({ type, purl }) => type === "library" && purl !== undefined,
  );
  const findings = pins.flatMap((pin) => {
    const subject = `${pin.ecosystem}:${pin.name}@${pin.version}`;
    const same = libraries.filter(({ purl }) => purlKey(purl ?? "") === purlKey(purlOf(pin)));
    if (same.length === 0)
      return [fail("the pinned dependency is missing from the bill of materials", subject)];
    const allowed = new Map<string, Set<string>>();
    for (const { algorithm, hex } of [
      ...(pin.installed ?? []),
      ...(pin.artifacts ?? []).flatMap(({ hashes }) => hashes),
    ]) {
      const name = hashName(algorithm);
      allowed.set(name, (allowed.get(name) ?? new Set()).add(hex.toLowerCase()));
    }
    const stated = same.flatMap((c) => [
      ...c.hashes,
      ...c.externalReferences
        .filter(({ type }) => type === "distribution")
        .flatMap(({ hashes }) => hashes),
    ]);
    const comparable = stated.filter(({ alg }) => allowed.has(alg));
    if (comparable.length === 0)
      return [unknown("no hash is both in the lock file and in the bill of materials", subject)];
    return comparable
      .filter(({ alg, content }) => allowed.get(alg)?.has(content) !== true)
      .map(({ alg, content }) =>
        fail(
          `the bill of materials has ${alg} ${content}, which the lock file does not pin`,
          subject,
        ),
      );
  });
  const pinned = new Set(pins.map((pin) => purlKey(purlOf(pin))));
  const ecosystems = new Set(pins.map(({ ecosystem }) => `pkg:${ecosystem}/`));
  const extra = libraries.filter(
    ({ purl = "" }) =>
      [...ecosystems].some((prefix) => purl.startsWith(prefix)) && !pinned.has(purlKey(purl)),
  );
  findings.push(
    ...extra.map(({ purl = "" }) =>
      fail("the bill of materials names a dependency that is not pinned", purl),
    ),
  );
  return findings.length > 0
    ? findings
    : [pass(`all ${pins.length} dependencies have pinned hashes`)];
}

function checkDatasets(view: BomView, datasets: readonly BomDataset[] | undefined): Finding[] {
  if (datasets === undefined) return [skip("no lineage was given to compare data sets with")];
  const data = view.components.filter(({ type }) => type === "data");
  const findings = datasets.flatMap(({ name, sha256, dvcOid }) => {
    const same = data.filter((component) => component.name === name);
    if (same.length === 0)
      return [fail("the data set is missing from the bill of materials", name)];
    const oid = same
      .flatMap(({ properties }) => properties)
      .find((p) => p.name === "mlsign:dvc:md5")?.value;
    if (dvcOid !== undefined && oid !== undefined && oid !== dvcOid)
      return [fail(`the bill of materials says DVC hash ${oid}, the lineage ${dvcOid}`, name)];
    if (sha256 === undefined) return [unknown("the lineage has no SHA-256 of the data set", name)];
    return same.flatMap((component) => compareDigest(component, sha256, name));
  });
  const names = new Set(datasets.map(({ name }) => name));
  findings.push(
    ...data
      .filter(({ name }) => !names.has(name))
      .map(({ name }) =>
        fail("the bill of materials names a data set that the lineage does not", name),
      ),
  );
  return findings.length > 0
    ? findings
    : [pass(`all ${datasets.length} data sets have the SHA-256 of the lineage`)];
}

function checkCommit(view: BomView, commit: string | undefined): Finding[] {
  if (commit === undefined) return [skip("no lineage was given to compare the commit with")];
  const commits = view.root?.commits ?? [];
  if (commits.length === 0) return [unknown("the bill of materials names no commit", commit)];
  return commits.every((uid) => uid === commit)
    ? [pass("the commit is that of the lineage")]
    : [
        fail(
          `the bill of materials names commit ${commits.join(", ")}, the lineage ${commit}`,
          "commit",
        ),
      ];
}

function checkContainer(view: BomView, container: BomTruth["container"]): Finding[] {
  if (container === undefined) return [skip("no lineage was given to compare the container with")];
  const containers = view.components.filter(({ type }) => type === "container");
  if (containers.length === 0)
    return [unknown("the bill of materials names no container", container.reference)];
  const hex = container.digest.replace(/^sha256:/, "");
  const findings = containers.flatMap((component) => compareDigest(component, hex, component.name));
  return findings.length > 0 ? findings : [pass("the container is that of the lineage")];
}

function pass(message: string): Finding {
  return finding("sbom-match", "pass", message);
}

function fail(message: string, subject: string): Finding {
  return finding("sbom-match", "fail", `${printable(subject)}: ${printable(message)}`, { subject });
}

function unknown(message: string, subject: string): Finding {
  return finding("sbom-match", "unknown", `${printable(subject)}: ${message}`, { subject });
}

function skip(message: string): Finding {
  return finding("sbom-match", "not-applicable", message);
}
