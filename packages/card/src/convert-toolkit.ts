import type { JsonObject, JsonValue } from "@mlsign/core";
import { compact, lostOf, type Neutral, unknownKeys } from "./neutral.ts";
import { listOf, recordOf, textOf } from "./values.ts";

type Values = Readonly<Record<string, unknown>>;

/** Reads Model Card Toolkit's JSON, version 0.0.2. Users and the like are texts or `{description}`. */
export function fromToolkit(json: Values): { card: Neutral; lost: string[] } {
  const details = recordOf(json.model_details);
  const parameters = recordOf(json.model_parameters);
  const analysis = recordOf(json.quantitative_analysis);
  const considerations = recordOf(json.considerations);
  const texts = (value: unknown, key: string): string[] =>
    listOf(value).flatMap((entry) => textOf(entry) ?? textOf(recordOf(entry)[key]) ?? []);
  const version = recordOf(details.version);
  const card: Neutral = {
    name: textOf(details.name),
    version: textOf(version.name),
    licenses: listOf(details.licenses)
      .map(recordOf)
      .flatMap((l) => textOf(l.identifier) ?? textOf(l.custom_text) ?? []),
    overview: textOf(details.overview),
    contacts: listOf(details.owners)
      .map(recordOf)
      .flatMap((o) => textOf(o.contact) ?? textOf(o.name) ?? []),
    references: texts(details.references, "reference"),
    citations: texts(details.citations, "citation"),
    architecture: textOf(parameters.model_architecture),
    inputFormat: textOf(parameters.input_format),
    outputFormat: textOf(parameters.output_format),
    datasets: listOf(parameters.data)
      .map(recordOf)
      .map(({ name, link, description }) => ({
        name: textOf(name) ?? "unnamed",
        url: textOf(link),
        description: textOf(description),
      })),
    metrics: listOf(analysis.performance_metrics)
      .map(recordOf)
      .map(({ type, value, slice }) => ({
        type: textOf(type) ?? "",
        value: String(typeof value === "number" ? value : (textOf(value) ?? "")),
        slice: textOf(slice),
      })),
    users: texts(considerations.users, "description"),
    useCases: texts(considerations.use_cases, "description"),
    limitations: texts(considerations.limitations, "description"),
    tradeoffs: texts(considerations.tradeoffs, "description"),
    ethics: listOf(considerations.ethical_considerations)
      .map(recordOf)
      .map(({ name, mitigation_strategy: mitigation }) => ({
        name: textOf(name) ?? "",
        mitigation: textOf(mitigation),
      })),
  };
  const lost = [
    ...unknownKeys(json, [
      "schema_version",
      "model_details",
      "model_parameters",
      "quantitative_analysis",
      "considerations",
    ]),
    ...unknownKeys(
      details,
      ["name", "version", "licenses", "overview", "owners", "references", "citations"],
      "model_details.",
    ),
    ...unknownKeys(version, ["name"], "model_details.version."),
    ...unknownKeys(
      parameters,
      ["model_architecture", "input_format", "output_format", "data"],
      "model_parameters.",
    ),
    ...unknownKeys(analysis, ["performance_metrics"], "quantitative_analysis."),
    ...unknownKeys(
      considerations,
      ["users", "use_cases", "limitations", "tradeoffs", "ethical_considerations"],
      "considerations.",
    ),
    ...listOf(details.owners)
      .map(recordOf)
      .flatMap((o) =>
        o.contact !== undefined && o.name !== undefined ? ["model_details.owners.name"] : [],
      ),
    ...listOf(parameters.data)
      .map(recordOf)
      .flatMap((d) => unknownKeys(d, ["name", "link", "description"], "model_parameters.data.")),
    ...listOf(analysis.performance_metrics)
      .map(recordOf)
      .flatMap((m) =>
        unknownKeys(m, ["type", "value", "slice"], "quantitative_analysis.performance_metrics."),
      ),
  ];
  return { card, lost: [...new Set(lost)] };
}

export function toToolkit(card: Neutral): { value: JsonObject; lost: string[] } {
  const describe = (texts: readonly string[] | undefined): JsonValue | undefined =>
    texts?.map((description) => ({ description }));
  const value = compact<JsonValue>({
    model_details: compact<JsonValue>({
      name: card.name,
      overview: card.overview,
      owners: card.contacts?.map((contact) => ({ contact })),
      version: compact({ name: card.version }),
      licenses: card.licenses?.map((identifier) => ({ identifier })),
      references: card.references?.map((reference) => ({ reference })),
      citations: card.citations?.map((citation) => ({ citation })),
    }),
    model_parameters: compact<JsonValue>({
      model_architecture: card.architecture,
      data: card.datasets?.map(({ name, url, description }) =>
        compact({ name, link: url, description }),
      ),
      input_format: card.inputFormat,
      output_format: card.outputFormat,
    }),
    quantitative_analysis: compact<JsonValue>({
      performance_metrics: card.metrics?.map((metric) => compact({ ...metric })),
    }),
    considerations: compact<JsonValue>({
      users: describe(card.users),
      use_cases: describe(card.useCases),
      limitations: describe(card.limitations),
      tradeoffs: describe(card.tradeoffs),
      ethical_considerations: card.ethics?.map(({ name, mitigation }) =>
        compact({ name, mitigation_strategy: mitigation }),
      ),
    }),
  });
  return { value, lost: lostOf(card, ["task", "properties"]) };
}
