import type { JsonObject, JsonValue, LineageEdge, LineageGraph } from "@mlsign/core";
import { nodesOf } from "./words.ts";

/**
 * OpenLineage run events (2-0-2), one for each lineage of the graph: what went into a model. The
 * status of each is a facet of ours, since a reader of events takes them for facts.
 *
 * @param producer a URI of the program that says so
 */
export function toOpenLineage(graph: LineageGraph, producer: string, now: Date): JsonObject[] {
  const nodes = nodesOf(graph);
  const made = graph.edges.filter(
    ({ to }) => !to.startsWith("bundle:") && !to.startsWith("missing:"),
  );
  const runs = Map.groupBy(made, ({ bundle, from }) => `${bundle ?? ""} ${from}`);
  return [...runs.values()].map((edges) => {
    const [first] = edges as [LineageEdge, ...LineageEdge[]];
    const commit = edges.map(({ to }) => nodes.get(to)).find((node) => node?.kind === "commit");
    const facet = (more: Record<string, JsonValue>): JsonObject => ({
      _producer: producer,
      _schemaURL: `${producer}#facet`,
      ...more,
    });
    const dataset = (id: string): JsonObject => {
      const node = nodes.get(id);
      return {
        namespace: `urn:mlsign:${node?.kind ?? "thing"}`,
        name: node?.name ?? id,
        facets: {
          version: {
            ...facet({ datasetVersion: id }),
            _schemaURL:
              "https://openlineage.io/spec/facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet",
          },
        },
      };
    };
    return {
      eventType: "COMPLETE",
      eventTime: first.time ?? first.added ?? now.toISOString(),
      run: {
        runId: uuidOf(first.bundle ?? ""),
        facets: {
          mlsign_claim: facet({
            status: first.status,
            signer: first.signer ?? null,
            bundle: first.bundle ?? null,
          }),
        },
      },
      job: {
        namespace: "urn:mlsign:training",
        name: nodes.get(first.from)?.name ?? first.from,
        facets: {
          ...(commit !== undefined && {
            sourceCodeLocation: {
              ...facet({
                type: "git",
                url: commit.name,
                version: commit.digests.gitCommit ?? "",
              }),
              _schemaURL:
                "https://openlineage.io/spec/facets/1-0-1/SourceCodeLocationJobFacet.json#/$defs/SourceCodeLocationJobFacet",
            },
          }),
        },
      },
      inputs: edges.map(({ to }) => dataset(to)),
      outputs: [dataset(first.from)],
      producer,
      schemaURL: "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    };
  });
}

/** A UUID (version 8, RFC 9562) of a digest, so that one claim is one run for ever. */
function uuidOf(hex: string): string {
  const digits = hex.padEnd(32, "0");
  const variant = "89ab"[Number.parseInt(digits[16] ?? "0", 16) % 4];
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(13, 16)}`,
    `${variant}${digits.slice(17, 20)}`,
    digits.slice(20, 32),
  ].join("-");
}
