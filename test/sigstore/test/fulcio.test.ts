import { X509Certificate } from "node:crypto";
import test from "ava";
import { bitString, explicit, integer, pem, sequence } from "../src/der.ts";
import {
  generateKeys,
  type Hash,
  type KeyKind,
  type Keys,
  signWith,
  startSigstore,
} from "../src/index.ts";
import { signatureAlgorithm } from "../src/keys.ts";
import { postJson } from "./helpers.ts";

const sigstore = await startSigstore();
test.after.always(() => sigstore.close());

function ask(token: string, kind: KeyKind, subject: string, hash?: Hash): Promise<Response> {
  const keys = generateKeys(kind);
  return postJson(`${sigstore.urls.fulcio}/api/v2/signingCert`, {
    credentials: { oidcIdentityToken: token },
    publicKeyRequest: {
      publicKey: { algorithm: "ECDSA", content: keys.pem },
      proofOfPossession: signWith(keys, Buffer.from(subject), hash).toString("base64"),
    },
  });
}

for (const kind of ["P-256", "P-384", "P-521", "ed25519", "rsa-2048"] as const) {
  test(`the CA certifies a ${kind} key for ten minutes`, async (t) => {
    const answer = await ask(
      sigstore.token({ sub: "spiffe://acme/train" }),
      kind,
      "spiffe://acme/train",
    );
    t.is(answer.status, 200);
    const body = (await answer.json()) as Answer;
    const { certificates } = body.signedCertificateEmbeddedSct.chain;
    const [leaf, intermediate, root] = certificates.map((pem) => new X509Certificate(pem));
    t.is(leaf?.subjectAltName, "URI:spiffe://acme/train");
    t.is(leaf!.validToDate.getTime() - leaf!.validFromDate.getTime(), 600_000);
    t.true(leaf!.verify(intermediate!.publicKey) && intermediate!.verify(root!.publicKey));
    t.deepEqual(leaf?.keyUsage, ["1.3.6.1.5.5.7.3.3"]);
  });
}

interface Answer {
  signedCertificateEmbeddedSct: { chain: { certificates: string[] } };
}

const alice = { email: "a@example.com" };
const refusals: [name: string, ask: () => Promise<Response>, status: number][] = [
  ["a proof over another subject", () => ask(sigstore.token(alice), "P-256", "b@example.com"), 400],
  [
    "a P-384 proof with SHA-256",
    () => ask(sigstore.token(alice), "P-384", "a@example.com", "sha256"),
    400,
  ],
  ["an RSA key of 1024 bits", () => ask(sigstore.token(alice), "rsa-1024", "a@example.com"), 400],
  [
    "an expired token",
    () => ask(sigstore.token({ ...alice, expiresIn: -1 }), "P-256", "a@example.com"),
    401,
  ],
  [
    "another audience",
    () => ask(sigstore.token({ ...alice, audience: "x" }), "P-256", "a@example.com"),
    401,
  ],
  [
    "an unknown issuer",
    () => ask(sigstore.token({ ...alice, issuer: "x" }), "P-256", "a@example.com"),
    401,
  ],
  [
    "an address that is not verified",
    () => ask(sigstore.token({ ...alice, emailVerified: false }), "P-256", "a@example.com"),
    401,
  ],
  [
    "a token of another issuer's key",
    () => ask(sigstore.instance.issuer.token(alice, true), "P-256", "a@example.com"),
    401,
  ],
  ["what is no token", () => ask("x.y.z", "P-256", "a@example.com"), 401],
];
for (const [name, refused, status] of refusals) {
  test(`the CA refuses ${name}`, async (t) => {
    const answer = await refused();
    t.is(answer.status, status);
    t.is(typeof ((await answer.json()) as { message: unknown }).message, "string");
  });
}

/** PKCS #10 with no attributes. */
function csr(keys: Keys, signer: Keys): string {
  const info = sequence(integer(0), sequence(), keys.spki, explicit(0));
  const signature = bitString(signWith(signer, info));
  const algorithm = signatureAlgorithm(keys.publicKey);
  const text = pem("CERTIFICATE REQUEST", sequence(info, algorithm, signature));
  return Buffer.from(text).toString("base64");
}

test("the CA takes a CSR and the token in a header, as sigstore-python has it", async (t) => {
  const keys = generateKeys();
  const headers = { authorization: `Bearer ${sigstore.token(alice)}` };
  const post = (certificateSigningRequest: string): Promise<Response> => {
    const body = JSON.stringify({ certificateSigningRequest });
    return fetch(`${sigstore.urls.fulcio}/api/v2/signingCert`, { method: "POST", headers, body });
  };
  const answer = (await (await post(csr(keys, keys))).json()) as Answer;
  const [leaf = ""] = answer.signedCertificateEmbeddedSct.chain.certificates;
  t.true(new X509Certificate(leaf).publicKey.equals(keys.publicKey));
  t.is((await post(csr(keys, generateKeys()))).status, 400);
});

test("the CA hands out its chain", async (t) => {
  const answer = await fetch(`${sigstore.urls.fulcio}/api/v2/trustBundle`);
  const { chains } = (await answer.json()) as { chains: { certificates: string[] }[] };
  t.is(chains[0]?.certificates.length, 2);
});
