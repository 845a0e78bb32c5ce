import { fulcioSigner, parseIdentityToken, rekorV2Witness, timestampWitness } from "@mlsign/sign";
import test from "ava";
import { startSigstore } from "mlsign-test-sigstore";
import { asked, fails } from "./helpers.ts";

// Nobody wants to wait 20 s for a test: a second of a time-out takes 5 ms here.
const timeout = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (ms) => timeout(ms / 200);

test("a service that hangs is given up, and asked again only where that does no harm", async (t) => {
  const sigstore = await startSigstore();
  t.teardown(() => sigstore.close());
  const { urls } = sigstore;
  const token = sigstore.token({ email: "alice@example.com" });
  for (const service of ["fulcio", "rekor2", "tsa"] as const)
    sigstore.fault(service, { kind: "hang" });
  const identity = async (): Promise<ReturnType<typeof parseIdentityToken>> =>
    parseIdentityToken(token, new Date());
  const fulcio = fulcioSigner({ url: urls.fulcio, token: identity }).sign(Buffer.from("x"));
  const results = await Promise.all([
    fails(t, fulcio, "service-failed", [token]),
    fails(t, rekorV2Witness(urls.rekor2).testify(await asked()), "service-failed"),
    fails(t, timestampWitness(urls.tsa).testify(await asked()), "service-failed"),
  ]);
  for (const { message } of results) t.regex(message, /did not answer in time/);
  const count = (name: string): number =>
    sigstore.requests.filter(({ service }) => service === name).length;
  t.deepEqual([count("fulcio"), count("rekor2"), count("tsa")], [3, 1, 3]);
});
