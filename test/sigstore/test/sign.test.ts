import test from "ava";
import { GITHUB_ISSUER, githubClaims, signBundle, startSigstore } from "../src/index.ts";
import { PAYLOAD, signKeyless, verify } from "./helpers.ts";

test("`startSigstore()` issues, logs and stamps what a verifier accepts", async (t) => {
  const sigstore = await startSigstore();
  t.teardown(() => sigstore.close());
  const bundle = await signKeyless(sigstore);
  const { identity } = verify(sigstore.trustedRoot, bundle, { timestamps: 2 });
  t.is(identity?.subjectAlternativeName, "alice@example.com");
  t.is(identity?.extensions?.issuer, sigstore.urls.oidc);
  t.deepEqual(
    sigstore.requests.map(({ service, method, path }) => `${service} ${method} ${path}`).toSorted(),
    [
      "fulcio POST /api/v2/signingCert",
      "rekor1 POST /api/v1/log/entries",
      "tsa POST /api/v1/timestamp",
    ],
  );
  t.is(sigstore.entries.length, 1);
});

test("`startSigstore()` writes a GitHub job's claims into the certificate", async (t) => {
  const sigstore = await startSigstore({ tokens: "RS256" });
  t.teardown(() => sigstore.close());
  const bundle = await signKeyless(sigstore, { issuer: GITHUB_ISSUER, claims: githubClaims() });
  const { identity } = verify(sigstore.trustedRoot, bundle);
  t.is(
    identity?.subjectAlternativeName,
    "https://github.com/acme/models/.github/workflows/train.yml@refs/heads/main",
  );
  t.is(identity?.extensions?.issuer, GITHUB_ISSUER);
  const ids = (identity?.oids ?? []).map(({ oid }) => oid?.id.join("."));
  for (const arc of [1, 2, 3, 4, 5, 6, 8, ...Array.from({ length: 14 }, (_, n) => n + 9)]) {
    t.true(ids.includes(`1.3.6.1.4.1.57264.1.${arc}`), `extension .${arc}`);
  }
});

for (const log of [1, 2] as const) {
  test(`\`signBundle()\` with Rekor v${log} makes what a verifier accepts`, async (t) => {
    const sigstore = await startSigstore();
    t.teardown(() => sigstore.close());
    const bundle = signBundle(sigstore.instance, { payload: PAYLOAD }, { logs: [{ log }] });
    t.is(
      verify(sigstore.trustedRoot, bundle).identity?.subjectAlternativeName,
      "alice@example.com",
    );
    t.true((bundle.verificationMaterial.tlogEntries[0]?.inclusionProof?.hashes.length ?? 0) >= 3);
  });
}

test("`startSigstore()` works at the time that its clock gives", async (t) => {
  const past = new Date("2024-02-03T04:05:06Z");
  const sigstore = await startSigstore({ clock: () => past });
  t.teardown(() => sigstore.close());
  const bundle = await signKeyless(sigstore);
  t.notThrows(() => verify(sigstore.trustedRoot, bundle, { timestamps: 2 }));
  t.is(sigstore.entries[0]?.at, past);
});
