import type { Run } from "@mlsign/mlflow";
import type { Host } from "../host.ts";
import { nameBelow } from "./name-below.ts";

/** A model of a registry that lies here for the time of one command. */
export interface BroughtModel {
  /** As the caller named it, and as it is told. */
  readonly reference: string;
  readonly path: string;
  /** What a promotion of it is for, where neither the caller nor the policy says. */
  readonly resource: string;
  /** The run that trained it, as its server tells it now; `missing` where it is gone. */
  readonly run?: Run | "missing" | undefined;
}

/** Where a model lies: what was brought here is named by its reference. */
export function placeOf(model: string, { brought = [] }: Pick<Host, "brought">): string {
  return brought.find(({ reference }) => reference === model)?.path ?? model;
}

/** What was brought here and lies at this path. */
export function broughtAt(path: string, { brought = [] }: Host): BroughtModel | undefined {
  return brought.find((it) => it.path === path);
}

/** A path from the working directory, or from the reference of what was brought; else `undefined`. */
export function nameHere(path: string, host: Host): string | undefined {
  return broughtName(path, host) ?? nameBelow(host.cwd, path);
}

/** How a path is told that lies in a model that was brought here; `undefined` of any other. */
export function broughtName(path: string, { brought = [] }: Host): string | undefined {
  for (const { reference, path: place } of brought) {
    if (path === place) return reference;
    const name = nameBelow(place, path);
    if (name !== undefined) return `${reference}/${name}`;
  }
  return undefined;
}
