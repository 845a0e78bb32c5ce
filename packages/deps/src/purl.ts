/** A package URL (purl-spec): type, name and version are percent-encoded, qualifiers sorted. */
export function purl(
  type: string,
  name: string,
  version?: string,
  qualifiers: Readonly<Record<string, string | undefined>> = {},
): string {
  const path = name.split("/").map(encode).join("/");
  const query = Object.entries(qualifiers)
    .filter((pair): pair is [string, string] => pair[1] !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${encode(value).replaceAll("%2F", "/")}`)
    .join("&");
  const at = version === undefined ? "" : `@${encode(version)}`;
  return `pkg:${type}/${path}${at}${query === "" ? "" : `?${query}`}`;
}

/** PEP 503: names that differ in case, `-`, `_` and `.` are one project. */
export function pypiName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
