import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { keyDetails, readStatement, statementBytes, suitableKey } from "@mlsign/bundle";
import { MlsignError } from "@mlsign/core";
import test from "ava";

const DIGEST = { sha256: "00".repeat(32) };
const good = {
  _type: "https://in-toto.io/Statement/v1",
  subject: [{ name: "m", digest: DIGEST, annotations: { a: 1 } }],
  predicateType: "https://slsa.dev/provenance/v1",
  predicate: { b: [true, null] },
};
const read = (json: unknown): ReturnType<typeof readStatement> =>
  readStatement(Buffer.from(JSON.stringify(json)));

test("`readStatement()` reads back what `statementBytes()` wrote, in one form", (t) => {
  const statement = read(good);
  const bytes = statementBytes(statement);
  t.deepEqual(readStatement(bytes), statement);
  t.deepEqual(statementBytes(readStatement(bytes)), bytes);
  t.is(
    bytes.toString(),
    '{"_type":"https://in-toto.io/Statement/v1","predicate":{"b":[true,null]},"predicateType":"https://slsa.dev/provenance/v1","subject":[{"annotations":{"a":1},"digest":{"sha256":"' +
      DIGEST.sha256 +
      '"},"name":"m"}]}',
  );
});

test("`readStatement()` reads v0.1 too, and writes v1", (t) => {
  const old = read({ ...good, _type: "https://in-toto.io/Statement/v0.1" });
  t.is(old.type, "https://in-toto.io/Statement/v0.1");
  t.is(readStatement(statementBytes(old)).type, "https://in-toto.io/Statement/v1");
});

test("`readStatement()` takes a subject without a name, and a statement without a predicate", (t) => {
  const { predicate: _, ...rest } = good;
  t.like(read({ ...rest, subject: [{ digest: DIGEST }] }), {
    subject: [{ digest: DIGEST }],
    predicate: null,
  });
});

const digests = (count: number): object =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`d${at}`, "00"]));
const refused: [name: string, json: unknown][] = [
  ["a list", []],
  ["null", null],
  ["no type", { ...good, _type: undefined }],
  ["another type", { ...good, _type: "https://in-toto.io/Statement/v2" }],
  ["no predicate type", { ...good, predicateType: undefined }],
  ["an empty predicate type", { ...good, predicateType: "" }],
  ["no subject", { ...good, subject: undefined }],
  ["an empty list of subjects", { ...good, subject: [] }],
  ["a subject that is a text", { ...good, subject: ["m"] }],
  ["a subject without digests", { ...good, subject: [{ name: "m", digest: {} }] }],
  ["a digest that is no text", { ...good, subject: [{ digest: { sha256: 1 } }] }],
  ["a name that is no text", { ...good, subject: [{ name: 1, digest: DIGEST }] }],
  ["33 digests of one subject", { ...good, subject: [{ digest: digests(33) }] }],
];
for (const [name, json] of refused) {
  test(`\`readStatement()\` refuses ${name}`, (t) => {
    t.notThrows(() => read({ ...good, subject: [{ digest: digests(32) }] }));
    t.throws(() => read(json), { instanceOf: MlsignError, code: "manifest-invalid" });
  });
}

test("`readStatement()` refuses what is not strict JSON", (t) => {
  for (const text of ['{"_type":1,"_type":2}', "{}{}", "", "\ufeff{}", '"\\ud800"']) {
    t.throws(() => readStatement(Buffer.from(text)), {
      instanceOf: MlsignError,
      code: "json-invalid",
    });
  }
});

const ec = (namedCurve: string): KeyObject => generateKeyPairSync("ec", { namedCurve }).publicKey;
const rsa = (modulusLength: number): KeyObject =>
  generateKeyPairSync("rsa", { modulusLength }).publicKey;
/** Which hash a key signs with, and what Sigstore's registry calls it; none where it is refused. */
const keys: [
  name: string,
  key: KeyObject,
  hash: string | undefined,
  details: string | undefined,
][] = [
  ["P-256", ec("P-256"), "sha256", "PKIX_ECDSA_P256_SHA_256"],
  ["P-384", ec("P-384"), "sha384", "PKIX_ECDSA_P384_SHA_384"],
  ["P-521", ec("P-521"), "sha512", "PKIX_ECDSA_P521_SHA_512"],
  ["secp256k1", ec("secp256k1"), "refused", undefined],
  ["RSA-1024", rsa(1024), "refused", undefined],
  ["RSA-2048", rsa(2048), "sha256", "PKIX_RSA_PKCS1V15_2048_SHA256"],
  ["RSA-3072", rsa(3072), "sha256", "PKIX_RSA_PKCS1V15_3072_SHA256"],
  ["Ed25519", generateKeyPairSync("ed25519").publicKey, undefined, undefined],
  ["X25519", generateKeyPairSync("x25519").publicKey, "refused", undefined],
];
for (const [name, key, hash, details] of keys) {
  test(`\`suitableKey()\` and \`keyDetails()\` know ${name}`, (t) => {
    t.is(keyDetails(key), details);
    if (hash !== "refused") return t.like(suitableKey(key, "claim", "verify"), { name, hash });
    t.throws(() => suitableKey(key, "claim", "verify"), {
      instanceOf: MlsignError,
      code: "key-unsuitable",
    });
  });
}

test("`suitableKey()` signs with no RSA key that is short, though it verifies one", (t) => {
  const short = rsa(2048);
  t.notThrows(() => suitableKey(short, "claim", "verify"));
  t.throws(() => suitableKey(short, "claim", "sign"), { code: "key-unsuitable" } as object);
  t.throws(() => suitableKey(short, "model-signature", "verify"), {
    code: "key-unsuitable",
  } as object);
});
