import { createPublicKey, verify } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import {
  cosignHint,
  IN_TOTO,
  legacyPae,
  namesKey,
  omsHint,
  pae,
  parseBundle,
} from "@mlsign/bundle";
import test from "ava";
import fc from "fast-check";

const VECTORS = resolve(import.meta.dirname, "../../../../shared/vectors/oms");

const paes: [type: string, body: string, encoded: string][] = [
  [
    "http://example.com/HelloWorld",
    "hello world",
    "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
  ],
  ["", "", "DSSEv1 0  0 "],
  ["t", "é", "DSSEv1 1 t 2 é"],
  ["é", "b", "DSSEv1 2 é 1 b"],
];
for (const [type, body, encoded] of paes) {
  test(`\`pae()\` encodes "${body}" of type "${type}"`, (t) => {
    t.is(pae(type, Buffer.from(body)).toString(), encoded);
  });
}

test("`pae()` gives no two inputs one encoding", (t) => {
  const input = fc.tuple(fc.string(), fc.uint8Array({ maxLength: 40 }));
  const property = fc.property(input, input, ([typeA, a], [typeB, b]) => {
    const same = typeA === typeB && Buffer.compare(a, b) === 0;
    return same === pae(typeA, a).equals(pae(typeB, b));
  });
  fc.assert(property, { numRuns: 1000 });
  t.notDeepEqual(pae("a 1", Buffer.from("b")), pae("a", Buffer.from("1 b")));
});

// What Python's repr() prints for these bytes.
const reprs: [bytes: string, repr: string][] = [
  ["", "b''"],
  ["7b7d", "b'{}'"],
  ["0a0d09", String.raw`b'\n\r\t'`],
  ["00077fff", String.raw`b'\x00\x07\x7f\xff'`],
  ["5c", String.raw`b'\\'`],
  ["27", `b"'"`],
  ["22", `b'"'`],
  ["2722", String.raw`b'\'"'`],
  ["c3a9", String.raw`b'\xc3\xa9'`],
];
for (const [hex, repr] of reprs) {
  test(`\`legacyPae()\` writes ${hex || "nothing"} as Python does`, (t) => {
    const bytes = Buffer.from(hex, "hex");
    t.is(legacyPae("t", bytes).toString("latin1"), `DSSEV1 1 t ${bytes.length} ${repr}`);
  });
}

if (existsSync(VECTORS)) {
  test("`legacyPae()` is what release 0.2 signed, with SHA-256 whatever the curve", (t) => {
    const file = "historical/historical-v0.2.0-certificate/bundle.sig";
    const { content, material } = parseBundle(readFileSync(resolve(VECTORS, file)));
    if (content.kind !== "dsse" || material.kind !== "certificate") return t.fail();
    const pem = readFileSync(resolve(VECTORS, "keys/certificate/signing-key-pub.pem"));
    const key = createPublicKey(pem);
    const signed = legacyPae(content.payloadType, content.payload);
    t.true(verify("sha256", signed, key, content.signature));
    t.false(verify("sha256", pae(content.payloadType, content.payload), key, content.signature));
  });

  test("`omsHint()` is that of the public vectors, whatever is around the key in its file", (t) => {
    const key = createPublicKey(
      readFileSync(resolve(VECTORS, "keys/certificate/signing-key-pub.pem")),
    );
    t.is(omsHint(key), "e8450dec4eb99dae995da9af1bc2cc9f76ed669ee2e744f57abba763df3e3f8e");
    t.is(namesKey(omsHint(key), key), "yes");
    t.is(namesKey(cosignHint(key), key), "yes");
  });
} else if (process.env["CI"]) {
  test("the public OMS vectors are there", (t) => t.fail("../shared/vectors is absent"));
} else {
  test.skip("the public OMS vectors: ../shared/vectors is absent", (t) => t.pass());
}

test("`namesKey()` tells another key's fingerprint from a name", (t) => {
  const key = createPublicKey(P256);
  const [oms, cosign] = [omsHint(key), cosignHint(key)];
  const flipped = `${oms.startsWith("0") ? "1" : "0"}${oms.slice(1)}`;
  const hints: [hint: string, named: "yes" | "no" | "unclear"][] = [
    [oms, "yes"],
    [cosign, "yes"],
    [Buffer.from(cosign, "base64").toString("hex"), "yes"],
    [flipped, "no"],
    [Buffer.alloc(32).toString("base64"), "no"],
    [oms.toUpperCase(), "unclear"],
    [oms.slice(1), "unclear"],
    ["production", "unclear"],
    ["", "unclear"],
  ];
  for (const [hint, named] of hints) t.is(namesKey(hint, key), named, hint);
  t.is(pae(IN_TOTO, Buffer.of()).toString(), "DSSEv1 28 application/vnd.in-toto+json 0 ");
});

const P256 = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt
6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
`;
