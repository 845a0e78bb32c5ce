import type { JsonObject, JsonValue } from "@mlsign/core";
import { compact, lostOf, type Neutral, unknownKeys } from "./neutral.ts";
import { listOf, recordOf, textOf, textsOf } from "./values.ts";

type Values = Readonly<Record<string, unknown>>;

/** Reads a `modelCard`; a data set that is only referred to is lost, its component is elsewhere. */
export function fromCycloneDx(modelCard: Values): { card: Neutral; lost: string[] } {
  const parameters = recordOf(modelCard.modelParameters);
  const analysis = recordOf(modelCard.quantitativeAnalysis);
  const considerations = recordOf(modelCard.considerations);
  const datasets = listOf(parameters.datasets).map(recordOf);
  const format = (value: unknown): string | undefined =>
    textsOf(listOf(value).map((v) => recordOf(v).format)).join(", ") || undefined;
  const card: Neutral = {
    task: textOf(parameters.task),
    architecture: textOf(parameters.modelArchitecture) ?? textOf(parameters.architectureFamily),
    inputFormat: format(parameters.inputs),
    outputFormat: format(parameters.outputs),
    datasets: datasets.flatMap(({ name, contents, description }) => {
      const known = textOf(name);
      return known === undefined
        ? []
        : [{ name: known, url: textOf(recordOf(contents).url), description: textOf(description) }];
    }),
    metrics: listOf(analysis.performanceMetrics)
      .map(recordOf)
      .map(({ type, value, slice }) => ({
        type: textOf(type) ?? "",
        value: textOf(value) ?? "",
        slice: textOf(slice),
      })),
    users: textsOf(considerations.users),
    useCases: textsOf(considerations.useCases),
    limitations: textsOf(considerations.technicalLimitations),
    tradeoffs: textsOf(considerations.performanceTradeoffs),
    ethics: listOf(considerations.ethicalConsiderations)
      .map(recordOf)
      .map(({ name, mitigationStrategy }) => ({
        name: textOf(name) ?? "",
        mitigation: textOf(mitigationStrategy),
      })),
    properties: listOf(modelCard.properties)
      .map(recordOf)
      .flatMap(({ name, value }) =>
        typeof name === "string" && typeof value === "string" ? [{ name, value }] : [],
      ),
  };
  const lost = [
    ...unknownKeys(modelCard, [
      "bom-ref",
      "modelParameters",
      "quantitativeAnalysis",
      "considerations",
      "properties",
    ]),
    ...unknownKeys(
      parameters,
      [
        "task",
        "modelArchitecture",
        "inputs",
        "outputs",
        "datasets",
        ...(parameters.modelArchitecture === undefined ? ["architectureFamily"] : []),
      ],
      "modelParameters.",
    ),
    ...unknownKeys(analysis, ["performanceMetrics"], "quantitativeAnalysis."),
    ...unknownKeys(
      considerations,
      [
        "users",
        "useCases",
        "technicalLimitations",
        "performanceTradeoffs",
        "ethicalConsiderations",
      ],
      "considerations.",
    ),
    ...(datasets.some(({ ref }) => ref !== undefined) ? ["modelParameters.datasets.ref"] : []),
    ...(listOf(analysis.performanceMetrics).some(
      (m) => recordOf(m).confidenceInterval !== undefined,
    )
      ? ["quantitativeAnalysis.performanceMetrics.confidenceInterval"]
      : []),
  ];
  return { card, lost };
}

/** Identity, licence and prose are the component's there, not the modelCard's. */
export function toCycloneDx(card: Neutral): { value: JsonObject; lost: string[] } {
  const value = compact<JsonValue>({
    modelParameters: compact<JsonValue>({
      task: card.task,
      modelArchitecture: card.architecture,
      datasets: card.datasets?.map(({ name, url, description }) =>
        compact<JsonValue>({ type: "dataset", name, contents: compact({ url }), description }),
      ),
      inputs: card.inputFormat === undefined ? [] : [{ format: card.inputFormat }],
      outputs: card.outputFormat === undefined ? [] : [{ format: card.outputFormat }],
    }),
    quantitativeAnalysis: compact<JsonValue>({
      performanceMetrics: card.metrics?.map((metric) => compact({ ...metric })),
    }),
    considerations: compact<JsonValue>({
      users: card.users,
      useCases: card.useCases,
      technicalLimitations: card.limitations,
      performanceTradeoffs: card.tradeoffs,
      ethicalConsiderations: card.ethics?.map(({ name, mitigation }) =>
        compact({ name, mitigationStrategy: mitigation }),
      ),
    }),
    properties: card.properties?.map(({ name, value: text }) => ({ name, value: text })),
  });
  return {
    value,
    lost: lostOf(card, [
      "name",
      "version",
      "licenses",
      "overview",
      "contacts",
      "references",
      "citations",
    ]),
  };
}
