import type { Sheet } from "../sheet.ts";
import { entriesOf, member, textAt, textOf, type YamlNode } from "../yaml/node.ts";
import { judgeAdd } from "./add.ts";
import { checkDockerfile } from "./dockerfile.ts";
import { judgeImage, judgeVariableImage } from "./image.ts";
import { expandVariables, hasVariable } from "./variables.ts";

/** Images of a Compose file. A service that is built names its result, which is no dependency. */
export function checkCompose(sheet: Sheet, documents: readonly YamlNode[]): void {
  const seen = new Set<YamlNode>();
  for (const document of documents) {
    for (const [, { value: service }] of entriesOf(member(document, "services"))) {
      const build = member(service, "build");
      if (build !== undefined) judgeBuild(sheet, build);
      else judgeService(sheet, service, seen);
      for (const volume of listOf(member(service, "volumes"))) {
        if (textAt(volume, "type") === "image") judgeText(sheet, member(volume, "source"));
      }
    }
  }
}

function judgeService(sheet: Sheet, service: YamlNode, seen: Set<YamlNode>): void {
  const image = member(service, "image");
  // The same node twice is a merged or aliased one.
  if (image === undefined || seen.has(image)) return;
  seen.add(image);
  judgeText(sheet, image);
}

function judgeText(sheet: Sheet, node: YamlNode | undefined): void {
  const text = textOf(node);
  if (text === undefined || node === undefined) return;
  if (!hasVariable(text)) {
    judgeImage(sheet, text, node.line);
    return;
  }
  const resolved = expandVariables(text, () => undefined);
  judgeVariableImage(sheet, { text, resolved, what: "variable" }, node.line);
}

function judgeBuild(sheet: Sheet, build: YamlNode): void {
  const context = textOf(build) ?? textAt(build, "context");
  if (context !== undefined && /^(?:https?:|git[@:]|ssh:)/.test(context)) {
    judgeAdd(sheet, [], [context, "."], build.line);
  }
  const inline = member(build, "dockerfile_inline");
  const text = textOf(inline);
  // Lines of a block scalar begin below its key.
  if (text !== undefined && inline !== undefined) checkDockerfile(sheet, text, inline.line + 1);
  for (const [, { value, line }] of entriesOf(member(build, "additional_contexts"))) {
    const image = /^docker-image:\/\/(.*)$/s.exec(textOf(value) ?? "")?.[1];
    if (image !== undefined) judgeText(sheet, { kind: "scalar", text: image, line });
  }
}

function listOf(node: YamlNode | undefined): readonly YamlNode[] {
  return node?.kind === "list" ? node.items : [];
}
