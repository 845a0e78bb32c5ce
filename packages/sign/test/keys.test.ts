import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from "node:crypto";
import { MlsignError } from "@mlsign/core";
import { generateKeyPair, keySigner, loadPrivateKey } from "@mlsign/sign";
import test from "ava";
import { ecKey, fails, keepsSecret, NO_PASSPHRASE } from "./helpers.ts";

const SECRET = "correct horse battery staple";
const { privateKey } = ecKey();
const plain = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const sec1 = privateKey.export({ type: "sec1", format: "pem" }).toString();
const encrypted = privateKey
  .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: SECRET })
  .toString();
const legacy = privateKey
  .export({ type: "sec1", format: "pem", cipher: "aes-128-cbc", passphrase: SECRET })
  .toString();
const publicPem = createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
const unasked = async (): Promise<string> => {
  throw new Error("nobody should ask");
};

const readable: [name: string, pem: string, passphrase?: string][] = [
  ["PKCS #8", plain],
  ["SEC 1", sec1],
  ["text before the key, as GnuTLS writes", `Public Key Info:\n\tcurve: P-256\n\n${sec1}`],
  ["the public key before the private one", publicPem + plain],
  ["CRLF line ends", plain.replaceAll("\n", "\r\n")],
  ["encrypted PKCS #8", encrypted, SECRET],
  ["the encrypted form of old OpenSSL", legacy, SECRET],
  ["the encrypted form of old OpenSSL with CRLF", legacy.replaceAll("\n", "\r\n"), SECRET],
];
for (const [name, pem, passphrase] of readable) {
  test(`\`loadPrivateKey()\` reads ${name}`, async (t) => {
    const key = await loadPrivateKey(
      pem,
      "m.key",
      passphrase === undefined ? unasked : async () => passphrase,
    );
    t.true(key.equals(privateKey));
  });
}

const damaged = plain.replace(/\n(.{20})/, `\n${"A".repeat(20)}`);
const unreadable: [
  name: string,
  pem: string,
  code: "key-invalid" | "passphrase-wrong" | "passphrase-missing",
  passphrase?: string,
][] = [
  ["nothing", "", "key-invalid"],
  ["a public key", publicPem, "key-invalid"],
  [
    "a certificate",
    "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    "key-invalid",
  ],
  ["a damaged key", damaged, "key-invalid"],
  ["half of a key", plain.slice(0, plain.length / 2), "key-invalid"],
  ["cosign's encrypted form", block("ENCRYPTED SIGSTORE PRIVATE KEY"), "key-invalid"],
  ["cosign's older encrypted form", block("ENCRYPTED COSIGN PRIVATE KEY"), "key-invalid"],
  ["an encrypted key without a passphrase", encrypted, "passphrase-missing"],
  ["an old encrypted key without a passphrase", legacy, "passphrase-missing"],
  ["an encrypted key and a wrong passphrase", encrypted, "passphrase-wrong", "swordfish-swordfish"],
  [
    "an old encrypted key and a wrong passphrase",
    legacy,
    "passphrase-wrong",
    "swordfish-swordfish",
  ],
  ["an encrypted key and an empty passphrase", encrypted, "passphrase-wrong", ""],
];
for (const [name, pem, code, passphrase] of unreadable) {
  test(`\`loadPrivateKey()\` refuses ${name}`, async (t) => {
    const lines = pem.split("\n").filter((line) => line.length > 20 && !line.startsWith("-----"));
    const secrets = [SECRET, ...lines, ...(passphrase ? [passphrase] : [])];
    const error = await fails(
      t,
      loadPrivateKey(pem, "m.key", async () => passphrase),
      code,
      secrets,
    );
    t.regex(error.message, /m\.key/);
  });
}

test("`loadPrivateKey()` says what a public key and cosign's form need", async (t) => {
  const of = async (pem: string): Promise<string | undefined> =>
    (await fails(t, loadPrivateKey(pem, "m.key", NO_PASSPHRASE), "key-invalid")).hint;
  t.regex((await of(publicPem)) ?? "", /public key/);
  t.regex((await of(block("ENCRYPTED SIGSTORE PRIVATE KEY"))) ?? "", /keygen/);
  t.is(await of("nothing"), undefined);
});

const rsa = (modulusLength: number): KeyObject =>
  generateKeyPairSync("rsa", { modulusLength }).privateKey;
const unsuitable: [name: string, key: KeyObject, use: "model-signature" | "claim"][] = [
  ["a key on secp256k1", ecKey("secp256k1").privateKey, "claim"],
  ["a key on a Brainpool curve", ecKey("brainpoolP256r1").privateKey, "claim"],
  ["an RSA key of 2048 bits, for claims", rsa(2048), "claim"],
  ["an RSA key, for models", rsa(3072), "model-signature"],
  ["an Ed25519 key, for models", generateKeyPairSync("ed25519").privateKey, "model-signature"],
  ["an Ed448 key", generateKeyPairSync("ed448").privateKey, "claim"],
  ["an X25519 key", generateKeyPairSync("x25519").privateKey, "claim"],
  ["an RSA-PSS key", generateKeyPairSync("rsa-pss", { modulusLength: 3072 }).privateKey, "claim"],
];
for (const [name, key, use] of unsuitable) {
  test(`\`keySigner()\` refuses ${name}`, (t) => {
    const error = t.throws(() => keySigner(key, use), { instanceOf: MlsignError });
    t.is(error.code, "key-unsuitable");
    t.truthy(error.hint);
  });
}

const suitable: [name: string, key: KeyObject, use: "model-signature" | "claim"][] = [
  ["P-256", ecKey().privateKey, "model-signature"],
  ["P-384", ecKey("P-384").privateKey, "model-signature"],
  ["P-521", ecKey("P-521").privateKey, "model-signature"],
  ["Ed25519", generateKeyPairSync("ed25519").privateKey, "claim"],
  ["RSA-3072", rsa(3072), "claim"],
];
for (const [name, key, use] of suitable) {
  test(`\`keySigner()\` signs with ${name}`, async (t) => {
    const data = randomBytes(100);
    const signed = await keySigner(key, use).sign(data);
    t.is(signed.algorithm.name, name);
    t.deepEqual(signed.certificates, []);
    t.true(signed.algorithm.verify(data, signed.publicKey, signed.signature));
    t.false(signed.algorithm.verify(randomBytes(100), signed.publicKey, signed.signature));
    t.true(signed.publicKey.equals(createPublicKey(key)));
  });
}

test("`generateKeyPair()` makes a pair that fits, encrypted where asked", async (t) => {
  for (const passphrase of [undefined, SECRET]) {
    const pair = generateKeyPair(passphrase);
    t.is(pair.privateKey.includes("ENCRYPTED"), passphrase !== undefined);
    const key = await loadPrivateKey(pair.privateKey, "m.key", async () => passphrase);
    t.true(createPublicKey(key).equals(createPublicKey(pair.publicKey)));
    t.is(key.asymmetricKeyDetails?.namedCurve, "prime256v1");
  }
});

test("`loadPrivateKey()` throws nothing of the key when that is not for signing", async (t) => {
  const dh = generateKeyPairSync("x25519")
    .privateKey.export({ type: "pkcs8", format: "pem" })
    .toString();
  const key = await loadPrivateKey(dh, "m.key", unasked);
  const error = t.throws(() => keySigner(key, "claim"), { instanceOf: MlsignError });
  keepsSecret(
    t,
    error,
    dh.split("\n").filter((line) => line.length > 40 && !line.startsWith("-")),
  );
  t.true(key.equals(createPrivateKey(dh)));
});

function block(label: string): string {
  return `-----BEGIN ${label}-----\n${randomBytes(48).toString("base64")}\n-----END ${label}-----\n`;
}
