import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import schema from "../schemas/mlsign-block.v1.schema.json" with { type: "json" };
import type { YamlPath } from "./front-matter.ts";

export interface BlockFault {
  readonly path: YamlPath;
  readonly message: string;
}

/** Where a `mlsign:` block breaks its schema; paths start at the front matter. */
export function validateBlock(block: unknown): BlockFault[] {
  compiled ??= new Ajv2020({ strict: true, allErrors: true }).compile(schema);
  if (compiled(block)) return [];
  return (compiled.errors ?? []).slice(0, MOST_FAULTS).map(({ instancePath, message, params }) => {
    const path = instancePath.split("/").slice(1).map(unescape);
    const extra: unknown = params.additionalProperty;
    if (typeof extra !== "string")
      return { path: ["mlsign", ...path], message: wanted(params) ?? message ?? "is wrong" };
    return { path: ["mlsign", ...path, extra], message: `has the unknown key "${extra}"` };
  });
}

/** What a fixed value or a choice of values must be, which the validator does not say. */
function wanted({ allowedValue, allowedValues }: Readonly<Record<string, unknown>>) {
  if (allowedValue !== undefined) return `must be ${JSON.stringify(allowedValue)}`;
  if (!Array.isArray(allowedValues)) return undefined;
  return `must be one of ${allowedValues.map((value) => JSON.stringify(value)).join(", ")}`;
}

/** A part of a JSON pointer; a number where it is an index. */
function unescape(part: string): string | number {
  return /^\d+$/.test(part) ? Number(part) : part.replaceAll("~1", "/").replaceAll("~0", "~");
}

let compiled: ValidateFunction | undefined;
// `allErrors` over 64 kB is bounded, the report of it should be short too.
const MOST_FAULTS = 50;
