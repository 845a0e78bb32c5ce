import type { JsonObject, LineageGraph } from "@mlsign/core";

/** The document of `mlsign trace --json`. */
export function toJson({
  question,
  asOf,
  focus,
  truncated,
  nodes,
  edges,
}: LineageGraph): JsonObject {
  return {
    schema: "urn:mlsign:trace:v1",
    question,
    asOf: asOf ?? null,
    focus: focus ?? null,
    truncated: truncated === true,
    nodes: nodes.map(({ id, kind, name, digests, details = {} }) => ({
      id,
      kind,
      name,
      digests: { ...digests },
      details: { ...details },
    })),
    edges: edges.map(({ from, to, relation, status, signer, time, added, bundle, type }) => ({
      from,
      to,
      relation,
      status,
      signer: signer ?? null,
      time: time ?? null,
      added: added ?? null,
      bundle: bundle ?? null,
      type: type ?? null,
    })),
  };
}
