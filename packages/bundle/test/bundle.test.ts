import { type Bundle, bundleText, IN_TOTO, parseBundle, readLogEntry } from "@mlsign/bundle";
import { MlsignError } from "@mlsign/core";
import test from "ava";
import fc from "fast-check";

const bytes = (min = 1, max = 90): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: min, maxLength: max }).map((array) => Buffer.from(array));
const text = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 40 })
  .filter((s) => s.isWellFormed());
const count = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String);
const hash = bytes(32, 32);

const proof = fc.record({
  logIndex: count,
  rootHash: hash,
  treeSize: count,
  hashes: fc.array(hash, { maxLength: 63 }),
  checkpoint: fc.record({ envelope: text }),
});
const entry = fc.record({
  logIndex: count,
  logId: fc.record({ keyId: hash }),
  kindVersion: fc.record({ kind: text, version: text }),
  integratedTime: count,
  inclusionPromise: fc.option(fc.record({ signedEntryTimestamp: bytes() }), { nil: undefined }),
  inclusionProof: proof,
  canonicalizedBody: bytes(),
});
const certificate = fc.record({
  kind: fc.constant("certificate" as const),
  certificates: fc.tuple(bytes()),
  form: fc.constant("certificate" as const),
});
const chain = fc.record({
  kind: fc.constant("certificate" as const),
  certificates: fc.array(bytes(), { minLength: 1, maxLength: 10 }),
  form: fc.constant("x509CertificateChain" as const),
});
const key = fc.record({
  kind: fc.constant("publicKey" as const),
  hint: fc.option(text, { nil: undefined }),
});
const envelope = fc.record({
  kind: fc.constant("dsse" as const),
  payloadType: text,
  payload: bytes(),
  signature: bytes(),
  keyid: fc.oneof(fc.constant(""), text),
});
const message = fc.record({
  kind: fc.constant("message" as const),
  digest: fc.oneof(
    fc.record({ algorithm: fc.constant("sha256" as const), value: bytes(32, 32) }),
    fc.record({ algorithm: fc.constant("sha384" as const), value: bytes(48, 48) }),
    fc.record({ algorithm: fc.constant("sha512" as const), value: bytes(64, 64) }),
  ),
  signature: bytes(),
});
const bundles: fc.Arbitrary<Omit<Bundle, "version" | "legacy">> = fc.record({
  material: fc.oneof(key, certificate, chain),
  tlogEntries: fc.array(entry, { maxLength: 3 }),
  timestamps: fc.array(bytes(), { maxLength: 3 }),
  content: fc.oneof(envelope, message),
});

test("`parseBundle()` reads back what `bundleText()` wrote, in one form", (t) => {
  const property = fc.property(bundles, (bundle) => {
    const written = bundleText(bundle);
    const parsed = parseBundle(Buffer.from(written));
    t.deepEqual(parsed, { ...bundle, version: "0.3", legacy: [] } as Bundle);
    t.is(bundleText(parsed), written);
    t.true(written.endsWith("}\n"));
  });
  fc.assert(property, { numRuns: 300 });
});

test("`parseBundle()` throws nothing but `MlsignError`, whatever the JSON", (t) => {
  const property = fc.property(fc.json({ maxDepth: 6 }), (json) => {
    try {
      parseBundle(Buffer.from(json));
      return false;
    } catch (error) {
      return error instanceof MlsignError;
    }
  });
  fc.assert(property, { numRuns: 1000 });
  t.pass();
});

const SIGNATURE = { sig: "AAAA", keyid: "" };
const V03 = "application/vnd.dev.sigstore.bundle.v0.3+json";
const bundleJson = (more: object = {}, material: object = {}): object => ({
  mediaType: V03,
  verificationMaterial: { publicKey: { hint: "h" }, tlogEntries: [], ...material },
  dsseEnvelope: { payload: "e30=", payloadType: IN_TOTO, signatures: [SIGNATURE] },
  ...more,
});
const parse = (json: unknown): Bundle => parseBundle(Buffer.from(JSON.stringify(json)));

test("`parseBundle()` reads the forms of earlier releases, and says which", (t) => {
  const pem = Buffer.from("-----BEGIN PUBLIC KEY-----").toString("base64");
  const dsse = (signature: object): object => ({
    dsseEnvelope: { payload: "e30=", payloadType: IN_TOTO, signatures: [signature] },
  });
  const old = parse(
    bundleJson(dsse({ sig: "AAAA", keyid: null }), {
      publicKey: { rawBytes: pem, keyDetails: "PKIX_ECDSA_P384_SHA_384" },
      tlogEntries: undefined,
      timestampVerificationData: {},
    }),
  );
  t.deepEqual(old.material, { kind: "publicKey", hint: undefined });
  t.deepEqual(old.legacy, ["a null keyid", "the public key in the bundle"]);
  t.deepEqual(parse(bundleJson(dsse({ sig: "AAAA" }))).legacy, []);
  t.deepEqual(parse(bundleJson({}, { publicKey: { hint: null } })).material, {
    kind: "publicKey",
    hint: undefined,
  });
});

test("`parseBundle()` takes null for what is not there, as protobuf's JSON has it", (t) => {
  const parsed = parse(bundleJson({}, { tlogEntries: null, timestampVerificationData: null }));
  t.deepEqual([parsed.tlogEntries, parsed.timestamps], [[], []]);
});

const refused: [name: string, json: unknown][] = [
  ["a list", []],
  ["an empty object", {}],
  ["a media type that is no text", bundleJson({ mediaType: 3 })],
  ["material that is a list", bundleJson({ verificationMaterial: [] })],
  ["material that is null", bundleJson({ verificationMaterial: null })],
  ["a hint that is no text", bundleJson({}, { publicKey: { hint: 7 } })],
  ["an unknown field in the key", bundleJson({}, { publicKey: { hint: "h", key: "x" } })],
  [
    "eleven certificates",
    bundleJson(
      {},
      {
        publicKey: undefined,
        x509CertificateChain: { certificates: Array(11).fill({ rawBytes: "MAA=" }) },
      },
    ),
  ],
  [
    "a certificate without bytes",
    bundleJson({}, { publicKey: undefined, certificate: { rawBytes: "" } }),
  ],
  ["entries that are no list", bundleJson({}, { tlogEntries: {} })],
  [
    "timestamps that are no list",
    bundleJson({}, { timestampVerificationData: { rfc3161Timestamps: 1 } }),
  ],
  [
    "a keyid that is no text",
    bundleJson({
      dsseEnvelope: {
        payload: "e30=",
        payloadType: IN_TOTO,
        signatures: [{ sig: "AAAA", keyid: 1 }],
      },
    }),
  ],
  [
    "signatures that are no list",
    bundleJson({ dsseEnvelope: { payload: "e30=", payloadType: IN_TOTO, signatures: SIGNATURE } }),
  ],
  ["an envelope that is a text", bundleJson({ dsseEnvelope: "e30=" })],
  [
    "an unknown digest algorithm",
    bundleJson({
      dsseEnvelope: undefined,
      messageSignature: { messageDigest: { algorithm: "SHA1", digest: "AAAA" }, signature: "AAAA" },
    }),
  ],
  [
    "a digest of another length",
    bundleJson({
      dsseEnvelope: undefined,
      messageSignature: {
        messageDigest: { algorithm: "SHA2_256", digest: "AAAA" },
        signature: "AAAA",
      },
    }),
  ],
  [
    "a message without a digest",
    bundleJson({ dsseEnvelope: undefined, messageSignature: { signature: "AAAA" } }),
  ],
];
for (const [name, json] of refused) {
  test(`\`parseBundle()\` refuses ${name}`, (t) => {
    t.notThrows(() => parse(bundleJson()));
    t.throws(() => parse(json), { instanceOf: MlsignError, code: "bundle-malformed" });
  });
}

const goodEntry = {
  logIndex: "1",
  logId: { keyId: "AAAA" },
  kindVersion: { kind: "dsse", version: "0.0.1" },
  integratedTime: "1",
  inclusionProof: {
    logIndex: "1",
    rootHash: "AAAA",
    treeSize: "2",
    hashes: [],
    checkpoint: { envelope: "x" },
  },
  canonicalizedBody: "AAAA",
};
const badProof = (more: object): object => ({
  ...goodEntry,
  inclusionProof: { ...goodEntry.inclusionProof, ...more },
});
const badEntries: [name: string, entry: unknown][] = [
  ["nothing", undefined],
  ["an unknown field", { ...goodEntry, more: 1 }],
  ["no log", { ...goodEntry, logId: undefined }],
  ["a log by another field", { ...goodEntry, logId: { key_id: "AAAA" } }],
  ["no kind", { ...goodEntry, kindVersion: { version: "0.0.1" } }],
  ["no body", { ...goodEntry, canonicalizedBody: undefined }],
  ["an index with a fraction", { ...goodEntry, logIndex: 1.5 }],
  ["an index with leading zeros", { ...goodEntry, logIndex: "01" }],
  ["an index in hex", { ...goodEntry, logIndex: "0x1" }],
  ["an index with space", { ...goodEntry, logIndex: " 1" }],
  ["a number that is not exact", { ...goodEntry, logIndex: 2 ** 53 }],
  ["a negative time", { ...goodEntry, integratedTime: "-1" }],
  ["an empty promise", { ...goodEntry, inclusionPromise: {} }],
  ["a proof without a size", badProof({ treeSize: undefined })],
  ["a proof without a checkpoint", badProof({ checkpoint: undefined })],
  [
    "a proof of 64 hashes",
    badProof({ hashes: Array(64).fill(Buffer.alloc(32).toString("base64")) }),
  ],
  ["a proof hash of 31 bytes", badProof({ hashes: [Buffer.alloc(31).toString("base64")] })],
];
for (const [name, bad] of badEntries) {
  test(`\`readLogEntry()\` refuses ${name}`, (t) => {
    t.notThrows(() => readLogEntry(goodEntry));
    t.throws(() => readLogEntry(bad), { instanceOf: MlsignError, code: "bundle-malformed" });
  });
}

test("`readLogEntry()` takes an exact number for a count, and nothing for 0", (t) => {
  const { logIndex, integratedTime } = readLogEntry({
    ...goodEntry,
    logIndex: 7,
    integratedTime: undefined,
  });
  t.deepEqual([logIndex, integratedTime], ["7", "0"]);
});
