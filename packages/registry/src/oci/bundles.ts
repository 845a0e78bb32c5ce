import {
  type Bundle,
  MODEL_SIGNATURE,
  MODEL_SIGNATURE_LEGACY,
  parseBundle,
  readStatement,
} from "@mlsign/bundle";
import {
  canonicalJson,
  isRecord,
  type JsonValue,
  MlsignError,
  messageOf,
  parseJson,
} from "@mlsign/core";
import { digestOf, OCI_MANIFEST, readDescriptor, type Repository } from "@mlsign/oci";
import { BUNDLE, BUNDLE_CONTENT, BUNDLE_PREDICATE, CREATED, EMPTY_CONFIG } from "./media.ts";
import { dataContent } from "./push.ts";

/** A bundle that refers to a model in a registry. Nothing of it is verified. */
export interface AttachedBundle {
  /** Of the manifest that holds it. */
  readonly referrer: string;
  readonly text: string;
  readonly bundle: Bundle;
  /** Of its statement; `undefined` where it has none. */
  readonly predicateType: string | undefined;
}

/** What is attached, and what a stranger attached that is no bundle. */
export interface Attached {
  readonly bundles: readonly AttachedBundle[];
  /** Why each of the rest was passed over. */
  readonly passedOver: readonly string[];
}

/** The manifest of a stored model, which bundles refer to. */
export interface Subject {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Attaches bundles to a stored model as cosign does: each in a manifest of its own that refers to
 * the model's. What is attached already is not attached again.
 *
 * @returns how many were new
 * @throws MlsignError `service-failed`, `service-lied`, `limit-exceeded`
 */
export async function attachBundles(
  repository: Repository,
  subject: Subject,
  texts: readonly string[],
  now: Date,
): Promise<number> {
  if (texts.length === 0) return 0;
  const { bundles } = await attachedBundles(repository, subject.digest);
  const known = new Set(bundles.map(({ text }) => text));
  const fresh = [...new Set(texts.map((text) => text.trim()))].filter((text) => !known.has(text));
  const empty = Buffer.from("{}");
  if (fresh.length > 0) await repository.putBlob(dataContent(empty, digestOf(empty)));
  for (const text of fresh) {
    const data = Buffer.from(text);
    const layer = { mediaType: BUNDLE, digest: digestOf(data), size: data.length };
    await repository.putBlob(dataContent(data, layer.digest));
    const predicateType = predicateOf(parseBundle(data));
    const annotations = {
      [BUNDLE_CONTENT]: predicateType === undefined ? "message-signature" : "dsse-envelope",
      ...(predicateType !== undefined && { [BUNDLE_PREDICATE]: predicateType }),
      [CREATED]: now.toISOString().replace(/\.\d+Z$/, "Z"),
    };
    const manifest: JsonValue = {
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: BUNDLE,
      config: { mediaType: EMPTY_CONFIG, digest: digestOf(empty), size: empty.length },
      layers: [layer],
      subject: { ...subject },
      annotations,
    };
    const body = Buffer.from(canonicalJson(manifest));
    const descriptor = {
      mediaType: OCI_MANIFEST,
      digest: digestOf(body),
      size: body.length,
      artifactType: BUNDLE,
      annotations,
    };
    await repository.putReferrer(subject.digest, { descriptor, body });
  }
  return fresh.length;
}

/**
 * Every bundle that refers to a stored model, whoever attached it. What is no bundle hides no
 * other; annotations are not believed.
 *
 * @throws MlsignError `service-failed`, `service-lied`, `limit-exceeded` for more than a model has
 */
export async function attachedBundles(repository: Repository, digest: string): Promise<Attached> {
  const referrers = await repository.referrers(digest, BUNDLE);
  if (referrers.length > MOST_BUNDLES)
    throw new MlsignError(
      "limit-exceeded",
      `Cannot read the model's evidence: ${referrers.length} bundles, at most ${MOST_BUNDLES}`,
    );
  const bundles = new Map<string, AttachedBundle>();
  const passedOver: string[] = [];
  let bytes = 0;
  for (const { digest: referrer } of referrers) {
    try {
      const { layer, text } = await textOf(repository, referrer, digest);
      bytes += layer;
      if (bytes > MOST_BYTES)
        throw new MlsignError("service-failed", `more than ${MOST_BYTES} bytes of evidence`);
      const bundle = parseBundle(Buffer.from(text));
      if (!bundles.has(text))
        bundles.set(text, { referrer, text, bundle, predicateType: predicateOf(bundle) });
    } catch (error) {
      // A service that fails says nothing of what is there; a stranger's junk is just that.
      if (!(error instanceof MlsignError) || error.code === "service-failed") throw error;
      passedOver.push(`${referrer}: ${messageOf(error)}`);
    }
  }
  return { bundles: [...bundles.values()], passedOver };
}

/** Whether a bundle is a model's signature, rather than a claim about it. */
export function isSignature({ predicateType }: AttachedBundle): boolean {
  return predicateType === MODEL_SIGNATURE || predicateType === MODEL_SIGNATURE_LEGACY;
}

async function textOf(
  repository: Repository,
  referrer: string,
  subject: string,
): Promise<{ readonly layer: number; readonly text: string }> {
  const junk = (why: string): MlsignError => new MlsignError("bundle-malformed", why);
  const stored = await repository.manifest(referrer);
  if (stored === undefined) throw junk("it is not there");
  const manifest = parseJson(stored.body);
  const { layers, subject: refersTo } = isRecord(manifest) ? manifest : {};
  if (!isRecord(refersTo) || refersTo.digest !== subject) throw junk("it refers to another");
  const [layer, ...more] = Array.isArray(layers) ? layers.map(readDescriptor) : [];
  if (layer === undefined || more.length > 0) throw junk("it does not hold one bundle");
  if (layer.mediaType !== BUNDLE) throw junk("what it holds is no bundle");
  const data = await repository.readBlob(layer, MOST_BUNDLE_BYTES);
  // A claims file has a bundle a line.
  const text = data.toString("utf8").trim();
  if (!text.includes("\n")) return { layer: layer.size, text };
  return { layer: layer.size, text: JSON.stringify(parseJson(data)) };
}

function predicateOf({ content }: Bundle): string | undefined {
  if (content.kind !== "dsse") return undefined;
  try {
    return readStatement(content.payload).predicateType;
  } catch (error) {
    if (error instanceof MlsignError) return undefined;
    throw error;
  }
}

const MOST_BUNDLES = 1_000;
const MOST_BUNDLE_BYTES = 16 * 1024 * 1024;
const MOST_BYTES = 256 * 1024 * 1024;
