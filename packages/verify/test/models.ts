import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseBundle } from "@mlsign/bundle";
import {
  localSource,
  manifestOf,
  omsPredicate,
  rootOf,
  type Serialization,
} from "@mlsign/manifest";
import { type ModelOptions, type ModelResult, verifyModel } from "@mlsign/verify";
import type { ExecutionContext } from "ava";
import { type BundleOptions as Signing, generateKeys, signBundle } from "mlsign-test-sigstore";
import { instance, NOW } from "./rules.ts";

export type Files = Readonly<Record<string, string | Uint8Array>>;

/** An OMS statement as JSON, open to any change. */
export interface Statement {
  _type: string;
  subject: { name: string; digest: Record<string, string> }[];
  predicateType: string;
  predicate: {
    resources: { name: string; algorithm: string; digest: string }[];
    serialization: Record<string, unknown>;
  };
}

/** A model that was signed, and what happened to it since. */
export interface Story {
  readonly files?: Files;
  /** The model's own name in its directory, where it is one file. */
  readonly model?: string;
  readonly serialization?: Partial<Serialization>;
  /** Changes the statement before it is signed. `reroot` follows with a fitting subject. */
  readonly statement?: (statement: Statement) => unknown;
  /** Changes the payload's text before it is signed. */
  readonly text?: (json: string) => string;
  readonly payloadType?: string;
  readonly signing?: Signing;
  /** Changes the model's directory after it was signed. */
  readonly since?: (directory: string) => unknown;
  readonly options?: Partial<ModelOptions>;
}

export const FILES: Files = { "config.json": "{}", "weights/model.bin": "W" };

/** Signs a model with a key, lets the story happen, and verifies the model. */
export async function verifyStory(t: ExecutionContext, story: Story): Promise<ModelResult> {
  const directory = write(temporary(t), story.files ?? FILES);
  const path = story.model === undefined ? directory : join(directory, story.model);
  const statement = await statementOf(path, story.serialization);
  story.statement?.(statement);
  const keys = generateKeys();
  const { text = (json: string): string => json } = story;
  const payload = Buffer.from(text(JSON.stringify(statement)));
  const json = signBundle(
    instance,
    { payload, ...(story.payloadType !== undefined && { payloadType: story.payloadType }) },
    { keys, material: "key", logs: [], timestamps: [], ...story.signing },
  );
  story.since?.(directory);
  const bundle = parseBundle(Buffer.from(JSON.stringify(json)));
  const trust = { method: "key", key: keys.publicKey } as const;
  return verifyModel(localSource(path), bundle, trust, { now: NOW, ...story.options });
}

/** Codes that refuse, each with its subject where it has one, in alphabetical order. */
export function refusals({ findings }: Pick<ModelResult, "findings">): string[] {
  return findings
    .filter(({ outcome, severity }) => outcome === "fail" && severity === "error")
    .map(({ code, subject }) => (subject === undefined ? code : `${code} ${subject}`))
    .toSorted();
}

/** Codes of what is said without refusing: warnings and notes. */
export function remarks({ findings }: Pick<ModelResult, "findings">): string[] {
  return findings
    .filter(({ outcome, severity }) => outcome === "fail" && severity !== "error")
    .map(({ code, severity, subject }) => [severity, code, subject].filter(Boolean).join(" "))
    .filter((text) => text !== "warning no-transparency")
    .toSorted();
}

export async function statementOf(
  path: string,
  serialization: Partial<Serialization> = {},
): Promise<Statement> {
  const source = localSource(path);
  const { ignorePaths = [], allowSymlinks = false } = serialization;
  const listing = await source.list({ ignorePaths, allowSymlinks });
  const manifest = await manifestOf(source, listing, {
    serialization: {
      method: "files",
      hashType: "sha256",
      allowSymlinks,
      ignorePaths,
      ...serialization,
    },
  });
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "model", digest: { sha256: manifest.root } }],
    predicateType: "https://model_signing/signature/v1.0",
    predicate: omsPredicate(manifest) as unknown as Statement["predicate"],
  };
}

/** Makes the subject the root of the resources again, so that nothing else is wrong. */
export function reroot(statement: Statement): void {
  const root = rootOf(statement.predicate.resources as never);
  statement.subject[0]!.digest = { sha256: root };
}

/** A directory of its own for one test, taken away after it. */
export function temporary(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), "mlsign-verify-"));
  t.teardown(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

export function write(root: string, files: Files): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}
