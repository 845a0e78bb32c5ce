import { isAbsolute, relative, sep } from "node:path";

/** The name of a path inside a folder, `/`-separated; `undefined` where it is not below it. */
export function nameBelow(folder: string, path: string): string | undefined {
  const name = relative(folder, path);
  if (name === "" || isAbsolute(name) || name.split(sep)[0] === "..") return undefined;
  return name.split(sep).join("/");
}
