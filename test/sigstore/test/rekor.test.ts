import test from "ava";
import {
  generateKeys,
  hashOf,
  keyDetailsOf,
  type KeyKind,
  type Keys,
  pae,
  recoverKeys,
  sha,
  signWith,
  startSigstore,
} from "../src/index.ts";
import { PAYLOAD, postJson } from "./helpers.ts";

const sigstore = await startSigstore();
test.after.always(() => sigstore.close());
const TYPE = "application/vnd.in-toto+json";

const post1 = (body: unknown): Promise<Response> =>
  postJson(`${sigstore.urls.rekor1}/api/v1/log/entries`, body);
const post2 = (body: unknown): Promise<Response> =>
  postJson(`${sigstore.urls.rekor2}/api/v2/log/entries`, body);

function dsse(keys: Keys, hash?: "sha256"): object {
  const sig = signWith(keys, pae(TYPE, PAYLOAD), hash).toString("base64");
  const envelope = {
    payload: PAYLOAD.toString("base64"),
    payloadType: TYPE,
    signatures: [{ sig }],
  };
  const verifiers = [Buffer.from(keys.pem).toString("base64")];
  const proposedContent = { envelope: JSON.stringify(envelope), verifiers };
  return { apiVersion: "0.0.1", kind: "dsse", spec: { proposedContent } };
}

function hashedRekord(keys: Keys, digest: Buffer, signature: Buffer): object {
  const content = Buffer.from(keys.pem).toString("base64");
  const spec = {
    data: { hash: { algorithm: hashOf(keys.publicKey), value: digest.toString("hex") } },
    signature: { content: signature.toString("base64"), publicKey: { content } },
  };
  return { apiVersion: "0.0.1", kind: "hashedrekord", spec };
}

function version2(keys: Keys, digest: Buffer, signature: Buffer): object {
  const verifier = {
    publicKey: { rawBytes: keys.spki.toString("base64") },
    keyDetails: keyDetailsOf(keys.publicKey),
  };
  return {
    hashedRekordRequestV002: {
      digest: digest.toString("base64"),
      signature: { content: signature.toString("base64"), verifier },
    },
  };
}

function signed(kind: KeyKind): { keys: Keys; digest: Buffer; signature: Buffer } {
  const keys = generateKeys(kind);
  const digest = sha(PAYLOAD, hashOf(keys.publicKey));
  return { keys, digest, signature: signWith(keys, PAYLOAD) };
}

test("Rekor v1 answers 409 with the entry's place for a duplicate", async (t) => {
  const body = dsse(generateKeys());
  t.is((await post1(body)).status, 201);
  const again = await post1(body);
  t.is(again.status, 409);
  const location = again.headers.get("location") ?? "";
  const entry = await fetch(new URL(location, sigstore.urls.rekor1));
  const [uuid] = Object.keys((await entry.json()) as object);
  t.true(location.endsWith(uuid ?? "none"));
});

test("Rekor v1 hashes DSSE with SHA-256 whatever the key", async (t) => {
  const keys = generateKeys("P-384");
  t.is((await post1(dsse(keys))).status, 400);
  t.is((await post1(dsse(keys, "sha256"))).status, 201);
});

for (const kind of ["P-256", "P-384", "P-521", "rsa-2048"] as const) {
  test(`both logs verify a ${kind} signature over a digest`, async (t) => {
    const { keys, digest, signature } = signed(kind);
    const other = sha("other", hashOf(keys.publicKey));
    if (kind !== "rsa-2048") t.is((await post1(hashedRekord(keys, other, signature))).status, 400);
    t.is((await post1(hashedRekord(keys, digest, signature))).status, 201);
    t.is((await post2(version2(keys, other, signature))).status, 400);
    t.is((await post2(version2(keys, digest, signature))).status, 201);
  });
}

test("Rekor v2 refuses a duplicate, DSSE, pure Ed25519 and a foreign algorithm", async (t) => {
  const { keys, digest, signature } = signed("P-256");
  t.is((await post2(version2(keys, digest, signature))).status, 201);
  const again = await post2(version2(keys, digest, signature));
  t.is(again.status, 409);
  t.is(((await again.json()) as { code: number }).code, 6);
  const dsseAnswer = await post2({ dsseRequestV002: {} });
  t.is(dsseAnswer.status, 400);
  t.is(
    ((await dsseAnswer.json()) as { message: string }).message,
    "invalid type, must be hashedrekord",
  );
  const edwards = generateKeys("ed25519");
  t.is((await post2(version2(edwards, digest, signWith(edwards, PAYLOAD)))).status, 400);
  const weak = signed("rsa-1024");
  t.is((await post2(version2(weak.keys, weak.digest, weak.signature))).status, 400);
});

test("`recoverKeys()` finds a second key that an honest log takes", async (t) => {
  const { keys, digest, signature } = signed("P-256");
  const others = recoverKeys(keys.publicKey, digest, signature).filter(
    (key) => !key.equals(keys.publicKey),
  );
  t.is(others.length, 1);
  const pem = others[0]!.export({ format: "pem", type: "spki" }).toString();
  t.is((await post1(hashedRekord({ ...keys, pem }, digest, signature))).status, 201);
});
