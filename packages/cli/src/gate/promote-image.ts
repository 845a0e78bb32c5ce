import { MlsignError, printable } from "@mlsign/core";
import { attestClaim, type NewClaim } from "@mlsign/evidence";
import type { Manifest } from "@mlsign/manifest";
import { parseReference } from "@mlsign/oci";
import { attachBundles, findModel } from "@mlsign/registry";
import type { Host } from "../host.ts";
import type { ResolvedSigner } from "../options/signer-options.ts";
import { repositoryOf } from "../registry/oci-login.ts";
import { checkSignature } from "../sign/self-check.ts";

/** A model that is stored in a registry as the very files that were judged. */
export interface StoredImage {
  /** Signs a claim about the stored model, and attaches it there. */
  attest(claim: NewClaim, resolved: ResolvedSigner, host: Host): Promise<void>;
  readonly where: string;
}

/**
 * Finds a stored model, and whether it is the one at hand: each layer is a file, by name and digest.
 * What an admission controller knows is the digest of the stored model, which binds both.
 *
 * @throws MlsignError `reference-invalid`, `model-missing`, `image-differs`, as the registry
 */
export async function storedImage(
  named: string,
  manifest: Manifest,
  single: string | undefined,
  host: Host,
): Promise<StoredImage> {
  const reference = parseReference(named);
  const repository = repositoryOf(reference, host);
  const { digest, files, where } = await findModel(repository, reference);
  const stored = new Map(files.map((file) => [file.name, file.digest]));
  const differs = manifest.files.find(
    ({ path, digests }) =>
      stored.get(path === "." ? (single ?? path) : path) !== `sha256:${digests.sha256 ?? ""}`,
  );
  if (differs !== undefined || stored.size !== manifest.files.length) {
    const what =
      differs === undefined ? "it has more files" : `"${printable(differs.path)}" differs`;
    throw new MlsignError("image-differs", `Cannot promote ${where}: ${what}`, {
      hint: "push this model with mlsign push, and name the digest that it prints",
    });
  }
  const held = await repository.manifest(digest);
  if (held === undefined) throw new MlsignError("model-missing", `Cannot find ${where} again`);
  const subject = { name: where.slice(0, where.indexOf("@")), digest: { sha256: digest.slice(7) } };
  return {
    where,
    attest: async (claim, resolved, { clock }) => {
      const signature = await attestClaim(claim, { subject, ...resolved });
      await checkSignature(signature, resolved, clock());
      const { mediaType, body } = held;
      const target = { mediaType, digest, size: body.length };
      await attachBundles(repository, target, [signature.text], clock());
    },
  };
}
