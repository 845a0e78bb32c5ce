import { judgeImage } from "../oci/image.ts";
import { purl } from "../purl.ts";
import type { Facts, Sheet } from "../sheet.ts";
import { entriesOf, itemsOf, member, textAt, textOf, type YamlNode } from "../yaml/node.ts";

/** A workflow: actions of steps, reusable workflows, and the images of containers and services. */
export function checkWorkflow(sheet: Sheet, documents: readonly YamlNode[]): void {
  const [document] = documents;
  for (const [, { value: job }] of entriesOf(member(document, "jobs"))) {
    judgeUses(sheet, member(job, "uses"));
    const container = member(job, "container");
    judgeText(sheet, container?.kind === "map" ? member(container, "image") : container);
    for (const [, { value: service }] of entriesOf(member(job, "services"))) {
      judgeText(sheet, member(service, "image"));
    }
    judgeSteps(sheet, job);
  }
}

/** An `action.yml`: the steps of a composite action, or the image of a container action. */
export function checkAction(sheet: Sheet, documents: readonly YamlNode[]): void {
  const runs = member(documents[0], "runs");
  judgeSteps(sheet, runs);
  const image = textAt(runs, "image");
  // Without the scheme it is a Dockerfile beside the action.
  if (image?.startsWith("docker://") === true) judgeUses(sheet, member(runs, "image"));
}

function judgeSteps(sheet: Sheet, owner: YamlNode | undefined): void {
  for (const step of itemsOf(member(owner, "steps"))) judgeUses(sheet, member(step, "uses"));
}

function judgeUses(sheet: Sheet, node: YamlNode | undefined): void {
  const text = textOf(node);
  // A local action is part of the commit that runs.
  if (text === undefined || node === undefined || /^\.\.?\//.test(text)) return;
  if (text.startsWith("docker://")) {
    judgeText(sheet, { ...node, kind: "scalar", text: text.slice("docker://".length) });
    return;
  }
  judgeAction(sheet, text, node.line);
}

function judgeAction(sheet: Sheet, text: string, line: number): void {
  const match = /^([\w.-]+\/[\w.-]+)((?:\/[\w.-]+)*)@(.+)$/s.exec(text);
  if (text.includes("${{")) {
    sheet.unknown({ ecosystem: "github", name: text, line }, "is an expression");
    return;
  }
  if (match === null) {
    const reason = "is not an action: wanted owner/repository@commit";
    sheet.unpinned({ ecosystem: "github", name: text, line }, "action-pinned", reason);
    return;
  }
  const [, repository, path, ref] = match as unknown as [string, string, string, string];
  const facts: Facts = {
    ecosystem: "github",
    name: repository + path,
    version: ref,
    line,
    purl: purl("github", repository.toLowerCase(), ref),
  };
  if (/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(ref)) sheet.commit(facts, "is pinned to a commit");
  else {
    const fix = "write the full commit in lower case, and the tag as a comment behind it";
    sheet.unpinned(facts, "action-pinned", "names a branch or tag, which can move", fix);
  }
}

function judgeText(sheet: Sheet, node: YamlNode | undefined): void {
  const text = textOf(node);
  if (text === undefined || node === undefined) return;
  if (text.includes("${{")) {
    sheet.unknown({ ecosystem: "oci", name: text, line: node.line }, "is an expression");
  } else judgeImage(sheet, text, node.line);
}
