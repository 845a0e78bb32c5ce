import type { Sheet } from "../sheet.ts";
import { loadYaml } from "../yaml/load.ts";
import { entriesOf, member, textAt, type YamlEntry } from "../yaml/node.ts";
import { judgeNpm } from "./sources.ts";

/** `pnpm-lock.yaml` (5.x to 9.x); since pnpm 11 with a document for pnpm itself. */
export function checkPnpmLock(sheet: Sheet, text: string): void {
  const documents = loadYaml(text);
  if (!documents.some((document) => textAt(document, "lockfileVersion") !== undefined)) {
    sheet.problem("dependency-file", "there is no lockfileVersion");
    return;
  }
  for (const document of documents) {
    for (const [key, entry] of entriesOf(member(document, "packages"))) judge(sheet, key, entry);
  }
}

function judge(sheet: Sheet, key: string, { value, line }: YamlEntry): void {
  const resolution = member(value, "resolution");
  const { name, version } = splitKey(key);
  const type = textAt(resolution, "type");
  const repository = textAt(resolution, "repo") ?? "";
  const directory = textAt(resolution, "directory");
  // A directory of the workspace that is injected.
  if (type === "directory" && directory !== undefined) return;
  judgeNpm(sheet, {
    name: textAt(value, "name") ?? name,
    version: textAt(value, "version") ?? version,
    line,
    integrity: textAt(resolution, "integrity"),
    resolved:
      type === "git"
        ? `git+${repository}#${textAt(resolution, "commit") ?? ""}`
        : (textAt(resolution, "tarball") ?? directory),
  });
}

/** `/@scope/name@1.0.0(peer@2)`, `@scope/name@1.0.0` or, before 6.0, `/@scope/name/1.0.0`. */
function splitKey(key: string): { name: string; version: string | undefined } {
  const bare = key.replace(/^\//, "").replace(/\(.*$/s, "");
  const at = bare.indexOf("@", 1);
  if (at > 0) return { name: bare.slice(0, at), version: bare.slice(at + 1) };
  const slash = bare.lastIndexOf("/");
  return key.startsWith("/") && slash > 0
    ? { name: bare.slice(0, slash), version: bare.slice(slash + 1).replace(/_.*$/, "") }
    : { name: bare, version: undefined };
}
