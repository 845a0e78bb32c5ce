import { fulcioSigner, parseIdentityToken, type Signed } from "@mlsign/sign";
import { parseCertificate } from "@mlsign/x509";
import anyTest, { type TestFn } from "ava";
import { type Fault, type Sigstore, startSigstore, type TokenOptions } from "mlsign-test-sigstore";
import { deserted, fails, serve } from "./helpers.ts";

const test = anyTest as TestFn<Sigstore>;
test.beforeEach(async (t) => {
  t.context = await startSigstore();
});
test.afterEach.always((t) => t.context.close());

const DATA = Buffer.from("what is signed");

function signerOf(
  sigstore: Sigstore,
  who: TokenOptions = { email: "alice@example.com" },
  url: string = sigstore.urls.fulcio,
): { sign: () => Promise<Signed>; text: string } {
  const text = sigstore.token(who);
  const token = parseIdentityToken(text, new Date(0));
  const signer = fulcioSigner({ url: `${url}/`, token: async () => token });
  return { sign: () => signer.sign(DATA), text };
}

test("`fulcioSigner()` signs with a key that Fulcio certified, once for many signatures", async (t) => {
  const { sign } = signerOf(t.context);
  const [first, second] = [await sign(), await sign()];
  const [leaf] = first.certificates.map((der) => parseCertificate(der));
  t.true(leaf?.publicKey.equals(first.publicKey));
  t.deepEqual(leaf?.names, [{ type: "email", value: "alice@example.com" }]);
  t.true(first.algorithm.verify(DATA, first.publicKey, first.signature));
  t.deepEqual(second.certificates, first.certificates);
  t.is(t.context.requests.length, 1);
});

test("`fulcioSigner()` asks nothing before it signs", async (t) => {
  const token = async (): Promise<never> => {
    throw new Error("nobody should ask");
  };
  t.truthy(fulcioSigner({ url: t.context.urls.fulcio, token }));
  t.is(t.context.requests.length, 0);
});

test("`fulcioSigner()` proves possession by the subject where there is no e-mail address", async (t) => {
  const { sign } = signerOf(t.context, { sub: "https://ci.example/jobs/7" });
  const { certificates } = await sign();
  t.like(parseCertificate(certificates[0]!).names[0], { value: "https://ci.example/jobs/7" });
});

/** How often it is asked, and how it ends; the fault holds for the first `times` requests. */
const faults: [
  name: string,
  fault: Fault,
  code: "service-failed" | "service-lied" | "good",
  requests: number,
][] = [
  ["certifies another key", { kind: "wrong-key" }, "service-lied", 1],
  ["sends it elsewhere", { kind: "redirect", status: 307 }, "service-failed", 1],
  ["sends it elsewhere for good", { kind: "redirect", status: 308 }, "service-failed", 1],
  ["answers without an end", { kind: "oversized", bytes: 5 * 1024 * 1024 }, "service-failed", 3],
  ["answers by half", { kind: "truncated" }, "service-failed", 3],
  ["answers with a web page", { kind: "garbage" }, "service-lied", 1],
  ["is broken", { kind: "status", status: 500 }, "service-failed", 3],
  ["was broken", { kind: "status", status: 500, times: 1 }, "good", 2],
  ["is busy", { kind: "status", status: 429 }, "service-failed", 3],
  ["was busy", { kind: "status", status: 503, times: 2 }, "good", 3],
  ["refuses", { kind: "status", status: 403 }, "service-failed", 1],
  ["hangs up", { kind: "reset" }, "service-failed", 3],
  ["hung up", { kind: "reset", times: 1 }, "good", 2],
];
for (const [name, fault, code, requests] of faults) {
  const ends = code === "good" ? "signs" : "fails";
  test(`\`fulcioSigner()\` ${ends} where Fulcio ${name}, and never shows the token`, async (t) => {
    const { sign, text } = signerOf(t.context);
    t.context.fault("fulcio", fault);
    if (code === "good") await t.notThrowsAsync(sign());
    else await fails(t, sign(), code, [text]);
    // The token goes to Fulcio, and nowhere else.
    t.deepEqual(
      t.context.requests.map(({ service }) => service),
      Array(requests).fill("fulcio"),
    );
  });
}

test("`fulcioSigner()` fails where nobody listens", async (t) => {
  const fulcio = await deserted();
  const { sign, text } = signerOf(t.context, undefined, fulcio);
  const error = await fails(t, sign(), "service-failed", [text]);
  t.regex(error.message, /ECONNREFUSED/);
  t.regex(error.hint ?? "", /127\.0\.0\.1:\d+\/api\/v2\/signingCert/);
});

test("`fulcioSigner()` says why Fulcio refused, without the token", async (t) => {
  const { sign, text } = signerOf(t.context, { email: "alice@example.com", expiresIn: -60 });
  const error = await fails(t, sign(), "service-failed", [text]);
  t.regex(error.message, /answered 401: There was an error processing the identity token/);
});

test("`fulcioSigner()` redacts what an answer repeats of the token", async (t) => {
  const answers: [status: number, answer: (token: string) => string][] = [
    [400, (token) => JSON.stringify({ message: `cannot parse ${token}` })],
    [400, (token) => JSON.stringify({ message: `claims ${token.split(".")[1]} are wrong` })],
    [400, (token) => `cannot parse ${token}`],
    [200, (token) => `{"${token}":1,"${token}":2}`],
    [
      200,
      (token) =>
        JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates: [token] } } }),
    ],
  ];
  for (const [status, answer] of answers) {
    const url = await serve(t, (_, body, response) => {
      const { credentials } = JSON.parse(body) as { credentials: { oidcIdentityToken: string } };
      response.writeHead(status).end(answer(credentials.oidcIdentityToken));
    });
    const { sign, text } = signerOf(t.context, undefined, url);
    await fails(t, sign(), status === 200 ? "service-lied" : "service-failed", [text]);
  }
});

test("`fulcioSigner()` refuses answers that hold no certificate", async (t) => {
  const answers = [
    {},
    { signedCertificateEmbeddedSct: {} },
    { signedCertificateEmbeddedSct: { chain: { certificates: [] } } },
    [],
  ];
  for (const answer of answers) {
    const url = await serve(t, (_, __, response) => response.end(JSON.stringify(answer)));
    const { sign, text } = signerOf(t.context, undefined, url);
    await fails(t, sign(), "service-lied", [text]);
  }
});
