import { stringify } from "yaml";
import type { Card } from "./card.ts";
import { compact, lostOf, type Neutral, unknownKeys } from "./neutral.ts";
import { blockOf, listOf, recordOf, textOf, textsOf } from "./values.ts";

type Values = Readonly<Record<string, unknown>>;

/** Reads front matter with its mlsign block; of the body, the first paragraph of a description. */
export function fromHuggingFace(card: Card, values: Values): { card: Neutral; lost: string[] } {
  const block = blockOf(values);
  const subject = recordOf(block.subject);
  const prose = card.sections.filter(({ title }) =>
    /^(?:model description|overview)$/i.test(title),
  );
  const data = listOf(block.training_data).map(recordOf);
  const named = new Set(data.map(({ name }) => name));
  const index = listOf(values["model-index"]).map(recordOf);
  const neutral: Neutral = {
    name: textOf(subject.name) ?? textOf(index[0]?.name),
    version: textOf(subject.version),
    licenses: textsOf(values.license),
    overview: textOf(prose[0]?.text),
    contacts: textsOf(block.contact),
    task: textOf(values.pipeline_tag),
    datasets: [
      ...data.map(({ name, url }) => ({ name: textOf(name) ?? "unnamed", url: textOf(url) })),
      ...textsOf(values.datasets)
        .filter((name) => !named.has(name))
        .map((name) => ({ name })),
    ],
    metrics: [
      ...listOf(block.evaluation)
        .map(recordOf)
        .map(({ metric, value, slice }) => ({
          type: shown(metric),
          value: shown(value),
          slice: textOf(slice),
        })),
      ...index
        .flatMap(({ results }) => listOf(results).map(recordOf))
        .flatMap(({ metrics, dataset }) =>
          listOf(metrics)
            .map(recordOf)
            .map(({ type, value }) => ({
              type: shown(type),
              value: shown(value),
              slice: textOf(recordOf(dataset).split),
            })),
        ),
    ],
    useCases: textsOf(block.intended_use),
    limitations: textsOf(block.limitations),
    properties: propertiesOf(block),
  };
  const lost = [
    ...unknownKeys(values, ["license", "pipeline_tag", "datasets", "model-index", "mlsign"]),
    ...unknownKeys(
      block,
      [
        "schema",
        "subject",
        "contact",
        "training_data",
        "evaluation",
        "intended_use",
        "limitations",
        "privacy",
        "robustness",
      ],
      "mlsign.",
    ),
    ...data.flatMap((d) => unknownKeys(d, ["name", "url"], "mlsign.training_data.")),
    ...card.sections
      .filter((section) => section !== prose[0] && section.text !== "")
      .map(({ title }) => `section "${title}"`),
  ];
  return { card: neutral, lost: [...new Set(lost)] };
}

/** Privacy and robustness have no slot of their own in CycloneDX: properties carry them. */
function propertiesOf(block: Values): { name: string; value: string }[] {
  const { dp, reason } = recordOf(block.privacy);
  const privacy =
    typeof dp === "string"
      ? [
          ["mlsign:privacy:dp", dp],
          ["mlsign:privacy:reason", reason],
        ]
      : Object.entries(recordOf(dp)).map(([key, value]) => [`mlsign:privacy:dp:${key}`, value]);
  const robustness = listOf(block.robustness).flatMap((entry, index) =>
    Object.entries(recordOf(entry)).map(([key, value]) => [
      `mlsign:robustness:${index}:${key}`,
      value,
    ]),
  );
  return [...privacy, ...robustness].flatMap(([name, value]) =>
    value === undefined ? [] : [{ name: shown(name), value: shown(value) }],
  );
}

export function toHuggingFace(card: Neutral): { value: string; lost: string[] } {
  const numbers =
    card.metrics?.filter(({ value }) => value !== "" && Number.isFinite(Number(value))) ?? [];
  const front = compact<unknown>({
    license: card.licenses?.length === 1 ? card.licenses[0] : card.licenses,
    pipeline_tag: card.task,
    mlsign: {
      schema: 1,
      ...compact<unknown>({
        subject:
          card.name === undefined ? undefined : compact({ name: card.name, version: card.version }),
        training_data: card.datasets?.map(({ name, url }) => compact({ name, url })),
        limitations: card.limitations,
        intended_use: card.useCases,
        evaluation: numbers.map(({ type, value, slice }) =>
          compact<unknown>({ metric: type, value: Number(value), slice }),
        ),
        contact: card.contacts?.[0],
      }),
    },
  });
  const sections: [string, readonly string[] | undefined][] = [
    ["Model Description", card.overview === undefined ? undefined : [card.overview]],
    ["Users", card.users?.map(item)],
    ["Trade-offs", card.tradeoffs?.map(item)],
    [
      "Ethical Considerations",
      card.ethics?.map(({ name, mitigation }) =>
        item(mitigation === undefined ? name : `${name}: ${mitigation}`),
      ),
    ],
    ["References", card.references?.map(item)],
    ["Citation", card.citations?.map(item)],
  ];
  const body = sections.flatMap(([title, lines]) =>
    lines === undefined || lines.length === 0 ? [] : [`## ${title}\n\n${lines.join("\n")}\n`],
  );
  const lost = [
    ...lostOf(card, ["architecture", "inputFormat", "outputFormat", "properties"]),
    ...(numbers.length < (card.metrics?.length ?? 0) ? ["metrics that are no number"] : []),
    ...((card.contacts?.length ?? 0) > 1 ? ["contacts but the first"] : []),
    ...(card.name === undefined && card.version !== undefined ? ["version without a name"] : []),
    ...(card.datasets?.some(({ description }) => description !== undefined) === true
      ? ["datasets.description"]
      : []),
  ];
  // Written for both versions of YAML, as the Hub reads 1.1.
  const yaml = stringify(front, { version: "1.1" });
  return {
    value: `---\n${yaml}---\n\n# ${line(card.name ?? "Model card")}\n\n${body.join("\n")}`,
    lost,
  };
}

function item(text: string): string {
  return `- ${line(text)}`;
}

function line(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}
