import { blocks } from "../decode.ts";
import type { Examination, Format } from "../examine.ts";
import type { ByteSource } from "../source.ts";
import { judgeTemplate } from "./chat-template.ts";
import { judgeTarget } from "./hydra-target.ts";
import { isText, textOf } from "./text.ts";

/** Texts: most are read by people alone, and some are configurations that name code. */
export const TEXT: Format = {
  name: "text",
  recognises: isText,
  async scan(source, examination) {
    const name = examination.within.at(-1) ?? examination.path;
    examination.format(/\.py[iw]?$/i.test(name) ? "python" : "text");
    if (/\.(?:jinja2?|j2)$/i.test(name)) readTemplate(source, examination);
    scanLines(source, examination);
  },
};

function readTemplate(source: ByteSource, examination: Examination): void {
  const text = textOf(source, MAX_TEMPLATE);
  if (text !== undefined) return judgeTemplate(text, "template", examination);
  const message = "is a template that is longer than is read, or no UTF-8";
  examination.report({ verdict: "unscannable", rule: "limit", message });
}

/** What a line of YAML can do: name a class to make, or a function to call. */
function scanLines(source: ByteSource, examination: Examination): void {
  const told = new Set<string>();
  let rest = "";
  const judge = (line: string): void => {
    const target = /^[\s-]*["']?_target_["']?\s*:\s*["']?([\w.]+)/.exec(line)?.[1];
    if (target !== undefined && told.size < MAX_TOLD && !told.has(target)) {
      told.add(target);
      judgeTarget(target, examination);
    }
    const tag =
      /^(?:---\s*|[\s-]*[\w"'. -]+:\s+|\s*(?:-\s+)*)(?:!!python\/|!<tag:yaml\.org,2002:python\/)(object|name|module)[\w/]*:?([\w.]*)/.exec(
        line,
      );
    if (tag !== null && told.size < MAX_TOLD && !told.has(tag[0])) {
      told.add(tag[0]);
      examination.report({
        verdict: "dangerous",
        rule: "yaml-tag",
        message: `has ${tag[2] || "Python"} run when its YAML is loaded`,
      });
    }
    if (
      /^(?:saved_model_schema_version:|node \{|meta_graphs \{)/.test(line) &&
      !told.has("pbtxt")
    ) {
      told.add("pbtxt");
      examination.report({
        verdict: "unscannable",
        rule: "not-read",
        message: "is a graph as text, which is not read",
      });
    }
  };
  for (const block of blocks(source)) {
    const lines = (rest + block.toString("latin1")).split(/[\r\n]/);
    rest = (lines.pop() ?? "").slice(0, MAX_LINE);
    for (const line of lines) if (INTERESTING.test(line)) judge(line.slice(0, MAX_LINE));
  }
  judge(rest);
}

const INTERESTING = /_target_|python\/|saved_model_schema_version|^node \{|^meta_graphs \{/;
const MAX_LINE = 4096;
const MAX_TOLD = 100;
const MAX_TEMPLATE = 1024 * 1024;
