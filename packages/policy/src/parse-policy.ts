import { hexOf, sha256 } from "@mlsign/core";
import schema from "../schemas/policy.v1.schema.json" with { type: "json" };
import type { LoadedPolicy, Policy } from "./policy.ts";
import { type ReadYaml, readYaml, throwFault } from "./read-yaml.ts";
import { soundness } from "./soundness.ts";

/**
 * Reads a policy that can be evaluated: its form is right, and nothing in it is an error.
 *
 * @throws MlsignError `config-invalid` with line and column
 */
export function parsePolicy(bytes: Uint8Array, source: string): LoadedPolicy {
  const read = readPolicy(bytes, source);
  throwFault(source, read.faults);
  const policy = read.value as Policy;
  const errors = soundness(policy).filter(({ severity }) => severity === "error");
  throwFault(
    source,
    errors.map(({ message, path }) => ({ message, location: read.locate(path) })),
  );
  return { policy, sha256: hexOf(sha256(bytes)), source, locate: read.locate };
}

/** The form alone: what `lintPolicy` starts from. */
export function readPolicy(bytes: Uint8Array, source: string): ReadYaml {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const location = { path: source, line: 1, column: 1 };
    const faults = [{ message: "is not UTF-8", location }];
    return { value: undefined, faults, locate: () => location };
  }
  return readYaml(text, source, schema);
}
