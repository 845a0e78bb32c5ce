import { hexOf, sha256 } from "@mlsign/core";
import type { Examination } from "../examine.ts";

/**
 * A chat template is a Jinja program that runs at every request. Its digest is told, so that a
 * policy can pin it, and what is only there to get out of the sandbox is found.
 */
export function judgeTemplate(template: string, what: string, examination: Examination): void {
  examination.format("chat-template");
  for (const [pattern, verdict, message] of PATTERNS) {
    const found = pattern.exec(template);
    if (found === null) continue;
    const shown = JSON.stringify(found[0].slice(0, 60));
    examination.report({
      verdict,
      rule: "template-escape",
      message: `has a ${what} that ${message}: ${shown}`,
    });
  }
  examination.report({
    verdict: "safe-format",
    rule: "chat-template",
    message: `has a ${what} with SHA-256 ${hexOf(sha256(template))}`,
  });
}

const PATTERNS: readonly (readonly [RegExp, "dangerous" | "unscannable", string])[] = [
  [
    /__(?:class|mro|base|bases|subclasses|globals|builtins|import|init|getattribute|dict|code|call|self|module|reduce|reduce_ex|loader|spec)__/,
    "dangerous",
    "walks Python's own attributes",
  ],
  [/["']\s*__|\.\s*__[a-z]/i, "dangerous", "names a private attribute"],
  [/\\(?:x5f|u005f|U0000005f|137|N\{LOW LINE\})/i, "dangerous", "hides an underscore"],
  [
    /\|\s*(?:attr|map)\s*\(\s*(?:attribute\s*=\s*)?["']?_/,
    "dangerous",
    "asks for a private attribute",
  ],
  [/\|\s*attr\s*\(/, "dangerous", "asks for an attribute by its name"],
  [
    /\b(?:cycler|joiner|namespace|lipsum|self|request|config|url_for|get_flashed_messages)\s*(?:\.\s*_|\[)/,
    "dangerous",
    "walks from an object of Jinja's",
  ],
  [
    /\b(?:os\s*\.\s*(?:system|popen)|popen\s*\(|subprocess|eval\s*\(|exec\s*\()/,
    "dangerous",
    "runs a program",
  ],
  [
    /\b(?:func_globals|gi_frame|f_globals|cr_frame|f_builtins|tb_frame)\b/,
    "dangerous",
    "walks frames",
  ],
  [/\{%-?\+?\s*(?:include|import|from|extends)\b/, "unscannable", "takes in another template"],
];
