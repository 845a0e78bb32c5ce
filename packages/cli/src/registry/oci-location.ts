import { parseBundle, readStatement } from "@mlsign/bundle";
import { isRecord, MlsignError, printable } from "@mlsign/core";
import { parseReference, type Reference, type Repository } from "@mlsign/oci";
import {
  type Attached,
  attachedBundles,
  findModel,
  isSignature,
  type StoredModel,
  storedSource,
} from "@mlsign/registry";
import type { Host } from "../host.ts";
import type { ElsewhereFlags } from "../model/is-elsewhere.ts";
import type { ModelLocation } from "../model/model-location.ts";
import { readFile } from "../options/trust-options.ts";
import { say } from "../terminal/output.ts";
import type { Locations } from "./elsewhere.ts";
import { repositoryOf } from "./oci-login.ts";

/** A model in a registry with all that refers to it. Nothing of it is verified. */
export interface FoundModel {
  readonly repository: Repository;
  readonly model: StoredModel;
  readonly attached: Attached;
}

/**
 * A model in a registry, once with each signature that is attached to it.
 *
 * @throws MlsignError `reference-invalid`, and as the registry
 */
export async function storedLocations(
  reference: string,
  flags: ElsewhereFlags,
  host: Host,
): Promise<Locations> {
  const found = await findStored(reference, host);
  const how = flags.into === undefined ? "digests" : "bytes";
  if (flags.signature !== undefined)
    return [locationOf(found, readFile(flags.signature, host, MOST_BYTES), how, flags.signature)];
  return signedLocations(found, how);
}

/** @param how whether bytes are read where digests would do */
export function signedLocations(found: FoundModel, how: "bytes" | "digests"): Locations {
  const signatures = found.attached.bundles.filter(isSignature);
  const [first, ...rest] = signatures.map((it) => locationOf(found, Buffer.from(it.text), how));
  return [first ?? locationOf(found, undefined, how), ...rest];
}

/** @throws MlsignError `reference-invalid` for a tag, `model-missing`, and as the registry */
export async function findStored(text: string, host: Host): Promise<FoundModel> {
  const reference = parseReference(text);
  const repository = repositoryOf(reference, host);
  if (reference.digest === undefined) await refuseTag(repository, reference);
  const model = await findModel(repository, reference);
  const attached = await attachedBundles(repository, model.digest);
  for (const why of attached.passedOver) say(host, `passed over ${printable(why)}`);
  return { repository, model, attached };
}

/** Says what a tag is now: whether that is what is meant, only the caller can tell. */
async function refuseTag(repository: Repository, { tag = "latest" }: Reference): Promise<never> {
  const place = `${repository.registry}/${repository.name}`;
  const now = await repository.manifest(tag).catch((error: unknown) => {
    if (error instanceof MlsignError) return undefined;
    throw error;
  });
  throw new MlsignError(
    "reference-invalid",
    `Cannot use ${printable(place)}:${tag}: a tag can move`,
    {
      hint:
        now === undefined
          ? `name it by its digest: ${place}@sha256:…, as mlsign push printed it`
          : `it is ${place}@${now.digest} now; if that is what is meant, name it so`,
    },
  );
}

function locationOf(
  { repository, model }: FoundModel,
  data: Buffer | undefined,
  how: "bytes" | "digests",
  named?: string,
): ModelLocation {
  const single = data !== undefined && model.files.length === 1 && namesOneFile(data);
  const digests = storedSource(repository, model, { single, how: "digests" });
  return {
    path: model.where,
    directory: !single,
    signaturePath: named ?? `signature that refers to ${model.where}`,
    ownNames: single ? [] : OWN_NAMES,
    elsewhere: {
      digests,
      source: how === "digests" ? digests : storedSource(repository, model, { single, how }),
      signature: { data },
    },
  };
}

/** A model of one file is `.` in its signature, whatever it is called. */
export function namesOneFile(data: Buffer): boolean {
  try {
    const { content } = parseBundle(data);
    if (content.kind !== "dsse") return false;
    const { predicate, subject } = readStatement(content.payload);
    const resources = isRecord(predicate) ? predicate.resources : undefined;
    const names = Array.isArray(resources) ? resources : subject;
    return names.every((it) => isRecord(it) && /^\.(?::\d+:\d+)?$/.test(String(it.name as string)));
  } catch (error) {
    if (error instanceof MlsignError) return false;
    throw error;
  }
}

const OWN_NAMES = ["model.sig", "claims.jsonl"].flatMap((name) => [name, `${name}.tmp`]);
const MOST_BYTES = 64 * 1024 * 1024;
