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
    if (OPENVINO.test(source.read(0, 512).toString("latin1"))) examination.format("openvino-ir");
    if (/\.(?:jinja2?|j2)$/i.test(name)) readTemplate(source, examination);
    scanLines(source, /\.ya?ml$/i.test(name), examination);
  },
};

function readTemplate(source: ByteSource, examination: Examination): void {
  const text = textOf(source, MAX_TEMPLATE);
  if (text !== undefined) return judgeTemplate(text, "template", examination);
  const message = "is a template that is longer than is read, or no UTF-8";
  examination.report({ verdict: "unscannable", rule: "limit", message });
}

/** What a line of YAML can do: name a class to make, or a function to call. */
function scanLines(source: ByteSource, yaml: boolean, examination: Examination): void {
  const told = new Set<string>();
  let rest = "";
  const judge = (line: string): void => {
    let found = false;
    for (const [, target = ""] of line.matchAll(TARGET)) {
      found = true;
      if (told.size >= MAX_TOLD || told.has(target)) continue;
      told.add(target);
      judgeTarget(target, examination);
    }
    // Written in a way that is not read here, it may still be one to YAML's reader.
    if (yaml && !found && HIDDEN.test(line) && !told.has("hidden")) {
      told.add("hidden");
      const message = "has a _target_ whose name is not seen";
      examination.report({ verdict: "unscannable", rule: "hydra-target", message });
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

/** A network of OpenVINO, whose numbers stand in a file beside it. */
const OPENVINO = /^(?:<\?xml[^>]{0,200}>\s*)?<net\s[^>]*\bversion=/;
const TARGET = /(?:^|[\s{,[-])["']?_target_["']?\s*:\s+["']?([A-Za-z_][\w.]*)/g;
const HIDDEN = /^[^#]*(?:_target_|\\(?:x5f|u005f|U0000005f)|\btarget_)/i;
const INTERESTING =
  /target_|\\(?:x5f|u005f|U0000005f)|python\/|saved_model_schema_version|^node \{|^meta_graphs \{/;
const MAX_LINE = 4096;
const MAX_TOLD = 100;
const MAX_TEMPLATE = 1024 * 1024;
