import { readFileSync } from "node:fs";
import { join } from "node:path";
import { hashStream, type StreamJob } from "@mlsign/hash";
import test from "ava";
import fc from "fast-check";
import { hex, noise, temporary } from "./files.ts";

const SHA256 = { algorithms: ["sha256"] } as const;

test("`hashStream()` digests ranges wherever the pieces are cut", async (t) => {
  const content = noise(1000);
  const ranges = [
    [0, 300],
    [300, 600],
    [600, 900],
    [900, 1000],
  ] as const;
  const expected = ranges.map(([start, end]) => ({
    sha256: hex("sha256", content.subarray(start, end)),
  }));
  const options = { ...SHA256, rangeAlgorithms: ["sha256"] } as const;
  const property = fc.asyncProperty(fc.integer({ min: 1, max: 1100 }), async (step) => {
    const job = { name: "f", size: content.length, ranges, chunks: pieces(content, step) };
    const [result] = await hashStream([job], options);
    t.deepEqual(result, { digests: { sha256: hex("sha256", content) }, ranges: expected });
  });
  await t.notThrowsAsync(fc.assert(property, { numRuns: 30 }));
});

test("`hashStream()` refuses more or fewer bytes than a file was listed with", async (t) => {
  for (const size of [0, 9, 11]) {
    const job: StreamJob = { name: "f", size, chunks: [Buffer.from("0123456789")] };
    await t.throwsAsync(hashStream([job], SHA256), {
      code: "file-changed-while-hashing",
    } as object);
  }
});

test("`hashStream()` copies what it hashes, and leaves no copy of a file that is cut short", async (t) => {
  const directory = temporary(t);
  const [whole, short] = [join(directory, "whole"), join(directory, "short")];
  const chunks = [Buffer.from("01234"), Buffer.from("56789")];
  await hashStream([{ name: "f", size: 10, chunks, copyTo: whole }], SHA256);
  t.is(readFileSync(whole, "utf8"), "0123456789");
  const job = { name: "f", size: 12, chunks, copyTo: short };
  await t.throwsAsync(hashStream([job], SHA256), { code: "file-changed-while-hashing" } as object);
  t.throws(() => readFileSync(short), { code: "ENOENT" } as object);
  const again = { name: "f", size: 10, chunks, copyTo: whole };
  await t.throwsAsync(hashStream([again], SHA256), { code: "output-exists" } as object);
});

test("`hashStream()` stops when it is told to", async (t) => {
  const abort = new AbortController();
  const chunks = (function* () {
    yield Buffer.alloc(10);
    abort.abort(new Error("enough"));
    yield Buffer.alloc(10);
  })();
  const job = { name: "f", size: 20, chunks };
  await t.throwsAsync(hashStream([job], { ...SHA256, signal: abort.signal }), {
    message: "enough",
  });
});

function* pieces(content: Buffer, step: number): Generator<Buffer> {
  for (let at = 0; at < content.length; at += step) yield content.subarray(at, at + step);
}
