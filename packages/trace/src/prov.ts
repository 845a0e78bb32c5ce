import type { JsonObject, JsonValue, LineageGraph } from "@mlsign/core";

/**
 * W3C PROV-JSON: things are entities, each claim is an activity by the agent that signed it. Names
 * are labels only; identifiers are ours, so that no name can pass for another's.
 */
export function toProv(graph: LineageGraph): JsonObject {
  const ids = new Map(graph.nodes.map(({ id }, i) => [id, `mlsign:e${i}`]));
  const agents = named(
    graph.edges.flatMap(({ signer }) => signer ?? []),
    "a",
  );
  const claims = named(
    graph.edges.flatMap(({ bundle }) => bundle ?? []),
    "c",
  );
  const activity: Record<string, JsonValue> = {};
  const associated: Record<string, JsonValue> = {};
  const used: Record<string, JsonValue> = {};
  const derived: Record<string, JsonValue> = {};
  const generated: Record<string, JsonValue> = {};
  for (const [i, edge] of graph.edges.entries()) {
    const [from, to] = [ids.get(edge.from), ids.get(edge.to)];
    if (from === undefined || to === undefined || edge.status === "missing") continue;
    const claim = claims.get(edge.bundle ?? "");
    const attributes = { "mlsign:status": edge.status, "mlsign:relation": edge.relation };
    if (claim !== undefined) {
      activity[claim] = {
        "prov:label": edge.type ?? "claim",
        "mlsign:bundle": edge.bundle ?? "",
        ...(edge.time !== undefined && { "prov:endTime": edge.time }),
      };
      const agent = agents.get(edge.signer ?? "");
      if (agent !== undefined) {
        associated[`_:as${claim.slice(7)}`] = {
          "prov:activity": claim,
          "prov:agent": agent,
          "mlsign:status": edge.status,
        };
      }
    }
    if (edge.to.startsWith("bundle:")) {
      // Evidence is made by the claim, from the model.
      if (claim !== undefined) {
        generated[`_:g${i}`] = { "prov:entity": to, "prov:activity": claim, ...attributes };
        used[`_:u${i}`] = { "prov:activity": claim, "prov:entity": from, ...attributes };
      }
      continue;
    }
    derived[`_:d${i}`] = {
      "prov:generatedEntity": from,
      "prov:usedEntity": to,
      ...(claim !== undefined && { "prov:activity": claim }),
      ...attributes,
    };
  }
  return {
    prefix: { mlsign: "urn:mlsign:trace:v1:" },
    entity: Object.fromEntries(
      graph.nodes
        .filter(({ id }) => !id.startsWith("missing:"))
        .map((node) => [
          ids.get(node.id) ?? "",
          {
            "prov:label": node.name,
            "prov:type": node.kind,
            ...Object.fromEntries(
              Object.entries(node.digests).map(([name, value]) => [`mlsign:${name}`, value]),
            ),
          },
        ]),
    ),
    activity,
    agent: Object.fromEntries([...agents].map(([signer, id]) => [id, { "prov:label": signer }])),
    used,
    wasGeneratedBy: generated,
    wasDerivedFrom: derived,
    wasAssociatedWith: associated,
  };
}

function named(values: readonly string[], letter: string): Map<string, string> {
  return new Map([...new Set(values)].map((value, i) => [value, `mlsign:${letter}${i}`]));
}
