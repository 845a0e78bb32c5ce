import { decodeUtf8, MlsignError } from "@mlsign/core";
import type { CheckContext, CheckedFile, FileKind } from "./entry.ts";
import { checkAction, checkWorkflow } from "./github/workflow.ts";
import { kindOfContent, kindOfName, TEMPLATE } from "./kind.ts";
import { checkPackageLock } from "./npm/package-lock.ts";
import { checkPnpmLock } from "./npm/pnpm.ts";
import { checkYarnLock } from "./npm/yarn.ts";
import { checkCompose } from "./oci/compose.ts";
import { checkDockerfile } from "./oci/dockerfile.ts";
import { checkKubernetes } from "./oci/kubernetes.ts";
import { checkKustomization } from "./oci/kustomization.ts";
import { checkRequirements } from "./pip/requirements.ts";
import { checkCondaExplicit, checkCondaLock } from "./python/conda.ts";
import { checkPipfileLock } from "./python/pipfile.ts";
import { checkPdmLock, checkPoetryLock } from "./python/poetry.ts";
import { checkPylock } from "./python/pylock.ts";
import { TomlProblem } from "./python/toml.ts";
import { checkUvLock } from "./python/uv.ts";
import { Sheet } from "./sheet.ts";
import { loadYaml } from "./yaml/load.ts";
import { YamlProblem, type YamlNode } from "./yaml/node.ts";

/**
 * Judges one dependency file. Pure but for `context.read`, which gives the files that it includes.
 * A file that is malformed is a finding `dependency-file`, not an error.
 *
 * @throws MlsignError `usage` where neither name nor content tells the kind of file.
 */
export function checkFile(
  path: string,
  bytes: Uint8Array,
  context: CheckContext = {},
  kind: FileKind | undefined = recognise(path, bytes),
): CheckedFile {
  if (kind === undefined) {
    throw new MlsignError("usage", `Cannot judge "${path}": not a dependency file that is known`);
  }
  const sheet = new Sheet(path, context.policy);
  if (bytes.length > MAX_BYTES) {
    sheet.problem("dependency-file", `${bytes.length} bytes, more than the ${MAX_BYTES} allowed`);
  } else {
    judge(sheet, { kind, bytes, context });
  }
  sheet.close();
  const { entries, findings } = sheet;
  return { path, kind, entries, findings };
}

/** What kind of dependency file this is, by its name or else by its content. */
export function recognise(path: string, bytes: Uint8Array): FileKind | undefined {
  const named = kindOfName(path);
  if (named !== "yaml" && named !== "text") return named;
  if (bytes.length > MAX_BYTES) return undefined;
  return kindOfContent(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
}

interface File {
  readonly kind: FileKind;
  readonly bytes: Uint8Array;
  readonly context: CheckContext;
}

function judge(sheet: Sheet, file: File): void {
  try {
    // pip decodes for itself, and by other rules.
    if (file.kind === "requirements") checkRequirements(sheet, file.bytes, file.context);
    else judgeText(sheet, file.kind, decodeUtf8(file.bytes).replace(/^\ufeff/, ""));
  } catch (error) {
    if (error instanceof YamlProblem || error instanceof TomlProblem) {
      sheet.problem("dependency-file", `malformed: ${error.message}`, { line: error.line });
    } else if (error instanceof MlsignError && error.code === "json-invalid") {
      sheet.problem("dependency-file", `malformed: ${error.message}`);
    } else throw error;
  }
}

function judgeText(sheet: Sheet, kind: Exclude<FileKind, "requirements">, text: string): void {
  switch (kind) {
    case "pylock":
      return checkPylock(sheet, text);
    case "uv-lock":
      return checkUvLock(sheet, text);
    case "poetry-lock":
      return checkPoetryLock(sheet, text);
    case "pdm-lock":
      return checkPdmLock(sheet, text);
    case "pipfile-lock":
      return checkPipfileLock(sheet, text);
    case "conda-lock":
      return checkCondaLock(sheet, text);
    case "conda-explicit":
      return checkCondaExplicit(sheet, text);
    case "package-lock":
      return checkPackageLock(sheet, text);
    case "pnpm-lock":
      return checkPnpmLock(sheet, text);
    case "yarn-lock":
      return checkYarnLock(sheet, text);
    case "dockerfile":
      return checkDockerfile(sheet, text);
    case "github-workflow":
      return checkWorkflow(sheet, loadYaml(text));
    case "github-action":
      return checkAction(sheet, loadYaml(text));
    case "compose":
      return checkRendered(sheet, text, checkCompose);
    case "kustomization":
      return checkRendered(sheet, text, checkKustomization);
    case "kubernetes":
      return checkRendered(sheet, text, checkKubernetes);
    case "yaml-template":
      return tellTemplate(sheet);
  }
}

/** YAML that a template may have made; the template itself cannot be judged. */
function checkRendered(
  sheet: Sheet,
  text: string,
  check: (sheet: Sheet, documents: readonly YamlNode[]) => void,
): void {
  const documents = load(text);
  if (documents === undefined) tellTemplate(sheet);
  else check(sheet, documents);
}

function load(text: string): YamlNode[] | undefined {
  try {
    return loadYaml(text);
  } catch (error) {
    if (error instanceof YamlProblem && TEMPLATE.test(text)) return undefined;
    throw error;
  }
}

function tellTemplate(sheet: Sheet): void {
  sheet.undecided("is a template, whose result is not known", {
    fix: "render it (helm template), and judge the result",
    subject: sheet.path,
  });
}

const MAX_BYTES = 64 * 1024 * 1024;
