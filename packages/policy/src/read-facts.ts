import { type JsonValue, MlsignError, printable } from "@mlsign/core";
import schema from "../schemas/policy-test.v1.schema.json" with { type: "json" };
import type { PolicyFacts } from "./facts.ts";
import { schemaFaults } from "./read-yaml.ts";

/**
 * Facts that somebody wrote down, their form checked by the schema of `policy test`'s tables.
 *
 * @throws MlsignError `config-invalid`
 */
export function readFacts(value: JsonValue): PolicyFacts {
  const [fault] = schemaFaults(
    {
      schema: "urn:mlsign:policy-test:v1",
      now: "2026-01-01T00:00:00Z",
      facts: value,
      cases: CASES,
    },
    schema,
  );
  if (fault === undefined) return value as unknown as PolicyFacts;
  throw new MlsignError("config-invalid", `Cannot use the facts: ${printable(fault.message)}`);
}

/** Stands for the cases while facts alone are held to the schema. */
const CASES = [{ name: "-", expect: "accepted" }];
