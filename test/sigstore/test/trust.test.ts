import { ClientTrustConfig, SigningConfig, TrustedRoot } from "@sigstore/protobuf-specs";
import { bundleBuilderFromSigningConfig } from "@sigstore/sign";
import test from "ava";
import { startSigstore } from "../src/index.ts";
import { ALICE, PAYLOAD, signKeyless, verify } from "./helpers.ts";

const sigstore = await startSigstore();
test.after.always(() => sigstore.close());

test("the trusted root, signing config and client trust config are protobuf JSON", (t) => {
  const { trustedRoot } = sigstore;
  t.deepEqual(TrustedRoot.toJSON(TrustedRoot.fromJSON(trustedRoot)), trustedRoot);
  t.is(trustedRoot.mediaType, "application/vnd.dev.sigstore.trustedroot+json;version=0.1");
  const config = sigstore.signingConfig({ rekor: 2 });
  t.deepEqual(SigningConfig.toJSON(SigningConfig.fromJSON(config)), config);
  t.deepEqual(
    config.rekorTlogUrls.map(({ majorApiVersion }) => majorApiVersion),
    [2],
  );
  const both = sigstore.clientTrustConfig();
  t.deepEqual(ClientTrustConfig.toJSON(ClientTrustConfig.fromJSON(both)), both);
});

test("a signer works from the signing config alone", async (t) => {
  const signingConfig = SigningConfig.fromJSON(sigstore.signingConfig({ rekor: 1 }));
  const builder = bundleBuilderFromSigningConfig({
    signingConfig,
    identityProvider: { getToken: async () => sigstore.token(ALICE) },
    bundleType: "dsseEnvelope",
  });
  const bundle = await builder.create({ data: PAYLOAD, type: "application/vnd.in-toto+json" });
  t.notThrows(() => verify(sigstore.trustedRoot, bundle, { timestamps: 2 }));
});

test("Rekor v1 takes the older intoto entries", async (t) => {
  const bundle = await signKeyless(sigstore, ALICE, "intoto");
  t.is(bundle.verificationMaterial.tlogEntries[0]?.kindVersion?.kind, "intoto");
  t.notThrows(() => verify(sigstore.trustedRoot, bundle));
});
