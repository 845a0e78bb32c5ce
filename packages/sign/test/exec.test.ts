import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execSigner } from "@mlsign/sign";
import test, { type ExecutionContext } from "ava";
import { ecKey, fails, temporary } from "./helpers.ts";

const DATA = Buffer.from("what is signed");

/**
 * A program that signs, in Node: `answer` is the body of a function of `request`, `key`, `pem`
 * (its public key) and `signature`, which signs the data of the test where its digest fits.
 */
function program(t: ExecutionContext, key: KeyObject, answer: string): string {
  const file = join(temporary(t), "signer.mjs");
  const pem = key.export({ type: "pkcs8", format: "pem" }).toString();
  const source = `#!${process.execPath}
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
const key = createPrivateKey(${JSON.stringify(pem)});
const pem = createPublicKey(key).export({ type: "spki", format: "pem" });
const data = Buffer.from(${JSON.stringify(DATA.toString("base64"))}, "base64");
let text = "";
for await (const chunk of process.stdin) text += chunk;
const request = JSON.parse(text);
function signature(dsaEncoding = "der") {
  const digest = createHash(request.hash).update(data).digest("base64");
  if (digest !== request.digest) throw new Error("another digest");
  return sign(request.hash, data, { key, dsaEncoding }).toString("base64");
}
const put = (value) => process.stdout.write(typeof value === "string" ? value : JSON.stringify(value));
${answer}
`;
  writeFileSync(file, source);
  chmodSync(file, 0o755);
  return file;
}

const honest = (signature = "signature()"): string =>
  `put(request.operation === "public-key" ? { publicKey: pem } : { signature: ${signature} });`;

const curves: [curve: string, encoding: string][] = [
  ["P-256", "der"],
  ["P-256", "ieee-p1363"],
  ["P-384", "ieee-p1363"],
  ["P-521", "ieee-p1363"],
];
for (const [curve, encoding] of curves) {
  test(`\`execSigner()\` signs with ${curve}, answered as ${encoding}`, async (t) => {
    const { privateKey, publicKey } = ecKey(curve);
    const path = program(t, privateKey, honest(`signature("${encoding}")`));
    const signer = execSigner(path, { use: "model-signature" });
    for (let round = 0; round < 3; round += 1) {
      const signed = await signer.sign(DATA);
      t.true(signed.publicKey.equals(publicKey));
      t.true(signed.algorithm.verify(DATA, publicKey, signed.signature), "as DER");
    }
  });
}

test("`execSigner()` sends one JSON request with the version, the hash and the digest", async (t) => {
  const { privateKey } = ecKey("P-384");
  const path = program(
    t,
    privateKey,
    `if (request.version !== 1 || Object.keys(request).length > 4) process.exit(9);
     ${honest()}`,
  );
  await t.notThrowsAsync(execSigner(path, { use: "claim" }).sign(DATA));
});

const SECRET = "hunter2-hunter2-hunter2";
const failing: [name: string, answer: string, message: RegExp][] = [
  [
    "signs something else",
    honest('sign(request.hash, Buffer.from("x"), key).toString("base64")'),
    /does not verify/,
  ],
  ["answers with no signature", honest("undefined"), /no "signature"/],
  ["answers with an empty signature", honest('""'), /does not verify/],
  ["answers with a signature that is no base64", honest('"%%%"'), /does not verify/],
  ["answers with garbage", 'put("<html>");', /Cannot parse JSON/],
  ["answers with nothing", "", /Cannot parse JSON/],
  ["answers with a list", "put([]);", /not a JSON object/],
  ["answers with a duplicate key", 'put(`{"publicKey":"","publicKey":""}`);', /duplicate key/],
  ["answers with two documents", `${honest()} put("{}");`, /Cannot parse JSON/],
  ["answers with a public key that is none", "put({ publicKey: 'x' });", /public key is malformed/],
  ["prints too much", 'put("x".repeat(2 * 1024 * 1024));', /printed too much/],
  ["fails", `console.error("${SECRET}"); put("${SECRET}"); process.exit(3);`, /ended with 3$/],
  ["is killed", 'process.kill(process.pid, "SIGABRT");', /ended with SIGABRT$/],
];
for (const [name, answer, message] of failing) {
  test(`\`execSigner()\` fails where the program ${name}`, async (t) => {
    const path = program(t, ecKey().privateKey, answer);
    const signing = execSigner(path, { use: "model-signature" }).sign(DATA);
    const error = await fails(t, signing, "signer-failed", [SECRET]);
    t.regex(error.message, message);
    t.true(error.message.includes(path));
  });
}

for (const stubborn of [false, true]) {
  const name = stubborn ? "hangs and ignores SIGTERM" : "hangs";
  test(`\`execSigner()\` fails where the program ${name}`, async (t) => {
    const deaf = stubborn ? 'process.on("SIGTERM", () => {});' : "";
    const path = program(t, ecKey().privateKey, `${deaf} setInterval(() => {}, 1000);`);
    const signing = execSigner(path, { use: "model-signature", timeoutMs: 700 }).sign(DATA);
    const error = await fails(t, signing, "signer-failed");
    t.regex(error.message, /did not end in time/);
  });
}

test("`execSigner()` fails where there is no program, or none that can be run", async (t) => {
  const path = program(t, ecKey().privateKey, honest());
  chmodSync(path, 0o644);
  for (const missing of [path, `${path}.none`, "mlsign-no-such-program"]) {
    const error = await fails(t, execSigner(missing, { use: "claim" }).sign(DATA), "signer-failed");
    t.regex(error.message, /cannot be run \((?:EACCES|ENOENT)\)/);
  }
});

test("`execSigner()` runs no shell", async (t) => {
  const path = program(t, ecKey().privateKey, honest());
  const error = await fails(
    t,
    execSigner(`${path}; true`, { use: "claim" }).sign(DATA),
    "signer-failed",
  );
  t.regex(error.message, /ENOENT/);
});

test("`execSigner()` refuses keys that are not for this use", async (t) => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 3072 }).privateKey;
  const path = program(t, rsa, honest());
  await fails(t, execSigner(path, { use: "model-signature" }).sign(DATA), "key-unsuitable");
  await t.notThrowsAsync(execSigner(path, { use: "claim" }).sign(DATA));
  const ed25519 = program(t, generateKeyPairSync("ed25519").privateKey, honest());
  await fails(t, execSigner(ed25519, { use: "claim" }).sign(DATA), "signer-failed");
});
