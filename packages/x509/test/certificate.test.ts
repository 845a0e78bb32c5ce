import { MlsignError } from "@mlsign/core";
import {
  CODE_SIGNING,
  fulcioClaims,
  isAuthority,
  parseCertificate,
  parseCertificates,
  purposeFault,
  TIME_STAMPING,
} from "@mlsign/x509";
import test from "ava";
import fc from "fast-check";
import {
  fulcioExtension,
  fulcioShape,
  generateKeys,
  githubClaims,
  identityOf,
  Instance,
  type LeafShape,
  PURPOSE,
} from "mlsign-test-sigstore";

const NOW = new Date("2026-03-04T05:06:07Z");
const { authority, tsa } = new Instance({ clock: () => NOW });
const keys = generateKeys();
const leaf = (shape: LeafShape = {}): Buffer => authority.issue(keys.publicKey, shape).der;
const der = leaf({ names: [{ type: "email", value: "a@b.example" }] });
const pem = parseCertificate(der).toPem();

test("`parseCertificate()` reads the fields that a verifier looks at", (t) => {
  const certificate = parseCertificate(der);
  t.deepEqual(certificate.der, der);
  t.deepEqual(certificate.notBefore, NOW);
  t.deepEqual(certificate.notAfter, new Date(NOW.getTime() + 600_000));
  t.true(certificate.publicKey.equals(keys.publicKey));
  t.deepEqual(certificate.names, [{ type: "email", value: "a@b.example" }]);
  t.deepEqual([...(certificate.keyUsage ?? [])], ["digitalSignature"]);
  t.deepEqual(certificate.extendedKeyUsage, [CODE_SIGNING]);
  t.deepEqual(certificate.unknownCritical, []);
  t.is(certificate.signatureAlgorithm, "1.2.840.10045.4.3.2");
  t.false(certificate.cA);
  t.is(certificate.pathLength, undefined);
  const issuer = parseCertificate(authority.intermediate.der);
  t.deepEqual(certificate.issuer, issuer.subject);
  t.deepEqual(certificate.authorityKeyId, issuer.subjectKeyId);
  t.true(certificate.signedBy(issuer));
  t.false(certificate.signedBy(parseCertificate(authority.root.der)));
  t.like(issuer, { cA: true, pathLength: 0 });
  t.true(certificate.equals(parseCertificate(pem)));
});

const malformed: [name: string, source: Uint8Array | string][] = [
  ["nothing", Buffer.of()],
  ["no certificate", Buffer.from("3000", "hex")],
  ["a byte behind it", Buffer.concat([der, Buffer.of(0)])],
  ["two certificates", Buffer.concat([der, der])],
  ["half of one", der.subarray(0, der.length / 2)],
  ["PEM as bytes", Buffer.from(pem)],
  ["DER as text", der.toString("latin1")],
  ["a public key", keys.pem],
  ["an extension twice", leaf({ extensions: [fulcioExtension(8, "a"), fulcioExtension(8, "b")] })],
];
for (const [name, source] of malformed) {
  test(`\`parseCertificate()\` refuses ${name}`, (t) => {
    const error = t.throws(() => parseCertificate(source), { instanceOf: MlsignError });
    t.is(error.code, "bundle-malformed");
  });
}

test("`parseCertificate()` throws nothing but `MlsignError`, and reads no changed byte alike", (t) => {
  const property = fc.property(
    fc.nat(der.length - 1),
    fc.integer({ min: 1, max: 255 }),
    (at, flip) => {
      const bytes = Buffer.from(der);
      bytes[at]! ^= flip;
      try {
        const changed = parseCertificate(bytes);
        return !changed.equals(parseCertificate(der)) && changed.der.equals(bytes);
      } catch (error) {
        return error instanceof MlsignError;
      }
    },
  );
  fc.assert(property, { numRuns: 3000 });
  t.pass();
});

test("`parseCertificates()` reads the certificates of a file in order, and passes over the rest", (t) => {
  const other = parseCertificate(authority.root.der);
  const text = `Subject: x\n${pem}\n# and\n${other.toPem()}${keys.pem}`;
  t.deepEqual(
    parseCertificates(text).map((one) => one.der),
    [der, other.der],
  );
  t.deepEqual(parseCertificates(Buffer.from(text.replaceAll("\n", "\r\n"))).length, 2);
  t.deepEqual(parseCertificates("nothing"), []);
});

test("`parseCertificate()` tells names by their type", (t) => {
  const value = "https://a.example/";
  for (const type of ["uri", "email", "dns", "username"] as const) {
    t.deepEqual(parseCertificate(leaf({ names: [{ type, value }] })).names, [{ type, value }]);
  }
  t.deepEqual(parseCertificate(leaf()).names, []);
  const several = [
    { type: "dns", value: "b.example" },
    { type: "email", value: "a@b.example" },
  ] as const;
  t.deepEqual(parseCertificate(leaf({ names: several })).names, [...several]);
});

const purposes: [name: string, shape: LeafShape, fault: RegExp | undefined][] = [
  ["a certificate for signing code", {}, undefined],
  ["one for several purposes", { purposes: [PURPOSE.serverAuth, PURPOSE.codeSigning] }, undefined],
  ["one with the bit of an authority, and no keyCertSign", { ca: true }, undefined],
  ["an authority's", { ca: true, keyUsage: ["keyCertSign", "digitalSignature"] }, /authority/],
  ["one for encryption", { keyUsage: ["keyEncipherment"] }, /digitalSignature/],
  ["one without key usage", { keyUsage: undefined as never }, /digitalSignature/],
  ["one for servers", { purposes: [PURPOSE.serverAuth] }, /codeSigning/],
  ["one for any purpose", { purposes: [PURPOSE.any] }, /codeSigning/],
  ["one without purposes", { purposes: undefined as never }, /codeSigning/],
  [
    "one with a critical extension that nobody knows",
    { extensions: [{ oid: "1.2.3", critical: true, value: Buffer.from([5, 0]) }] },
    /critical extension 1\.2\.3/,
  ],
];
for (const [name, shape, fault] of purposes) {
  test(`\`purposeFault()\` judges ${name}`, (t) => {
    const found = purposeFault(parseCertificate(leaf(shape)), CODE_SIGNING);
    if (fault === undefined) t.is(found, undefined);
    else t.regex(found ?? "", fault);
  });
}

test("`purposeFault()` tells timestamping from signing code", (t) => {
  const stamping = parseCertificate(tsa.certificate);
  t.is(purposeFault(stamping, TIME_STAMPING), undefined);
  t.regex(purposeFault(stamping, CODE_SIGNING) ?? "", /codeSigning/);
  t.regex(purposeFault(parseCertificate(der), TIME_STAMPING) ?? "", /timeStamping/);
});

test("`isAuthority()` wants both the bit and keyCertSign", (t) => {
  const of = (shape: object): boolean =>
    isAuthority(parseCertificate(authority.subordinate("x", shape).der));
  t.true(of({}));
  t.false(of({ keyUsage: ["cRLSign"] }));
  t.false(of({ keyUsage: undefined }));
  t.false(of({ ca: false }));
  t.false(of({ ca: undefined }));
});

test("`fulcioClaims()` reads what Fulcio wrote for a GitHub job", (t) => {
  const claims = identityOf({
    iss: "https://token.actions.githubusercontent.com",
    ...githubClaims(),
  });
  t.snapshot(fulcioClaims(parseCertificate(leaf(fulcioShape(claims)))));
});

test("`fulcioClaims()` prefers the newer issuer, and reads the old one where it is alone", (t) => {
  const issuerOf = (identity: object): string | undefined =>
    fulcioClaims(parseCertificate(leaf(fulcioShape(identity)))).issuer;
  t.is(issuerOf({ issuer: "new", legacyIssuer: "old" }), "new");
  t.is(issuerOf({ legacyIssuer: "old" }), "old");
  t.is(issuerOf({}), undefined);
});

test("`fulcioClaims()` refuses an extension that is no UTF8String, or no UTF-8", (t) => {
  for (const value of ["", "05", "1301ff", "0c02", "0c01ff", "0c0141ff", "04030c0141"]) {
    const extension = { ...fulcioExtension(12, ""), value: Buffer.from(value, "hex") };
    t.throws(
      () => fulcioClaims(parseCertificate(leaf({ extensions: [extension] }))),
      { instanceOf: MlsignError },
      value,
    );
  }
});
