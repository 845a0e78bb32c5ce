import { createDigester, digestLength, type HashAlgorithm } from "@mlsign/hash";
import * as hash from "@mlsign/hash";
import test from "ava";
import fc from "fast-check";
import { loadBlake3 } from "../src/blake3.ts";
import { noise } from "./files.ts";

test("the package exports these names", (t) => {
  t.snapshot(Object.keys(hash));
});

/** `abc`: RFC 6234, RFC 7693 appendix A, the BLAKE3 paper's reference code, RFC 1321. */
const vectors: [HashAlgorithm, string][] = [
  ["sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "blake2b",
    "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1" +
      "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
  ],
  ["blake3", "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85"],
  ["md5", "900150983cd24fb0d6963f7d28e17f72"],
];
for (const [algorithm, expected] of vectors) {
  test(`\`createDigester()\` gives the published ${algorithm} of abc, and starts again`, async (t) => {
    const digester = await createDigester([algorithm]);
    for (let round = 0; round < 2; round += 1) {
      for (const letter of "abc") digester.update(Buffer.from(letter));
      t.deepEqual(digester.digest(), { [algorithm]: expected });
    }
    t.is(expected.length, 2 * digestLength(algorithm));
  });
}

test("`createDigester()` gives one result however the bytes are cut", async (t) => {
  const algorithms: HashAlgorithm[] = ["sha256", "blake2b", "blake3", "md5"];
  const digester = await createDigester(algorithms);
  const sizes = fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 8 });
  const property = fc.property(sizes, (cuts) => {
    const whole = noise(cuts.reduce((sum, cut) => sum + cut, 0));
    digester.update(whole);
    const expected = digester.digest();
    let at = 0;
    for (const cut of cuts) digester.update(whole.subarray(at, (at += cut)));
    t.deepEqual(digester.digest(), expected);
  });
  t.notThrows(() => fc.assert(property));
});

test("`createDigester()` takes an algorithm named twice once", async (t) => {
  const digester = await createDigester(["sha256", "sha256"]);
  digester.update(Buffer.from("abc"));
  t.deepEqual(digester.digest(), { sha256: vectors[0]?.[1] });
});

test("`loadBlake3()` gives the same digests without the native addon", async (t) => {
  const [native, portable] = [await loadBlake3(), await loadBlake3({ native: false })];
  for (const size of [0, 1, 1023, 1024, 1025, 100_000]) {
    const bytes = noise(size);
    t.is(portable.once(bytes), native.once(bytes));
    for (const hasher of [native, portable]) {
      hasher.update(bytes.subarray(0, size >> 1));
      hasher.update(bytes.subarray(size >> 1));
    }
    const digest = native.digest();
    t.is(portable.digest(), digest);
    t.is(native.once(bytes), digest);
  }
});
