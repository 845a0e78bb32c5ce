import test from "ava";
import {
  Authority,
  authorityInstance,
  type BundleOptions,
  CtLog,
  generateKeys,
  Instance,
  PURPOSE,
  recoverKeys,
  sha,
  signBundle,
  TimestampAuthority,
  TransparencyLog,
  type TrustedRootJson,
  trustStart,
} from "../src/index.ts";
import { PAYLOAD, verify } from "./helpers.ts";

const now = new Date();
const instance = new Instance({ clock: () => now });
const { authority, clock, ctlog } = instance;
const other = generateKeys();
const minute = 60_000;
const ago = (minutes: number): Date => new Date(clock().getTime() - minutes * minute);

const below = authority.subordinate("below", {}, authority.intermediate);
const noCertSign = authority.subordinate("no-cert-sign", { keyUsage: ["cRLSign"] });
const notCa = authority.subordinate("not-ca", { ca: false });
const plainTsa = new TimestampAuthority(clock, {
  certificate: { purposes: [PURPOSE.codeSigning] },
});
const validFor = trustStart(clock);
const root: TrustedRootJson = structuredClone(instance.trustedRoot);
for (const ca of [below, noCertSign, notCa]) {
  const above = ca === below ? authority.chain : [authority.root.der];
  root.certificateAuthorities.push(authorityInstance([ca.der, ...above], validFor));
}
root.timestampAuthorities.push(authorityInstance(plainTsa.chain, validFor));

const refused: [name: string, options: BundleOptions, code: string][] = [
  ["no SCT", { leaf: { scts: false } }, "CERTIFICATE_ERROR"],
  [
    "an SCT of an unknown log",
    { leaf: { scts: authority.timestamps(new CtLog(clock)) } },
    "CERTIFICATE_ERROR",
  ],
  [
    "an SCT by another key",
    { leaf: { scts: (tbs, spki) => [ctlog.sct(tbs, spki, { keys: other })] } },
    "CERTIFICATE_ERROR",
  ],
  [
    "two SCTs of one log",
    { leaf: { scts: authority.timestamps(ctlog, ctlog) } },
    "CERTIFICATE_ERROR",
  ],
  [
    "an SCT from before the log",
    { leaf: { scts: (tbs, spki) => [ctlog.sct(tbs, spki, { at: new Date(0) })] } },
    "CERTIFICATE_ERROR",
  ],
  [
    "a certificate that has expired",
    { leaf: { notBefore: ago(20), notAfter: ago(10) } },
    "CERTIFICATE_ERROR",
  ],
  ["a path that is too long", { leaf: { issuer: below } }, "CERTIFICATE_ERROR"],
  ["an issuer without keyCertSign", { leaf: { issuer: noCertSign } }, "CERTIFICATE_ERROR"],
  ["an issuer that is no CA", { leaf: { issuer: notCa } }, "CERTIFICATE_ERROR"],
  [
    "an issuer of another name",
    { leaf: { issuer: { ...authority.intermediate, name: "other" } } },
    "CERTIFICATE_ERROR",
  ],
  [
    "an unknown CA",
    { leaf: { issuer: new Authority(clock, ctlog).intermediate } },
    "CERTIFICATE_ERROR",
  ],
  [
    "a checkpoint by another key",
    { logs: [{ log: 2, checkpoint: { keys: generateKeys("ed25519") } }] },
    "TLOG_INCLUSION_PROOF_ERROR",
  ],
  [
    "a checkpoint with another name",
    { logs: [{ log: 2, checkpoint: { name: "rekor.example" } }] },
    "TLOG_INCLUSION_PROOF_ERROR",
  ],
  [
    "a checkpoint with another hint",
    { logs: [{ log: 2, checkpoint: { hint: Buffer.alloc(4) } }] },
    "TLOG_INCLUSION_PROOF_ERROR",
  ],
  [
    "a checkpoint of another tree",
    { logs: [{ log: 2, checkpoint: { root: Buffer.alloc(32) } }] },
    "TLOG_INCLUSION_PROOF_ERROR",
  ],
  [
    "a promise by another key",
    { logs: [{ log: 1, keys: other, proof: true }] },
    "TLOG_INCLUSION_PROMISE_ERROR",
  ],
  [
    "an entry of an unknown log",
    { logs: [{ log: new TransparencyLog(clock, { version: 2, host: "rekor2.sigstore.test" }) }] },
    "TLOG_INCLUSION_PROOF_ERROR",
  ],
  [
    "an entry for another signature",
    { logs: [{ log: 1, signature: Buffer.from("other") }] },
    "TLOG_BODY_ERROR",
  ],
  ["a v1 entry for another digest", { logs: [{ log: 1, digest: sha("x") }] }, "TLOG_BODY_ERROR"],
  ["a v2 entry for another digest", { logs: [{ log: 2, digest: sha("x") }] }, "TLOG_BODY_ERROR"],
  [
    "a body of another kind",
    { logs: [{ log: 1, body: (own) => ({ ...(own as object), kind: "rekord" }) }] },
    "TLOG_BODY_ERROR",
  ],
  ["one entry twice", { logs: [{ log: 2 }, { log: 2 }] }, "TLOG_ERROR"],
  [
    "a timestamp of an unknown authority",
    { timestamps: [{ tsa: new TimestampAuthority(clock) }] },
    "TIMESTAMP_ERROR",
  ],
  [
    "a timestamp of something else",
    { timestamps: [{ data: Buffer.from("x") }] },
    "TIMESTAMP_ERROR",
  ],
  ["a timestamp of another digest", { timestamps: [{ imprint: sha("x") }] }, "TIMESTAMP_ERROR"],
  ["a timestamp by another key", { timestamps: [{ keys: other }] }, "TIMESTAMP_ERROR"],
  [
    "a second time at which the certificate had expired",
    { timestamps: [{}, { genTime: new Date(clock().getTime() + 30 * minute) }] },
    "CERTIFICATE_ERROR",
  ],
];
for (const [name, options, code] of refused) {
  test(`\`signBundle()\` makes a bundle with ${name}`, (t) => {
    const bundle = signBundle(instance, { payload: PAYLOAD }, options);
    const error = t.throws(() => verify(root, bundle)) as Error & { code: string };
    t.is(error.code, code);
  });
}

const day = 24 * 60 * minute;
const future = new Date(clock().getTime() + day);
const oneFlaw: [name: string, options: BundleOptions, more?: TrustedRootJson][] = [
  ["a TLS server's certificate", { leaf: { purposes: [PURPOSE.serverAuth] } }],
  ["a certificate without a purpose", { leaf: { purposes: [] } }],
  ["a certificate for encryption", { leaf: { keyUsage: ["keyEncipherment"] } }],
  ["a CA's certificate", { leaf: { ca: true, keyUsage: ["digitalSignature", "keyCertSign"] } }],
  [
    "an unknown critical extension",
    { leaf: { extensions: [{ oid: "1.2.3.4", critical: true, value: Buffer.from([5, 0]) }] } },
  ],
  ["a user name", { identity: { names: [{ type: "username", value: "alice" }], issuer: "x" } }],
  [
    "two names",
    {
      identity: {
        names: [
          { type: "uri", value: "https://a.example/" },
          { type: "email", value: "b@example.com" },
        ],
        issuer: "x",
      },
    },
  ],
  ["no issuer", { identity: { names: [{ type: "email", value: "a@example.com" }] } }],
  ["two issuers", { identity: { issuer: "https://a.example", legacyIssuer: "https://b.example" } }],
  ["an entry for another key", { logs: [{ log: 1, verifier: { publicKey: other.publicKey } }] }],
  [
    "an entry for a recovered key",
    {
      logs: [
        {
          log: 2,
          verifier: (digest, signature) => ({
            publicKey: recoverKeys(other.publicKey, digest, signature)[0]!,
          }),
        },
      ],
    },
  ],
  ["a timestamp by a certificate for another purpose", { timestamps: [{ tsa: plainTsa }] }],
  [
    "a time that is yet to come",
    {
      leaf: { notBefore: future },
      logs: [{ log: 2 }],
      timestamps: [{ genTime: new Date(future.getTime() + minute) }],
    },
  ],
  ["a log key that had retired", { logs: [{ log: 2 }] }, retired()],
  ["a weak key", { keys: generateKeys("rsa-1024") }],
  ["a key on a curve that is not allowed", { keys: generateKeys("secp256k1") }],
  ["a hash that is not the key's", { keys: generateKeys("P-384"), hash: "sha256" }],
  [
    "two entries of one log",
    {
      logs: [
        { log: 1, integratedTime: new Date(clock().getTime() + 2000) },
        { log: 1, body: spaced },
      ],
    },
  ],
];
for (const [name, options, trusted = root] of oneFlaw) {
  test(`\`signBundle()\` makes a bundle with ${name} that is otherwise good`, (t) => {
    const bundle = signBundle(instance, { payload: PAYLOAD }, options);
    t.notThrows(() => verify(trusted, bundle));
  });
}

test("`signBundle()` makes bundles of a bare key, of a chain and without a witness", (t) => {
  const bare = signBundle(
    instance,
    { artifact: PAYLOAD },
    { material: "key", hint: "h", logs: [], timestamps: [] },
  );
  t.deepEqual(bare.verificationMaterial.publicKey, { hint: "h" });
  t.deepEqual(bare.verificationMaterial.tlogEntries, []);
  const chained = signBundle(instance, { payload: PAYLOAD }, { chain: authority.chain });
  t.is(chained.verificationMaterial.x509CertificateChain?.certificates.length, 3);
  const witnessed = { log: 2, checkpoint: { cosigners: [{ name: "w.example", keys: other }] } };
  const cosigned = signBundle(instance, { payload: PAYLOAD }, { logs: [witnessed as { log: 2 }] });
  const [entry] = cosigned.verificationMaterial.tlogEntries;
  t.regex(entry?.inclusionProof?.checkpoint.envelope ?? "", /\u2014 w\.example /);
  t.notThrows(() => verify(root, cosigned));
});

/** The same trust, but for a log key that was valid until yesterday. */
function retired(): TrustedRootJson {
  const copy = structuredClone(instance.trustedRoot);
  for (const log of copy.tlogs) log.publicKey.validFor.end = ago(24 * 60).toISOString();
  return copy;
}

/** The same entry as for an envelope that was written with other white space. */
function spaced(own: unknown): never {
  const body = structuredClone(own) as { spec: { envelopeHash: { value: string } } };
  body.spec.envelopeHash.value = sha("the same envelope").toString("hex");
  return body as never;
}
