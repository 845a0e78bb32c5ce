/** Damaged files: never a crash, never a hang, and no damage makes a dangerous file a good one unnoticed. */
import { deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import test from "ava";
import fc from "fast-check";
import { worse } from "../src/report.ts";
import { scanSource } from "../src/scan-source.ts";
import { bufferSource } from "../src/source.ts";
import { tar, zip } from "./archives.ts";
import { gguf, npyOf, onnx, safetensors, savedModel } from "./numbers.ts";
import { calling, npyOfObjects } from "./pickle-assembler.ts";

const EVIL = calling("os", "system", "id");
const F32 = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
const SEEDS: Readonly<Record<string, Buffer>> = {
  zip: zip([
    { name: "a", data: EVIL },
    { name: "b", data: "text", method: 8 },
  ]),
  "packed zip": zip([{ name: "m/data.pkl", data: EVIL, method: 8, deferred: true }]),
  tar: tar([
    { name: "a", data: EVIL },
    { name: "b", data: "text" },
  ]),
  gzip: gzipSync(EVIL),
  zlib: deflateSync(EVIL),
  zstd: zstdCompressSync(EVIL),
  lz4: Buffer.concat([
    Buffer.from("04224d1864400a", "hex"),
    Buffer.from([EVIL.length + 2, 0, 0, 0, 0xf0, EVIL.length - 15]),
    EVIL,
    Buffer.from([0, 0, 0, 0, 1, 2, 3, 4]),
  ]),
  npy: npyOfObjects(EVIL),
  numbers: npyOf("[('a', '<f4'), ('b', '<i2', (3,))]", "(2,)", Buffer.alloc(20)),
  safetensors: safetensors({ a: F32 }, Buffer.alloc(8)),
  gguf: gguf({
    tensors: [{ name: "w", size: 8, offset: 0 }],
    data: 32,
    keys: [
      ["tokenizer.chat_template", "{{ x.__class__ }}"],
      ["a", ["b", "c"]],
    ],
  }),
  onnx: onnx({ domain: "my.ops", location: "../x" }),
  "saved model": savedModel("ReadFile"),
  json: Buffer.from(
    '{"class_name": "Lambda", "config": {"function": ["4wEAAAAA"]}, "x": [1, {"y": "\\u0041"}]}',
  ),
  hdf5: Buffer.concat([
    Buffer.from("\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0", "latin1"),
    Buffer.alloc(80),
    Buffer.from('{"class_name": "Lambda", "config": {}}'),
  ]),
};

for (const [name, seed] of Object.entries(SEEDS)) {
  test(`scanSource() survives every cut of ${name}`, async (t) => {
    for (let length = 0; length < seed.length; length += 1) {
      await t.notThrowsAsync(scanSource("m", bufferSource(seed.subarray(0, length))));
    }
  });

  test(`scanSource() survives flips, insertions and repeats in ${name}`, async (t) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            at: fc.nat(seed.length - 1),
            bytes: fc.uint8Array({ minLength: 0, maxLength: 9 }),
            removed: fc.nat(9),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        async (changes) => {
          let file = seed;
          for (const { at, bytes, removed } of changes) {
            file = Buffer.concat([file.subarray(0, at), bytes, file.subarray(at + removed)]);
          }
          const { verdict, observations } = await scanSource("m", bufferSource(file));
          return observations.every((each) => worse(verdict, each.verdict) === verdict);
        },
      ),
      { numRuns: 300 },
    );
    t.pass();
  });
}

test("scanSource() judges stored bytes in a zip whatever one byte of its headers says", async (t) => {
  const file = SEEDS.zip ?? Buffer.alloc(0);
  const payload = file.indexOf(EVIL);
  const missed: number[] = [];
  for (let at = 0; at < file.length; at += 1) {
    if (at >= payload && at < payload + EVIL.length) continue;
    for (const bit of [1, 8, 128]) {
      const changed = Buffer.from(file);
      changed[at] = (changed[at] ?? 0) ^ bit;
      const { verdict } = await scanSource("m", bufferSource(changed));
      if (verdict !== "dangerous" && verdict !== "unscannable") missed.push(at);
    }
  }
  // Dates, attributes and versions may change as they like; nothing turns the archive into a good one.
  t.deepEqual(missed, []);
});

test("scanSource() ends in time with headers that promise much", async (t) => {
  const started = performance.now();
  const many = Buffer.alloc(64, 0xff);
  const files = [
    gguf({ keys: [["a", ["b"]]] }).fill(0xff, 16, 20),
    Buffer.concat([Buffer.from("GGUF\x03\0\0\0", "latin1"), many]),
    Buffer.concat([Buffer.from("\x93NUMPY\x02\0", "latin1"), many]),
    Buffer.from("[".repeat(200_000)),
    Buffer.from('{"a":'.repeat(100_000)),
    Buffer.concat([SEEDS.hdf5 ?? Buffer.alloc(0), Buffer.from('{"a":'.repeat(400_000))]),
    Buffer.concat([SEEDS.hdf5 ?? Buffer.alloc(0), Buffer.from('{"'.repeat(500_000))]),
    Buffer.from(`{"chat_template": "${"{{ x | ".repeat(100_000)}"}`),
    Buffer.from("_target_: ".repeat(200_000)),
    Buffer.from(`${"- ".repeat(300_000)}!!python/object`),
    Buffer.from(`${"a ".repeat(1_000_000)}: !!python/object`),
  ];
  for (const file of files) await scanSource("model.yaml", bufferSource(file));
  const seconds = (performance.now() - started) / 1000;
  t.true(seconds < 20, `${seconds} s`);
});
