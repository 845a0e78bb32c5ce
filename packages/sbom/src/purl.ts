import { PackageURL } from "packageurl-js";
import type { BomDependency } from "./facts.ts";

/** The package URL of a dependency: the given one, or one made of its ecosystem, name and version. */
export function purlOf({ ecosystem, name, version, purl }: BomDependency): string {
  if (purl !== undefined) return purl;
  // A scope (`@a/b`) and a Go module's path are the namespace of a package URL.
  const cut = name.lastIndexOf("/");
  const namespace = cut > 0 ? name.slice(0, cut) : undefined;
  return new PackageURL(
    ecosystem,
    namespace,
    name.slice(cut + 1),
    version,
    undefined,
    undefined,
  ).toString();
}

/** Type, namespace, name and version in one form; PyPI's names are one under PEP 503. */
export function purlKey(purl: string): string {
  try {
    const { type, namespace, name, version } = PackageURL.fromString(purl);
    const plain = type === "pypi" ? (name ?? "").toLowerCase().replaceAll(/[-_.]+/g, "-") : name;
    return JSON.stringify([type, namespace ?? "", plain, version ?? ""]);
  } catch {
    return purl;
  }
}
