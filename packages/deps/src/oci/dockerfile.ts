import { DockerfileParser, type Instruction } from "dockerfile-ast";
import type { Sheet } from "../sheet.ts";
import { judgeAdd } from "./add.ts";
import { judgeImage, judgeVariableImage } from "./image.ts";
import { expandVariables, hasVariable } from "./variables.ts";

/** A Dockerfile: the images of `FROM`, `COPY --from`, `RUN --mount` and `# syntax=`, and `ADD` of URLs. */
export function checkDockerfile(sheet: Sheet, text: string, firstLine = 1): void {
  const parsed = DockerfileParser.parse(text);
  const stages = new Stages();
  const file: File = {
    sheet,
    lines: text.split(/\r?\n/),
    defaults: new Map(),
    stages,
    escape: parsed.getEscapeCharacter(),
    firstLine,
  };
  for (const directive of parsed.getDirectives()) {
    const syntax = directive.getDirective() === "syntax" ? directive.getValue() : null;
    if (syntax) judgeImage(sheet, syntax, firstLine + (directive.getRange()?.start.line ?? 0));
  }
  for (const instruction of parsed.getInstructions()) judgeInstruction(file, instruction);
  if (stages.count === 0) sheet.problem("dependency-file", "there is no FROM");
}

interface File {
  readonly sheet: Sheet;
  readonly lines: readonly string[];
  /** Of ARGs before the first FROM: only these count in FROM. */
  readonly defaults: Map<string, string | undefined>;
  /** Of the stages so far. */
  readonly stages: Stages;
  readonly escape: string;
  readonly firstLine: number;
}

/** Build stages: by name in any case, or by number. */
class Stages {
  readonly #names = new Set<string>();
  count = 0;

  add(name: string | undefined): void {
    this.count += 1;
    if (name !== undefined) this.#names.add(name.toLowerCase());
  }

  has(name: string): boolean {
    return this.#names.has(name.toLowerCase());
  }
}

function judgeInstruction(file: File, instruction: Instruction): void {
  const line = file.firstLine + instruction.getRange().start.line;
  const keyword = instruction.getKeyword();
  const words = wordsOf(file, instruction);
  switch (keyword) {
    case "ARG":
      if (file.stages.count === 0) for (const word of words) takeDefault(file, word);
      break;
    case "FROM":
      judgeFrom(file, words, line);
      break;
    default:
      judgeWords(file, keyword, words, line);
  }
}

/** What an instruction, or the trigger of `ONBUILD`, takes from elsewhere. */
function judgeWords(file: File, keyword: string, words: readonly string[], line: number): void {
  const flags = words.slice(0, countFlags(words));
  switch (keyword) {
    case "ONBUILD":
      judgeWords(file, (words[0] ?? "").toUpperCase(), words.slice(1), line);
      break;
    case "COPY":
      for (const from of valuesOf(flags, "--from=")) judgeSource(file, from, line);
      break;
    case "RUN":
      for (const mount of valuesOf(flags, "--mount=")) judgeMount(file, mount, line);
      break;
    case "ADD":
      judgeAdd(file.sheet, flags, words.slice(flags.length), line);
      break;
  }
}

function judgeFrom(file: File, words: readonly string[], line: number): void {
  const [image, as, name] = words.slice(countFlags(words));
  const stage = as?.toLowerCase() === "as" ? name : undefined;
  if (image === undefined) file.sheet.problem("dependency-file", "FROM names no image", { line });
  else judgeBase(file, unquote(image), line);
  file.stages.add(stage);
}

function judgeBase(file: File, image: string, line: number): void {
  if (!hasVariable(image)) {
    if (image !== "scratch" && !file.stages.has(image)) {
      judgeImage(file.sheet, image, line);
    }
    return;
  }
  const resolved = expandVariables(image, (name) => file.defaults.get(name));
  judgeVariableImage(file.sheet, { text: image, resolved, what: "build argument" }, line);
}

/** `--from` takes a stage by name or number, or else an image; variables are not expanded there. */
function judgeSource(file: File, from: string, line: number): void {
  if (from === "" || from === "scratch" || file.stages.has(from)) return;
  if (/^\d+$/.test(from) && Number(from) < file.stages.count) return;
  if (hasVariable(from)) {
    judgeVariableImage(file.sheet, { text: from, resolved: undefined, what: "variable" }, line);
  } else judgeImage(file.sheet, from, line);
}

/** `type=bind,from=image,target=…`: a list like a CSV record, so that a part may be quoted. */
function judgeMount(file: File, mount: string, line: number): void {
  for (const part of mount.split(",")) {
    const from = /^"?from=([^"]*)"?$/i.exec(part)?.[1];
    if (from !== undefined) judgeSource(file, from, line);
  }
}

function takeDefault(file: File, word: string): void {
  const equals = word.indexOf("=");
  const name = equals < 0 ? word : word.slice(0, equals);
  const value = equals < 0 ? undefined : unquote(word.slice(equals + 1));
  const known =
    value === undefined ? undefined : expandVariables(value, (n) => file.defaults.get(n));
  file.defaults.set(name, known);
}

/**
 * Words behind an instruction's keyword, flags among them, with line continuations and the comment lines
 * between them taken out; a here-document's text is not part of it.
 */
function wordsOf({ lines, escape }: File, instruction: Instruction): string[] {
  const { start, end } = instruction.getRange();
  let text = "";
  for (const [index, line] of lines.slice(start.line, end.line + 1).entries()) {
    if (index > 0 && /^\s*(?:#|$)/.test(line)) continue;
    const trimmed = line.trimEnd();
    if (!trimmed.endsWith(escape)) {
      text += line;
      break;
    }
    text += trimmed.slice(0, -1);
  }
  return (text.match(/"[^"]*"|\S+/g) ?? []).slice(1);
}

function countFlags(words: readonly string[]): number {
  const first = words.findIndex((word) => !word.startsWith("--"));
  return first < 0 ? words.length : first;
}

function valuesOf(flags: readonly string[], prefix: string): string[] {
  return flags
    .filter((flag) => flag.startsWith(prefix))
    .map((flag) => unquote(flag.slice(prefix.length)));
}

function unquote(text: string): string {
  return /^(["']).*\1$/s.test(text) ? text.slice(1, -1) : text;
}
