import { createHash } from "node:crypto";
import { parseBundle } from "@mlsign/bundle";
import { decide } from "@mlsign/core";
import { type ArtifactOptions, verifyArtifact } from "@mlsign/verify";
import test from "ava";
import { type Content, generateKeys, type Hash, type KeyKind, sha } from "mlsign-test-sigstore";
import {
  ARTIFACT,
  codesOf,
  findingsOf,
  make,
  MESSAGE,
  NOW,
  PAYLOAD,
  refuses,
  type Rule,
  type Side,
  statement,
  STATEMENT,
} from "./rules.ts";

const bare = { logs: [], timestamps: [] };
const key: Pick<Rule, "methods"> = { methods: ["key"] };

refuses({
  "a payload that was not signed": {
    contents: [PAYLOAD],
    ...key,
    right: { signing: bare },
    wrong: { edit: (json) => (json.dsseEnvelope!.payload = "e30=") },
    codes: ["signature-valid"],
  },
  "a payload type that was not signed": {
    contents: [PAYLOAD],
    ...key,
    right: { signing: bare },
    wrong: { edit: (json) => (json.dsseEnvelope!.payloadType = "application/json") },
    codes: ["signature-valid"],
  },
  "the signature of another key": {
    ...key,
    right: { signing: bare },
    wrong: { trust: () => ({ method: "key", key: generateKeys().publicKey }) },
    codes: ["key-hint", "signature-valid"],
  },
  "a signature with a byte behind it": {
    ...key,
    right: { signing: bare },
    wrong: { edit: setSignature((signature) => Buffer.concat([signature, Buffer.of(0)])) },
    codes: ["signature-valid"],
  },
  "a signature as r and s side by side": {
    ...key,
    right: { signing: bare },
    wrong: { edit: setSignature(() => Buffer.alloc(64, 1)) },
    codes: ["signature-valid"],
  },
  "a signature of zeros": {
    ...key,
    right: { signing: bare },
    wrong: { edit: setSignature(() => Buffer.from("3006020100020100", "hex")) },
    codes: ["signature-valid"],
  },
  "an RSA key of 1024 bits": weak("rsa-1024", "rsa-2048"),
  "a key on a curve that is not allowed": weak("secp256k1", "P-256"),
  "a P-384 key that signs with SHA-256": hashed("P-384", "sha256"),
  "a P-521 key that signs with SHA-256": hashed("P-521", "sha256"),
  "a P-521 key that signs with SHA-384": hashed("P-521", "sha384"),
  "a P-256 key that signs with SHA-512": hashed("P-256", "sha512"),
  "an RSA key that signs with SHA-512": hashed("rsa-2048", "sha512"),
  "a signature whose log entry has its other form (r, n - s)": {
    ...key,
    right: { signing: { timestamps: [] } },
    wrong: { edit: setSignature(malleated) },
    codes: ["log-entry"],
  },
  "a model signature with an RSA key": use("rsa-2048"),
  "a model signature with an Ed25519 key": use("ed25519"),
});

test("`verifyBundle()` takes a signature's other form (r, n - s) for valid where no log has it", async (t) => {
  const side: Side = { method: "key", signing: bare, edit: setSignature(malleated) };
  t.deepEqual(await codesOf(side), []);
  t.deepEqual(await codesOf({ ...side, content: MESSAGE }), []);
});

const kinds: KeyKind[] = ["P-256", "P-384", "P-521", "rsa-2048", "rsa-3072", "rsa-4096"];
for (const kind of kinds) {
  test(`\`verifyBundle()\` accepts ${kind} keys with their own hash, logged`, async (t) => {
    const keys = generateKeys(kind);
    const digestAlgorithm = ({ "P-384": "sha384", "P-521": "sha512" }[kind as string] ??
      "sha256") as Hash;
    for (const content of [PAYLOAD, { artifact: ARTIFACT, digestAlgorithm }]) {
      for (const log of [1, 2] as const) {
        const side: Side = { content, signing: { keys, logs: [{ log }] } };
        for (const method of ["keyless", "key"] as const) {
          t.deepEqual(await codesOf({ ...side, method }), [], `${method}, Rekor v${log}`);
        }
      }
    }
  });
}

test("`verifyBundle()` accepts claims with Ed25519 keys, logged by Rekor v1", async (t) => {
  t.deepEqual(await codesOf({ method: "key", signing: { keys: generateKeys("ed25519") } }), []);
});

test("`verifyArtifact()` refuses a message with an Ed25519 key, which signs no digest", async (t) => {
  const side: Side = {
    method: "key",
    content: MESSAGE,
    signing: { ...bare, keys: generateKeys("ed25519") },
  };
  t.deepEqual(await codesOf(side), ["signature-valid"]);
});

type Digest = ArtifactOptions["digest"];
const digest: Digest = async (algorithm) => createHash(algorithm).update(ARTIFACT).digest();
const other: Digest = async (algorithm) => createHash(algorithm).update("other").digest();
const good = { content: PAYLOAD, statements: ["https://slsa.dev/provenance/v1"] };
const hex = sha(ARTIFACT).toString("hex");
const payload = (more: Readonly<Record<string, unknown>>): Content => ({
  payload: statement(more),
});
const subjects = (...digests: object[]): Content => {
  return payload({ subject: digests.map((one, at) => ({ name: `f${at}`, digest: one })) });
};

interface ArtifactCase {
  readonly content: Content;
  readonly statements?: ArtifactOptions["statements"];
  readonly digest?: Digest;
}

const artifacts: [name: string, wrong: Partial<ArtifactCase>, codes: string[]][] = [
  ["a statement where none was allowed", { statements: [] }, ["predicate-type"]],
  [
    "a statement of another predicate",
    { statements: ["https://slsa.dev/provenance/v0.2"] },
    ["predicate-type"],
  ],
  [
    "a payload type that is not in-toto's",
    { content: { payload: STATEMENT, payloadType: "application/json" } },
    ["payload-type"],
  ],
  [
    "a payload type that only begins like in-toto's",
    { content: { payload: STATEMENT, payloadType: "application/vnd.in-toto+json; x=1" } },
    ["payload-type"],
  ],
  ["a statement about another file", { digest: other }, ["subject-match"]],
  [
    "a statement with SHA-1 alone",
    { content: subjects({ sha1: createHash("sha1").update(ARTIFACT).digest("hex") }) },
    ["subject-match"],
  ],
  [
    "a statement with SHA-512 alone",
    { content: subjects({ sha512: sha(ARTIFACT, "sha512").toString("hex") }) },
    ["subject-match"],
  ],
  [
    "a statement with the digest under another name",
    { content: subjects({ dirHash1: hex }) },
    ["subject-match"],
  ],
  [
    "a statement with the digest in upper case",
    { content: subjects({ sha256: hex.toUpperCase() }) },
    ["subject-match"],
  ],
  [
    "a statement with a part of the digest",
    { content: subjects({ sha256: hex.slice(0, 32) }) },
    ["subject-match"],
  ],
  [
    "a statement with 1025 subjects",
    { content: subjects(...Array(1025).fill({ sha256: hex })) },
    ["subject-match"],
  ],
  [
    "a statement with 33 digests",
    {
      content: subjects(Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`a${at}`, hex]))),
    },
    ["manifest-form"],
  ],
  ["a statement without a subject", { content: payload({ subject: [] }) }, ["manifest-form"]],
  ["a statement whose subject has no digest", { content: subjects({}) }, ["manifest-form"]],
  [
    "a statement of another type",
    { content: payload({ _type: "https://in-toto.io/Statement/v2" }) },
    ["manifest-form"],
  ],
  [
    "a statement without a predicate type",
    { content: payload({ predicateType: "" }) },
    ["manifest-form"],
  ],
  [
    "a statement with a duplicate key",
    {
      content: { payload: Buffer.from(STATEMENT.toString().replace("{", '{"predicateType":"x",')) },
    },
    ["manifest-form"],
  ],
  [
    "a statement with data behind it",
    { content: { payload: Buffer.concat([STATEMENT, Buffer.from("{}")]) } },
    ["manifest-form"],
  ],
  [
    "a payload that is not JSON",
    { content: { payload: Buffer.from("<html>") } },
    ["manifest-form"],
  ],
  ["a message over another file", { content: MESSAGE, digest: other }, ["subject-match"]],
];
for (const [name, wrong, codes] of artifacts) {
  test(`\`verifyArtifact()\` refuses ${name}`, async (t) => {
    const right = { ...good, digest };
    t.is((await judge(right)).accepted, "statement");
    const result = await judge({ ...right, ...wrong });
    const refusing = result.findings.filter(({ outcome }) => outcome === "fail");
    t.deepEqual(
      refusing.map(({ code }) => code),
      codes as never,
    );
    t.is(result.accepted, undefined);
    t.is(decide(result.findings), "refused");
  });
}

test("`verifyArtifact()` refuses a digest beside the message that is not the file's", async (t) => {
  const side: Side = {
    method: "key",
    content: MESSAGE,
    signing: bare,
    edit: (json) => (json.messageSignature!.messageDigest.digest = sha("other").toString("base64")),
  };
  t.deepEqual(await codesOf(side), ["signature-valid", "subject-match"]);
});

test("`verifyArtifact()` refuses a digest by another algorithm than the key's", async (t) => {
  const content = { artifact: ARTIFACT, digestAlgorithm: "sha512" } as const;
  t.deepEqual(await codesOf({ method: "key", content, signing: bare }), ["signature-valid"]);
});

test("`verifyArtifact()` refuses a hash that is not the key's, signature and digest alike", async (t) => {
  for (const [kind, hash] of [
    ["P-256", "sha512"],
    ["P-384", "sha256"],
    ["P-521", "sha256"],
    ["rsa-2048", "sha512"],
  ] as const) {
    const keys = generateKeys(kind);
    const content = { artifact: ARTIFACT, digestAlgorithm: hash };
    const signing = { ...bare, keys, hash };
    t.deepEqual(await codesOf({ method: "key", content, signing }), ["signature-valid"], kind);
  }
});

test("`verifyArtifact()` refuses a digest whose length is not its algorithm's", async (t) => {
  const edit: Side["edit"] = (json) =>
    (json.messageSignature!.messageDigest.algorithm = "SHA2_512");
  t.deepEqual(await codesOf({ method: "key", content: MESSAGE, signing: bare, edit }), [
    "bundle-malformed",
  ]);
});

test("`verifyArtifact()` accepts one of many subjects, and any predicate where told so", async (t) => {
  const content = subjects({ sha256: sha("x").toString("hex") }, { sha1: "00", sha256: hex });
  t.is((await judge({ content, statements: "any" })).accepted, "statement");
  t.is((await judge({ content: MESSAGE })).accepted, "message signature");
});

test("`verifyArtifact()` leaves undecided what it has no digest of", async (t) => {
  const unknown: Digest = async () => undefined;
  for (const content of [PAYLOAD, MESSAGE]) {
    const result = await judge({ ...good, content, digest: unknown });
    t.is(decide(result.findings), "undecided");
    t.is(result.accepted, undefined);
  }
});

test("`verifyArtifact()` accepts nothing whose signature is wrong", async (t) => {
  const { json, trust } = make({
    method: "key",
    signing: bare,
    edit: setSignature(() => Buffer.from("x")),
  });
  const bundle = parseBundle(Buffer.from(JSON.stringify(json)));
  const result = await verifyArtifact(bundle, trust, { now: NOW, statements: "any", digest });
  t.is(result.accepted, undefined);
  t.false(result.valid);
});

test("`verifyBundle()` says which algorithm a signature has", async (t) => {
  const findings = await findingsOf({
    method: "key",
    signing: { ...bare, keys: generateKeys("P-384") },
  });
  const valid = findings.find(({ code }) => code === "signature-valid");
  t.like(valid, { outcome: "pass", message: "signature valid (P-384)" });
});

async function judge(of: ArtifactCase): Promise<Awaited<ReturnType<typeof verifyArtifact>>> {
  const { json, trust } = make({ content: of.content });
  const bundle = parseBundle(Buffer.from(JSON.stringify(json)));
  const { statements = [] } = of;
  return verifyArtifact(bundle, trust, { now: NOW, statements, digest: of.digest ?? digest });
}

function weak(kind: KeyKind, right: KeyKind): Rule {
  return {
    methods: ["key", "certificate"],
    right: { signing: { ...bare, keys: generateKeys(right) } },
    wrong: { signing: { ...bare, keys: generateKeys(kind) } },
    codes: ["key-suitable"],
  };
}

function hashed(kind: KeyKind, hash: Hash): Rule {
  const keys = generateKeys(kind);
  const signing = { ...bare, keys };
  return {
    methods: ["key", "certificate"],
    contents: [PAYLOAD],
    right: { signing },
    wrong: { signing: { ...signing, hash } },
    codes: ["signature-valid"],
  };
}

function use(kind: KeyKind): Rule {
  return {
    ...key,
    contents: [PAYLOAD],
    right: { signing: { ...bare, keys: generateKeys(kind) } },
    wrong: { options: { use: "model-signature" } },
    codes: ["key-suitable"],
  };
}

function setSignature(change: (signature: Buffer) => Buffer): NonNullable<Side["edit"]> {
  return (json) => {
    const [dsse] = json.dsseEnvelope?.signatures ?? [];
    const signature = Buffer.from(dsse?.sig ?? json.messageSignature!.signature, "base64");
    const changed = change(signature).toString("base64");
    if (dsse === undefined) json.messageSignature!.signature = changed;
    else dsse.sig = changed;
  };
}

/** The same signature with n - s for s, which verifies too (P-256). */
function malleated(der: Buffer): Buffer {
  const r = der.subarray(2, 4 + der[3]!);
  const s = der.subarray(4 + der[3]! + 2);
  const value = (P256_ORDER - BigInt(`0x${s.toString("hex")}`)).toString(16);
  const digits = Buffer.from(value.padStart(value.length + (value.length % 2), "0"), "hex");
  const padded = digits[0]! >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits;
  const body = Buffer.concat([r, Buffer.of(2, padded.length), padded]);
  return Buffer.concat([Buffer.of(0x30, body.length), body]);
}

const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
