import { existsSync } from "node:fs";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { isRecord, messageOf, MlsignError, printable } from "@mlsign/core";
import { readBounded } from "@mlsign/files";
import type { Command, Option } from "commander";
import type { Host } from "../host.ts";

/**
 * Fills a command's options from `--config`, else from the `mlsign.yaml` of the repository; flags
 * win. The discovered file lies in the tree that is worked on, which a pull request can change: it
 * serves signing and inspection, and only with data. Whom to trust, which program runs, which
 * variable holds a key and which service gets a token are taken from flags or `--config` alone.
 *
 * @throws MlsignError `config-invalid`
 */
export async function applySettings(command: Command, host: Host): Promise<void> {
  const given = command.getOptionValue("config") as string | undefined;
  const discovered =
    given === undefined && DISCOVERING.has(command.name()) ? discover(host.cwd) : undefined;
  const file = given === undefined ? discovered : resolve(host.cwd, given);
  if (file === undefined) return;
  const settings = await readSettings(file);
  for (const [key, value] of Object.entries(settings)) {
    const option = command.options.find(
      (known) => known.long === `--${key}` || known.long === `--no-${key}`,
    );
    if (option === undefined || key === "config" || key === "json") {
      // One file serves several commands: a key that only another one knows is passed over.
      if (DATA.has(key)) continue;
      throw invalid(file, `unknown key "${printable(key)}"`);
    }
    if (discovered !== undefined && !DATA.has(key)) {
      throw invalid(file, `"${key}" is for flags and --config only`, {
        hint: "a file that a pull request can change must not decide whom to trust or what to run",
      });
    }
    if (command.getOptionValueSource(option.attributeName()) === "cli") continue;
    const set = typed(file, key, value, option);
    if (discovered !== undefined && PATHS.has(key)) stayBelow(file, key, set);
    const name = option.attributeName();
    command.setOptionValueWithSource(name, placed(key, set, dirname(file), host.cwd), "config");
  }
  // What was found is told like what was given.
  if (discovered !== undefined) command.setOptionValueWithSource("config", discovered, "config");
}

/** What a pull request can change must not have files of the runner read, and told in a claim. */
function stayBelow(file: string, key: string, value: unknown): void {
  for (const path of Array.isArray(value) ? (value as unknown[]) : [value]) {
    const away = relative(dirname(file), resolve(dirname(file), String(path)));
    if (isAbsolute(away) || away.split(sep)[0] === "..")
      throw invalid(file, `"${key}" names a file outside the repository`);
  }
}

/** A path of the settings file as a path from the working directory. */
function placed(key: string, value: unknown, folder: string, cwd: string): unknown {
  if (!PATHS.has(key) || folder === cwd) return value;
  if (Array.isArray(value)) return value.map((item) => placed(key, item, folder, cwd));
  if (typeof value !== "string" || value === "auto" || ELSEWHERE.test(value)) return value;
  const [, at = "", path = ""] = /^(@?)(.*)$/s.exec(value) ?? [];
  // An identity token is the token itself, unless it names a file.
  if (key === "identity-token" && at === "") return value;
  return `${at}${relative(cwd, resolve(folder, path)) || "."}`;
}

async function readSettings(file: string): Promise<Record<string, unknown>> {
  const data = readBounded(file, MOST_BYTES);
  if (data === undefined) throw invalid(file, "no such file");
  const { parseDocument } = await import("yaml");
  const document = parseDocument(data.toString("utf8"), {
    version: "1.2",
    uniqueKeys: true,
    strict: true,
  });
  const [fault] = document.errors;
  if (fault !== undefined) throw invalid(file, fault.message.split("\n")[0] ?? "malformed");
  let value: unknown;
  try {
    // An alias is never needed here, and a thousand of them are a bomb.
    value = document.toJS({ maxAliasCount: 0 });
  } catch (cause) {
    throw invalid(file, messageOf(cause));
  }
  if (value === null) return {};
  if (!isRecord(value)) throw invalid(file, "not a mapping");
  return value;
}

/** A value of the option's own type; lists are for options that may be repeated. */
function typed(file: string, key: string, value: unknown, option: Option): unknown {
  if (LISTS.has(key)) {
    const items: unknown[] = Array.isArray(value) ? value : [value];
    if (items.every((item) => typeof item === "string")) return items;
    throw invalid(file, `"${key}" is not a list of texts`);
  }
  const flag = !option.required && !option.optional;
  if (flag) {
    if (typeof value === "boolean") return value;
    throw invalid(file, `"${key}" is not true or false`);
  }
  if (typeof value !== "string" && typeof value !== "number")
    throw invalid(file, `"${key}" is not a text`);
  try {
    return option.parseArg ? (option.parseArg(String(value), undefined) as unknown) : String(value);
  } catch (cause) {
    throw invalid(file, messageOf(cause));
  }
}

/** `mlsign.yaml` here, or at the root of the repository that this folder is in. */
function discover(cwd: string): string | undefined {
  for (let folder = cwd; ; folder = dirname(folder)) {
    const file = join(folder, NAME);
    const root = existsSync(join(folder, ".git"));
    if ((root || folder === cwd) && existsSync(file)) return file;
    if (root || folder === dirname(folder)) return undefined;
  }
}

function invalid(file: string, why: string, options: { hint?: string } = {}): MlsignError {
  return new MlsignError("config-invalid", `Cannot use ${printable(file)}: ${why}`, options);
}

const NAME = "mlsign.yaml";
const MOST_BYTES = 1024 * 1024;
const DISCOVERING = new Set(["sign", "digest", "inspect", "create", "record"]);
/** What a discovered file may say. */
const DATA = new Set([
  "signature",
  "ignore-path",
  "hash",
  "shard-size",
  "allow-symlinks",
  "archive",
  "card",
  "card-policy",
  "sbom",
  "deps",
  "lineage",
  "data",
  "container",
  "base-model",
  "name",
  "model-version",
]);
const LISTS = new Set([
  "ignore-path",
  "certificate-chain",
  "deps",
  "data",
  "base-model",
  "rule",
  "claims",
  "lock",
  "allow-unpinned",
]);
/** Options that name files: a settings file means them from where it lies. */
const PATHS = new Set([
  "signature",
  "card",
  "card-policy",
  "sbom",
  "deps",
  "data",
  "key",
  "certificate",
  "certificate-chain",
  "identity-token",
  "trust-config",
  "signing-config",
  "trusted-root",
  "allowed-signers",
  "gpg-keys",
  "policy",
  "predicate",
  "lock",
  "claims",
  "waivers",
  "wheelhouse",
  "site-packages",
  "audit-log",
  "into",
  "output",
]);
/** Keys that are no files. */
const ELSEWHERE = /^(?:env|exec|pkcs11):/;
