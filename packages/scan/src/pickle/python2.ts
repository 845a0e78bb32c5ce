import names from "../../data/python2-names.json" with { type: "json" };

/** How Python 3 spells a name that a pickle of a protocol below 3 asks for. */
export function inPython3(module: string, name: string): readonly [module: string, name: string] {
  const renamed = NAMES.get(`${module}\n${name}`);
  if (renamed !== undefined) return renamed;
  return [MODULES.get(module) ?? module, name];
}

const MODULES: ReadonlyMap<string, string> = new Map(Object.entries(names.modules));

const NAMES: ReadonlyMap<string, readonly [string, string]> = new Map(
  names.names.map(([module = "", name = "", newModule = "", newName = ""]) => [
    `${module}\n${name}`,
    [newModule, newName],
  ]),
);
