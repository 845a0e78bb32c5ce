import { type Bundle, bundleFromJSON, bundleToJSON } from "@sigstore/bundle";
import { TrustedRoot } from "@sigstore/protobuf-specs";
import { DSSEBundleBuilder, FulcioSigner, RekorWitness, TSAWitness } from "@sigstore/sign";
import { type Signer, toSignedEntity, toTrustMaterial, Verifier } from "@sigstore/verify";
import type { BundleJson, Sigstore, TokenOptions, TrustedRootJson } from "../src/index.ts";

export const PAYLOAD: Buffer = Buffer.from('{"_type":"https://in-toto.io/Statement/v1"}');
export const ALICE: TokenOptions = { email: "alice@example.com" };

/** Signs as sigstore-js does, over HTTP. */
export function signKeyless(
  sigstore: Sigstore,
  who: TokenOptions = ALICE,
  entryType: "dsse" | "intoto" = "dsse",
): Promise<Bundle> {
  const signer = new FulcioSigner({
    fulcioBaseURL: sigstore.urls.fulcio,
    identityProvider: { getToken: async () => sigstore.token(who) },
  });
  const witnesses = [
    new RekorWitness({ rekorBaseURL: sigstore.urls.rekor1, entryType }),
    new TSAWitness({ tsaBaseURL: sigstore.urls.tsa }),
  ];
  const builder = new DSSEBundleBuilder({ signer, witnesses });
  return builder.create({ data: PAYLOAD, type: "application/vnd.in-toto+json" });
}

/** Verifies as sigstore-js does. A bundle of a bare key is verified with no key known. */
export function verify(
  root: TrustedRootJson,
  bundle: Bundle | BundleJson,
  thresholds: { timestamps?: number; scts?: number; logs?: number } = {},
): Signer {
  const { timestamps = 1, scts = 1, logs = 1 } = thresholds;
  const options = { tlogThreshold: logs, ctlogThreshold: scts, timestampThreshold: timestamps };
  const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(root)), options);
  const json = "$case" in bundle || "content" in bundle ? bundleToJSON(bundle as Bundle) : bundle;
  return verifier.verify(toSignedEntity(bundleFromJSON(json)));
}

export function postJson(url: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return fetch(url, { method: "POST", headers, body: JSON.stringify(body), redirect: "manual" });
}
