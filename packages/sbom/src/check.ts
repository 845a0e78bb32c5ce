import { byUtf8, type Finding, finding, printable } from "@mlsign/core";
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
  readonly baseModels?: readonly { readonly name: string; readonly root: string | undefined }[];
}

/** Compares each digest of a bill of materials with the truth. Pure. */
export function checkBom(view: BomView, truth: BomTruth): Finding[] {
  return [
    ...checkFiles(view, truth),
    ...checkDependencies(view, truth.dependencies),
    ...checkDatasets(view, truth.datasets),
    ...checkCommit(view, truth.commit),
    ...checkContainer(view, truth.container),
    ...checkBaseModels(view, truth.baseModels),
    ...tellRest(view, truth),
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
  const nested = view.components.filter(({ type, place }) => type === "file" && place === "root");
  // Without files of its own, the model's component may be the one file. One file alone is named
  // "." where it is signed, and as it likes elsewhere.
  const own = nested.length === 0 && view.root !== undefined ? [view.root] : nested;
  const renamed = nested.length === 0 || files[0]?.path === ".";
  const single =
    files.length === 1 && own.length === 1 && renamed
      ? own.map((component) => ({ ...component, name: files[0]?.path ?? "" }))
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
    for (const component of same)
      findings.push(...compareDigest(component, sha256, path === "." ? "model" : path));
  }
  for (const { name } of single.filter((component) => !names.has(component.name))) {
    findings.push(fail("the bill of materials names a file that is not signed", name));
  }
  return findings.length > 0
    ? findings
    : [pass(`${count(files.length, "file has", "files have")} the signed SHA-256`)];
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
    : [pass(`${count(pins.length, "dependency has", "dependencies have")} pinned hashes only`)];
}

function checkDatasets(view: BomView, datasets: readonly BomDataset[] | undefined): Finding[] {
  if (datasets === undefined) return [skip("no lineage was given to compare data sets with")];
  const data = view.components.filter(({ type }) => type === "data");
  const findings = datasets.flatMap(({ name, sha256, dvcOid }) => {
    // A card may call the data by another name than the path that DVC knows it by.
    const same = data.filter(
      (component) => component.name === name || dvcPathOf(component) === name,
    );
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
      .filter((component) => !names.has(component.name) && !names.has(dvcPathOf(component) ?? ""))
      .map(({ name }) =>
        fail("the bill of materials names a data set that the lineage does not", name),
      ),
  );
  return findings.length > 0
    ? findings
    : [
        pass(
          `${count(datasets.length, "data set has", "data sets have")} the SHA-256 of the lineage`,
        ),
      ];
}

function dvcPathOf({ properties }: BomComponent): string | undefined {
  return properties.find(({ name }) => name === "mlsign:dvc:path")?.value;
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

function checkBaseModels(view: BomView, models: BomTruth["baseModels"]): Finding[] {
  if (models === undefined) return [];
  const stated = view.root?.ancestors ?? [];
  const findings = models.flatMap(({ name, root }) => {
    const same = stated.filter((ancestor) => ancestor.name === name);
    if (same.length === 0)
      return [fail("the base model is missing from the bill of materials", name)];
    if (root === undefined || same.every((ancestor) => ancestor.root === undefined))
      return [unknown("no root of the base model is both there and in the lineage", name)];
    return same
      .filter((ancestor) => ancestor.root !== undefined && ancestor.root !== root)
      .map((ancestor) =>
        fail(`the bill of materials says root ${ancestor.root}, the lineage ${root}`, name),
      );
  });
  return findings.length > 0
    ? findings
    : [pass(`${count(models.length, "base model has", "base models have")} the lineage's root`)];
}

/** What nothing was there to be compared with: a reader must not take it for checked. */
function tellRest(view: BomView, { dependencies }: BomTruth): Finding[] {
  const ecosystems = dependencies?.map(({ ecosystem }) => `pkg:${ecosystem}/`);
  const counts = new Map<string, number>();
  for (const { type, place, purl } of view.components) {
    const compared =
      type === "data" ||
      type === "container" ||
      (type === "file" && place === "root") ||
      (type === "library" &&
        purl !== undefined &&
        ecosystems?.some((prefix) => purl.startsWith(prefix)) !== false);
    if (!compared) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  if (counts.size === 0) return [];
  const parts = [...counts]
    .toSorted(([a], [b]) => byUtf8(a, b))
    .map(([type, count]) => `${count} of type ${printable(type) || '""'}`);
  return [skip(`components that were not compared with anything: ${parts.join(", ")}`)];
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
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
