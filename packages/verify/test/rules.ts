import { parseBundle } from "@mlsign/bundle";
import { type Finding, MlsignError } from "@mlsign/core";
import { type BundleOptions, type Trust, verifyArtifact, verifyBundle } from "@mlsign/verify";
import { parseCertificate } from "@mlsign/x509";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import test from "ava";
import {
  type BundleJson,
  type BundleOptions as Signing,
  type Content,
  generateKeys,
  Instance,
  type Keys,
  sha,
  signBundle,
  type TrustedRootJson,
} from "mlsign-test-sigstore";

export const NOW: Date = new Date("2026-03-04T05:06:07Z");
export const instance: Instance = new Instance({ clock: () => NOW });
export const ALICE = "alice@example.com";
export const ISSUER: string = instance.urls.oidc;
export const ARTIFACT: Buffer = Buffer.from("weights\n");
/** A statement about the artifact, as SLSA provenance has it. */
export const STATEMENT: Buffer = statement({});

export type Method = "keyless" | "key" | "certificate";

export type Edit = (bundle: BundleJson) => void;

/** How a bundle is made and verified; what is left out is as it must be. */
export interface Side {
  readonly method?: Method;
  readonly content?: Content;
  readonly signing?: Signing;
  /** The chain that a bundle of a private authority brings (method `certificate`). */
  readonly chain?: readonly Buffer[];
  /** Changes the bundle's JSON. */
  readonly edit?: Edit;
  /** Changes the trusted root's JSON. */
  readonly root?: (root: TrustedRootJson) => void;
  readonly trust?: (trust: Trust) => Trust;
  readonly options?: Partial<BundleOptions>;
}

/** One rule of sigstore.md part 5: the same signature, right, and wrong in one point. */
export interface Rule {
  readonly methods?: readonly Method[];
  readonly contents?: readonly Content[];
  readonly right?: Side;
  readonly wrong: Side;
  /** The codes that refuse, each once, in alphabetical order. */
  readonly codes: readonly string[];
}

export const PAYLOAD: Content = { payload: STATEMENT };
export const MESSAGE: Content = { artifact: ARTIFACT };
export const METHODS: readonly Method[] = ["keyless", "key", "certificate"];

/** Declares a test of each rule for each method and content: accepts the right, refuses the wrong. */
export function refuses(rules: Readonly<Record<string, Rule>>): void {
  for (const [name, rule] of Object.entries(rules)) {
    for (const content of rule.contents ?? [PAYLOAD, MESSAGE]) {
      const subject = "artifact" in content ? "verifyArtifact" : "verifyBundle";
      for (const method of rule.methods ?? METHODS) {
        test(`\`${subject}()\` refuses ${name} (${method})`, async (t) => {
          const right = { method, content, ...rule.right };
          t.deepEqual(await codesOf(right), [], "the right one is accepted");
          t.deepEqual(await codesOf({ ...right, ...rule.wrong }), rule.codes);
        });
      }
    }
  }
}

/** Declares a test of each case: it is accepted. */
export function accepts(cases: Readonly<Record<string, Side & Pick<Rule, "methods">>>): void {
  for (const [name, side] of Object.entries(cases)) {
    for (const method of side.methods ?? METHODS) {
      test(`\`verifyBundle()\` accepts ${name} (${method})`, async (t) => {
        t.deepEqual(await codesOf({ method, ...side }), []);
      });
    }
  }
}

/** What refuses a bundle: codes of findings, or of the error that its reader throws. */
export async function codesOf(side: Side): Promise<string[]> {
  const refusing = (await findingsOf(side))
    .filter(({ outcome, severity }) => outcome === "fail" && severity === "error")
    .map(({ code }) => code);
  return [...new Set(refusing)].toSorted();
}

export async function findingsOf(side: Side): Promise<readonly (Finding | Refusal)[]> {
  const { content = PAYLOAD } = side;
  const { json, trust } = make(side);
  const options = { now: NOW, use: "claim" as const, ...side.options };
  try {
    const bundle = parseBundle(Buffer.from(JSON.stringify(json)));
    if (!("artifact" in content)) return (await verifyBundle(bundle, trust, options)).findings;
    const digest = async (algorithm: "sha256" | "sha384" | "sha512"): Promise<Buffer> =>
      sha(ARTIFACT, algorithm);
    return (await verifyArtifact(bundle, trust, { ...options, statements: [], digest })).findings;
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    return [{ code: error.code, outcome: "fail", severity: "error" }];
  }
}

interface Refusal {
  readonly code: string;
  readonly outcome: "fail";
  readonly severity: "error";
}

/** The bundle, and the trust that fits it. */
export function make(side: Side): { json: BundleJson; trust: Trust; keys: Keys } {
  const { method = "keyless", content = PAYLOAD } = side;
  const keys = side.signing?.keys ?? generateKeys();
  const { chain = [instance.authority.intermediate.der] } = side;
  const material = { keyless: {}, key: { material: "key" as const }, certificate: { chain } };
  const json = signBundle(instance, content, { ...material[method], ...side.signing, keys });
  side.edit?.(json);
  const root = structuredClone(instance.trustedRoot);
  side.root?.(root);
  const trust = trustOf(method, keys, TrustedRoot.fromJSON(root));
  return { json, trust: side.trust?.(trust) ?? trust, keys };
}

export function trustOf(method: Method, keys: Keys, trustedRoot: TrustedRoot): Trust {
  const identity = { identity: { exact: ALICE }, issuer: ISSUER };
  if (method === "keyless") return { method, trustedRoot, identity };
  if (method === "key") return { method, key: keys.publicKey, trustedRoot };
  const anchors = [parseCertificate(instance.authority.root.der)];
  return { method, anchors, identity, trustedRoot };
}

export function statement(more: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(
    JSON.stringify({
      _type: "https://in-toto.io/Statement/v1",
      subject: [{ name: "w", digest: { sha256: sha(ARTIFACT).toString("hex") } }],
      predicateType: "https://slsa.dev/provenance/v1",
      predicate: {},
      ...more,
    }),
  );
}

export function minutes(count: number, from: Date = NOW): Date {
  return new Date(from.getTime() + count * 60_000);
}
