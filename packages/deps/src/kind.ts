import { posix } from "node:path";
import type { FileKind } from "./entry.ts";

/** The kind of a dependency file by its `/`-separated path; `yaml` where only its content can tell. */
export function kindOfName(path: string): FileKind | "yaml" | "text" | undefined {
  const name = posix.basename(path);
  const exact = NAMES.get(name);
  if (exact !== undefined) return exact;
  const found = PATTERNS.find(([pattern]) => pattern.test(path));
  return found?.[1];
}

/** The kind of a YAML file, or of a text file, that its name does not tell. */
export function kindOfContent(text: string): FileKind | undefined {
  if (/^@EXPLICIT\s*$/m.test(text)) return "conda-explicit";
  const has = (key: string): boolean =>
    new RegExp(`^(?:- )?["']?${key}["']?[ \\t]*:`, "m").test(text);
  const kubernetes = has("apiVersion") && has("kind");
  const kustomization =
    /^kind:[ \t]*(?:Kustomization|Component)\b/m.test(text) ||
    (has("images") && /^[ \t-]*(?:newTag|digest|newName):/m.test(text) && !kubernetes);
  const services = has("services") && /^[ \t]+["']?(?:image|build)["']?[ \t]*:/m.test(text);
  if (!kubernetes && !kustomization && !services) return undefined;
  if (TEMPLATE.test(text)) return "yaml-template";
  if (kustomization) return "kustomization";
  return kubernetes ? "kubernetes" : "compose";
}

/** Files that declare dependencies and pin none: to be told, not judged. */
export function whySkipped(path: string): string | undefined {
  const name = posix.basename(path);
  if (/^(?:.*[-_.])?requirements(?:[-_.].*)?\.in$/.test(name))
    return "the input of a lock, which is never installed";
  if (/constraints?.*\.txt$/.test(name)) return "constraints install nothing";
  return MANIFESTS.has(name)
    ? "a manifest, which pins nothing: its lock file is judged where there is one"
    : undefined;
}

/** Go templates, as Helm's: what they become is not known. */
export const TEMPLATE: RegExp = /\{\{[^{}]*\}\}/;

const NAMES: ReadonlyMap<string, FileKind> = new Map([
  ["pylock.toml", "pylock"],
  ["uv.lock", "uv-lock"],
  ["poetry.lock", "poetry-lock"],
  ["pdm.lock", "pdm-lock"],
  ["Pipfile.lock", "pipfile-lock"],
  ["package-lock.json", "package-lock"],
  ["npm-shrinkwrap.json", "package-lock"],
  ["pnpm-lock.yaml", "pnpm-lock"],
  ["yarn.lock", "yarn-lock"],
  ["Dockerfile", "dockerfile"],
  ["Containerfile", "dockerfile"],
  ["kustomization.yaml", "kustomization"],
  ["kustomization.yml", "kustomization"],
  ["Kustomization", "kustomization"],
]);

const PATTERNS: readonly (readonly [RegExp, FileKind | "yaml" | "text"])[] = [
  [/(?:^|\/)\.github\/workflows\/[^/]+\.ya?ml$/, "github-workflow"],
  [/(?:^|\/)action\.ya?ml$/, "github-action"],
  [/(?:^|\/)pylock\.[^./]+\.toml$/, "pylock"],
  [/(?:^|[/.-])conda-lock\.ya?ml$/, "conda-lock"],
  [/(?:^|\/)conda[^/]*\.lock$/, "conda-explicit"],
  [/(?:^|\/)(?:[^/]*[-_.])?requirements(?:[-_.][^/]*)?\.txt$/i, "requirements"],
  [/(?:^|\/)requirements\/[^/]+\.txt$/i, "requirements"],
  [/(?:^|\/)(?:Dockerfile|Containerfile)[.-](?!dockerignore$)[^/]+$/, "dockerfile"],
  [/\.(?:Dockerfile|dockerfile)$/, "dockerfile"],
  [/(?:^|\/)(?:docker-)?compose(?:[.-][^/]+)?\.ya?ml$/, "compose"],
  [/\.(?:ya?ml|ya?ml\.tpl)$/, "yaml"],
  [/(?:^|\/)[^/]*(?:explicit|spec-file)[^/]*\.txt$/, "text"],
];

const MANIFESTS: ReadonlySet<string> = new Set([
  "Pipfile",
  "environment.yaml",
  "environment.yml",
  "package.json",
  "pyproject.toml",
  "setup.cfg",
  "setup.py",
]);
