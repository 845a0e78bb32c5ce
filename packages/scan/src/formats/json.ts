import type { Examination, Format } from "../examine.ts";
import type { ByteSource } from "../source.ts";
import { judgeTemplate } from "./chat-template.ts";
import { judgeTarget } from "./hydra-target.ts";
import { type JsonFrame, type JsonText, walkJson } from "./json-walk.ts";
import { isMarshalled, judgeKerasObject } from "./keras-config.ts";
import { isText } from "./text.ts";

/** JSON documents, also several in one file: configurations that name code, and templates that are code. */
export const JSON_TEXT: Format = {
  name: "json",
  recognises(source) {
    const head = source.read(0, 64).toString("latin1");
    return /^(?:\xef\xbb\xbf)?\s*[[{]/.test(head) && isText(source);
  },
  async scan(source, examination) {
    scanJson(source, 0, examination);
  },
};

/**
 * Judges the JSON documents from a place on, and returns how many bytes they take. `walked` gets
 * what was read, also where it came to no document.
 */
export function scanJson(
  source: ByteSource,
  start: number,
  examination: Examination,
  walked?: (bytes: number) => void,
): number {
  let at = start;
  if (start === 0 && source.read(0, 3).toString("latin1") === "\xef\xbb\xbf") at = 3;
  let end = start;
  while (at < source.size) {
    const judge = new Judge(examination);
    const walk = walkJson(source, at, judge);
    walked?.(walk.end - at);
    if (walk.limit) {
      const message = "holds JSON that goes deeper than is followed";
      examination.report({ verdict: "unscannable", rule: "limit", message });
    }
    if (!walk.whole && !walk.limit && judge.configures) {
      const message = "holds a configuration that is no JSON to its end";
      examination.report({ verdict: "unscannable", rule: "json-broken", message });
    }
    if (!walk.whole) break;
    end = walk.end;
    at = skipSpace(source, end);
  }
  if (end > start) examination.format("json");
  return end - start;
}

class Judge {
  readonly keys: ReadonlySet<string> = KEYS;
  /** Whether it met a class that is to be made. */
  configures = false;
  readonly #examination: Examination;
  /** The texts of one kind that were told, so that each is told once. */
  readonly #told = new Set<string>();

  constructor(examination: Examination) {
    this.#examination = examination;
  }

  text({ value, key, parent, cut }: JsonText): void {
    if (key === "class_name") this.configures = true;
    if (isMarshalled(value) && !this.#told.has("marshal")) {
      this.#told.add("marshal");
      this.#examination.report({
        verdict: "dangerous",
        rule: "keras-code",
        message: "holds compiled Python, which runs when the model is loaded",
      });
    }
    // One template, or several with names.
    const named = parent === "chat_template" && key === "template";
    if (key === "chat_template" || named || (key === "template" && value.includes("{%"))) {
      if (!cut) judgeTemplate(value, "chat template", this.#examination);
      else {
        const message = "has a chat template that is longer than is read";
        this.#examination.report({ verdict: "unscannable", rule: "limit", message });
      }
    }
    if (key === "_target_") judgeTarget(value, this.#examination);
  }

  object(frame: JsonFrame): void {
    judgeKerasObject(frame, this.#examination);
    if ((frame.key === "auto_map" || frame.keys.has("auto_map")) && !this.#told.has("auto-map")) {
      this.#told.add("auto-map");
      this.#examination.report({
        verdict: "executable",
        rule: "auto-map",
        message: "names Python files that run where remote code is trusted (auto_map)",
      });
    }
  }
}

function skipSpace(source: ByteSource, from: number): number {
  for (let at = from; at < source.size; at += BLOCK) {
    const found = source.read(at, BLOCK).findIndex((byte) => !SPACE.has(byte));
    if (found >= 0) return at + found;
  }
  return source.size;
}

/** Those that say what an object is. */
const KEYS: ReadonlySet<string> = new Set([
  "auto_map",
  "class_name",
  "config",
  "module",
  "registered_name",
]);
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d]);
const BLOCK = 4096;
