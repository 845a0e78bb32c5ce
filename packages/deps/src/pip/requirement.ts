import { SPACE, trim } from "./lines.ts";
import { isMarker } from "./marker.ts";

/** What a requirement names. `name` is absent where only the bytes could tell it. */
export type Requirement =
  | { readonly kind: "index"; readonly name: string; readonly specifiers: readonly string[] }
  | { readonly kind: "url"; readonly name: string | undefined; readonly url: string }
  | { readonly kind: "archive"; readonly name: string | undefined; readonly path: string }
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "invalid"; readonly problem: string };

/** Reads the part of a line before its options as pip's `install_req_from_line` does. */
export function parseRequirement(text: string): Requirement {
  const separator = isUrl(text) ? "; " : ";";
  const cut = text.indexOf(separator);
  const name = trim(cut < 0 ? text : text.slice(0, cut));
  const marker = cut < 0 ? "" : trim(text.slice(cut + separator.length));
  if (marker !== "" && !isMarker(marker)) return invalid(`"${marker}" is not a marker`);
  if (isUrl(name)) return fromUrl(name);
  const path = withoutSlashes(withoutExtras(name));
  if (isArchive(path) && !isDirectReference(name)) return fromArchive(path);
  const found = parsePep508(name);
  if (found !== undefined) return found;
  if (looksLikePath(name)) return { kind: "directory", path: name };
  return invalid(`"${name}" is not a requirement`);
}

/** A requirement of `-e`. */
export function parseEditable(text: string): Requirement {
  if (/^(?:[a-z]+\+|file:)/i.test(text)) return { kind: "url", name: eggOf(text), url: text };
  const scheme = /^(git|hg|svn|bzr):/i.exec(text)?.[1];
  if (scheme !== undefined) {
    return { kind: "url", name: eggOf(text), url: `${scheme.toLowerCase()}+${text}` };
  }
  return { kind: "directory", path: text };
}

/** The hash of a URL's fragment; pip takes the first that it finds, and accepts weak ones. */
export function urlHash(url: string): { algorithm: string; hex: string } | undefined {
  const match = /[#&](sha512|sha384|sha256|sha224|sha1|md5)=([^&]*)/.exec(url);
  return match === null ? undefined : { algorithm: match[1] as string, hex: match[2] as string };
}

/** The scheme of a version control URL (`git+https://…`), without the transport. */
export function vcsOf(url: string): string | undefined {
  const scheme = schemeOf(url);
  return VCS.has(scheme) ? scheme.slice(0, scheme.indexOf("+")) : undefined;
}

/** The revision of a version control URL: what stands behind the last `@` of its path. */
export function revisionOf(url: string): string | undefined {
  const path = url.replace(/[?#].*$/s, "").replace(/^[^:]*:\/\/[^/]*/, "");
  const at = path.lastIndexOf("@");
  return at < 0 ? undefined : path.slice(at + 1);
}

/** Name and version of a wheel's file name (PEP 427). */
export function parseWheelName(file: string): { name: string; version: string } | undefined {
  const match =
    /^([^\s-]+)-([^\s-]+)(?:-\d[^-]*)?-[^\s-]+-[^\s-]+-[^\s-]+\.whl$/i.exec(file) ?? undefined;
  if (match === undefined) return undefined;
  const [, name, version] = match as unknown as [string, string, string];
  return /^[\p{L}\p{N}_.]+$/u.test(name) && !name.includes("__") && VERSION.test(version)
    ? { name, version }
    : undefined;
}

function fromUrl(url: string): Requirement {
  const egg = /[#&]egg=([^&]*)/.exec(url)?.[1];
  if (egg !== undefined && !PROJECT.test(egg)) return invalid(`"${egg}" is not a project's name`);
  const file = fileOf(url);
  if (!file.toLowerCase().endsWith(".whl")) return { kind: "url", name: egg, url };
  const wheel = parseWheelName(file);
  if (wheel === undefined) return invalid(`"${file}" is not the name of a wheel`);
  return { kind: "url", name: wheel.name, url };
}

function fromArchive(path: string): Requirement {
  const file = fileOf(path);
  if (!file.toLowerCase().endsWith(".whl")) return { kind: "archive", name: undefined, path };
  const wheel = parseWheelName(file);
  return wheel === undefined
    ? invalid(`"${file}" is not the name of a wheel`)
    : { kind: "archive", name: wheel.name, path };
}

function parsePep508(text: string): Requirement | undefined {
  const head = HEAD.exec(text);
  if (head === null) return undefined;
  const name = head[1] as string;
  const rest = text.slice(head[0].length);
  if (rest.startsWith("@")) {
    const url = /^@[ \t]*([^ \t]+)[ \t]*$/.exec(rest)?.[1];
    return url === undefined ? undefined : { kind: "url", name, url };
  }
  const specifiers = parseSpecifiers(rest);
  return specifiers === undefined ? undefined : { kind: "index", name, specifiers };
}

function parseSpecifiers(text: string): string[] | undefined {
  const inner = /^\((.*)\)[ \t]*$/s.exec(text)?.[1] ?? text;
  const specifiers: string[] = [];
  let at = /^[ \t]*/.exec(inner)?.[0].length ?? 0;
  for (;;) {
    SPECIFIER.lastIndex = at;
    const match = SPECIFIER.exec(inner);
    if (match === null) break;
    specifiers.push(match[0].replace(SPACES, ""));
    const comma = /^[ \t]*(,?)[ \t]*/.exec(inner.slice(SPECIFIER.lastIndex)) as RegExpExecArray;
    at = SPECIFIER.lastIndex + comma[0].length;
    if (comma[1] === "") break;
  }
  return at === inner.length ? specifiers : undefined;
}

function isDirectReference(name: string): boolean {
  const at = name.indexOf("@");
  return at >= 0 && !looksLikePath(name.slice(0, at));
}

function looksLikePath(name: string): boolean {
  return name.includes("/") || name.startsWith(".");
}

function isArchive(path: string): boolean {
  return /\.(?:whl|zip|tar\.gz|tgz|tar|tar\.bz2|tbz|tar\.xz|txz|tlz|tar\.lz|tar\.lzma)$/i.test(
    path,
  );
}

function isUrl(text: string): boolean {
  const scheme = schemeOf(text);
  return ["http", "https", "file", "ftp"].includes(scheme) || VCS.has(scheme);
}

function schemeOf(text: string): string {
  return /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(text)?.[1]?.toLowerCase() ?? "";
}

function fileOf(url: string): string {
  const path = withoutSlashes(url.replace(/[?#].*$/s, ""));
  const name = path.slice(path.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** A path without the `[extras]` behind it. */
function withoutExtras(path: string): string {
  const open = path.lastIndexOf("[");
  const extras = path.slice(open + 1, -1);
  const given = open > 0 && path.endsWith("]") && extras !== "" && !extras.includes("]");
  return given ? trim(path.slice(0, open)) : path;
}

function withoutSlashes(path: string): string {
  let end = path.length;
  while (end > 0 && path[end - 1] === "/") end -= 1;
  return path.slice(0, end);
}

function eggOf(url: string): string | undefined {
  return /[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)/.exec(url)?.[1];
}

function invalid(problem: string): Requirement {
  return { kind: "invalid", problem };
}

const PROJECT = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i;
const HEAD =
  /^[ \t]*\b([a-zA-Z0-9](?:[a-zA-Z0-9._-]*[a-zA-Z0-9_])?)(?![\w])[ \t]*(?:\[[ \t]*(?:[a-zA-Z0-9][\w.-]*(?<=\w)(?:[ \t]*,[ \t]*[a-zA-Z0-9][\w.-]*(?<=\w))*[ \t]*)?\][ \t]*)?/;

const RELEASE = "v?(?:[0-9]+!)?[0-9]+(?:\\.[0-9]+)";
const PRE = "(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?[0-9]*)?";
const POST = "(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?";
const DEV = "(?:[-_.]?dev[-_.]?[0-9]*)?";
const LOCAL = "(?:\\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?";
const SPECIFIER = new RegExp(
  `===${SPACE}*(?:(?!${SPACE})[^;)])*|(?:==(?!=)|!=)${SPACE}*${RELEASE}*(?:\\.\\*|${PRE}${POST}${DEV}${LOCAL})|` +
    `~=${SPACE}*${RELEASE}+${PRE}${POST}${DEV}|(?:<=|>=|<|>)${SPACE}*${RELEASE}*${PRE}${POST}${DEV}`,
  "iy",
);
const SPACES = new RegExp(SPACE, "g");
const VERSION = new RegExp(`^${RELEASE}*${PRE}${POST}${DEV}${LOCAL}$`, "i");

const VCS: ReadonlySet<string> = new Set(
  [
    "bzr+http bzr+https bzr+ssh bzr+sftp bzr+ftp bzr+lp bzr+file",
    "git+http git+https git+ssh git+git git+file",
    "hg+file hg+http hg+https hg+ssh hg+static-http",
    "svn+ssh svn+http svn+https svn+svn svn+file",
  ].flatMap((line) => line.split(" ")),
);
