import { MlsignError } from "@mlsign/core";
import { certificateSigner, keySigner } from "@mlsign/sign";
import { type Certificate, parseCertificate } from "@mlsign/x509";
import test from "ava";
import { generateKeys, Instance, type LeafShape, PURPOSE } from "mlsign-test-sigstore";
import { fails } from "./helpers.ts";

const NOW = new Date("2026-03-04T05:06:07Z");
const { authority } = new Instance({ clock: () => NOW });
const keys = generateKeys();
const signer = keySigner(keys.privateKey, "model-signature");
const intermediate = parseCertificate(authority.intermediate.der);
const root = parseCertificate(authority.root.der);
const other = parseCertificate(new Instance({ clock: () => NOW }).authority.intermediate.der);
const expiredCa = authority.subordinate("old", { notAfter: new Date(NOW.getTime() - 1000) });

function leaf(shape: LeafShape = {}): Certificate {
  return parseCertificate(authority.issue(keys.publicKey, shape).der);
}

test("`certificateSigner()` adds the leaf and its issuers to the signature", async (t) => {
  const certificates = [leaf(), intermediate, root];
  const signed = await certificateSigner(signer, certificates, NOW).sign(Buffer.from("x"));
  t.deepEqual(
    signed.certificates,
    certificates.map(({ der }) => der),
  );
});

const later = new Date(NOW.getTime() + 60_000);
const refused: [name: string, certificates: Certificate[]][] = [
  ["no certificate", []],
  ["a certificate that is an authority's", [intermediate]],
  ["a certificate for another purpose", [leaf({ purposes: [PURPOSE.serverAuth] })]],
  ["a certificate for encryption", [leaf({ keyUsage: ["keyEncipherment"] })]],
  [
    "a certificate with an unknown critical extension",
    [leaf({ extensions: [{ oid: "1.2.3.4", critical: true, value: Buffer.from([5, 0]) }] })],
  ],
  [
    "a certificate that has expired",
    [leaf({ notBefore: new Date(0), notAfter: new Date(NOW.getTime() - 1000) })],
  ],
  ["a certificate that is not valid yet", [leaf({ notBefore: later })]],
  ["an issuer that has expired", [leaf({ issuer: expiredCa }), parseCertificate(expiredCa.der)]],
  ["an issuer that did not issue it", [leaf(), other]],
  ["a chain in another order", [leaf(), root, intermediate]],
];
for (const [name, certificates] of refused) {
  test(`\`certificateSigner()\` refuses ${name}`, (t) => {
    const error = t.throws(() => certificateSigner(signer, certificates, NOW), {
      instanceOf: MlsignError,
    });
    t.is(error.code, "certificate-unsuitable");
  });
}

test("`certificateSigner()` refuses to sign with another key than the certificate's", async (t) => {
  const strangers = keySigner(generateKeys().privateKey, "model-signature");
  const signing = certificateSigner(strangers, [leaf()], NOW).sign(Buffer.from("x"));
  await fails(t, signing, "certificate-unsuitable");
});
