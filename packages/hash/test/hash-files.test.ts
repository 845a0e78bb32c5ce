import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Progress } from "@mlsign/core";
import { type FileDigests, hashFiles, type HashJob } from "@mlsign/hash";
import test from "ava";
import { Results } from "../src/results.ts";
import { hex, jobOf, noise, sparseJob, temporary } from "./files.ts";

const CHANGED = { code: "file-changed-while-hashing" } as object;
const SHA256 = { algorithms: ["sha256"] } as const;
const MiB = 1024 * 1024;

/** Sizes around the buffer's, where one way of reading goes over into the other. */
const sizes = [0, 1, 4096, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3 * MiB + 5];
for (const workers of [0, 1, 3]) {
  test(`\`hashFiles()\` digests files of any size with ${workers} workers`, async (t) => {
    const directory = temporary(t);
    const contents = sizes.map((size, at) => noise(size, at));
    const jobs = contents.map((content, at) => jobOf(directory, `f${at}`, content));
    const results = await hashFiles(jobs, { algorithms: ["sha256", "blake2b", "md5"], workers });
    const expected = contents.map((content) => ({
      digests: {
        sha256: hex("sha256", content),
        blake2b: hex("blake2b512", content),
        md5: hex("md5", content),
      },
      ranges: [],
    }));
    t.deepEqual(results, expected);
  });

  test(`\`hashFiles()\` digests ranges with ${workers} workers`, async (t) => {
    const content = noise(2 * MiB + 3);
    const job = jobOf(temporary(t), "f", content);
    const ranges = cut(content.length, 300_001);
    const expected = ranges.map(([start, end]) => {
      return { sha256: hex("sha256", content.subarray(start, end)) };
    });
    const spread = await hashFiles([{ ...job, ranges }], { rangeAlgorithms: ["sha256"], workers });
    t.deepEqual(spread, [{ digests: {}, ranges: expected }]);
    const both = {
      algorithms: ["blake3", "sha256"],
      rangeAlgorithms: ["sha256"],
      workers,
    } as const;
    const [together] = await hashFiles([{ ...job, ranges }], both);
    t.deepEqual(together?.ranges, expected);
    t.is(together?.digests.sha256, hex("sha256", content));
    t.is(together?.digests.blake3?.length, 64);
  });

  test(`\`hashFiles()\` names the file at fault with ${workers} workers`, async (t) => {
    const directory = temporary(t);
    const jobs = Array.from({ length: 40 }, (_, at) => jobOf(directory, `f${at}`, noise(9000)));
    appendFileSync(join(directory, "f23"), "more");
    await t.throwsAsync(hashFiles(jobs, { ...SHA256, workers }), {
      ...CHANGED,
      message: /"f23": it has 9004 bytes, had 9000/,
    });
  });
}

/** What happened to a file between its listing and its turn. */
const attacks: [string, (path: string) => void][] = [
  ["grew", (path) => appendFileSync(path, "x")],
  ["shrank", (path) => truncateSync(path, 3)],
  ["vanished", (path) => unlinkSync(path)],
  [
    "was replaced by a file of the same size",
    (path) => {
      writeFileSync(`${path}.new`, "9876543210");
      renameSync(`${path}.new`, path);
    },
  ],
  [
    "was replaced by a link to itself elsewhere",
    (path) => {
      renameSync(path, `${path}.old`);
      symlinkSync(`${path}.old`, path);
    },
  ],
  [
    "became a FIFO, which must not hang",
    (path) => {
      unlinkSync(path);
      execFileSync("mkfifo", [path]);
    },
  ],
];
for (const [what, attack] of attacks) {
  for (const ranges of [undefined, [[0, 10]] as const]) {
    test(`\`hashFiles()\` refuses a file that ${what} after it was listed${ranges === undefined ? "" : ", in ranges"}`, async (t) => {
      const job = jobOf(temporary(t), "f", "0123456789");
      attack(job.path);
      const options = { ...SHA256, rangeAlgorithms: ["sha256"] } as const;
      await t.throwsAsync(hashFiles([{ ...job, ranges }], options), CHANGED);
    });
  }
}

/** What happens while the file is open and partly read. */
const midway: [string, (path: string) => void][] = [
  ["grows", (path) => appendFileSync(path, "x")],
  ["shrinks", (path) => truncateSync(path, 30 * MiB)],
  ["is written to in place", (path) => writeFileSync(path, "new", { flag: "r+" })],
  ["vanishes", (path) => unlinkSync(path)],
  ["is replaced", (path) => renameSync(jobAside(path), path)],
];
for (const [what, attack] of midway) {
  test(`\`hashFiles()\` refuses a file that ${what} while it is read`, async (t) => {
    const job = sparseJob(temporary(t), "f", 64 * MiB);
    let done = false;
    // This thread reads 2 MiB at a time, so that the first pause is well before the end.
    const pause = setImmediate(function again() {
      if (done) return;
      attack(job.path);
      done = true;
    });
    await t.throwsAsync(hashFiles([job], { ...SHA256, workers: 0 }), CHANGED);
    clearImmediate(pause);
    t.true(done);
  });
}

test("`hashFiles()` refuses readers of one file that saw it in two states", (t) => {
  const part = { job: 0, digests: {}, ranges: [{ sha256: "" }] };
  const results = new Results();
  results.add({ ...part, firstRange: 1, stamp: "one" });
  results.add({ ...part, firstRange: 0, stamp: "one" });
  t.is(results.finish(1)[0]?.ranges.length, 2);
  results.add({ ...part, firstRange: 2, stamp: "two" });
  t.throws(() => results.finish(1), { code: "file-changed-while-hashing" } as object);
});

test("`hashFiles()` says what cannot be read, and does not call it a change", async (t) => {
  const directory = temporary(t);
  const name = "x".repeat(300);
  const job: HashJob = { path: join(directory, name), name, size: 1 };
  await t.throwsAsync(hashFiles([job], SHA256), { code: "file-unreadable" } as object);
});

test("`hashFiles()` refuses ranges that leave a gap, overlap, or end elsewhere", async (t) => {
  const job = jobOf(temporary(t), "f", "0123456789");
  const wrong: [number, number][][] = [
    [[0, 4]],
    [
      [0, 4],
      [5, 10],
    ],
    [
      [0, 6],
      [5, 10],
    ],
    [[0, 11]],
    [
      [0, 0],
      [0, 10],
    ],
  ];
  for (const ranges of wrong) {
    const options = { rangeAlgorithms: ["sha256"] } as const;
    await t.throwsAsync(hashFiles([{ ...job, ranges }], options), { instanceOf: RangeError });
  }
});

for (const workers of [0, 2]) {
  test(`\`hashFiles()\` stops when it is told to, with ${workers} workers`, async (t) => {
    const directory = temporary(t);
    const jobs = ["a", "b", "c", "d"].map((name) => sparseJob(directory, name, 1024 * MiB));
    const abort = new AbortController();
    setTimeout(() => abort.abort(new Error("enough")), 30);
    const told: number[] = [];
    const onProgress = ({ done }: Progress) => told.push(done);
    const options = { ...SHA256, workers, signal: abort.signal, onProgress };
    await t.throwsAsync(hashFiles(jobs, options), { message: "enough" });
    t.true((told.at(-1) ?? 0) < 4096 * MiB);
    await t.throwsAsync(hashFiles(jobs, options), { message: "enough" });
  });

  test(`\`hashFiles()\` tells how far it is, and ends with the total, with ${workers} workers`, async (t) => {
    const directory = temporary(t);
    const jobs = ["a", "b", "c"].map((name) => sparseJob(directory, name, 128 * MiB));
    const told: Progress[] = [];
    await hashFiles(jobs, { ...SHA256, workers, onProgress: (progress) => told.push(progress) });
    t.true(told.length >= 2);
    t.deepEqual(told.at(-1), { step: "hash", done: 384 * MiB, total: 384 * MiB, unit: "bytes" });
    const steps = told.map(({ done }) => done);
    t.deepEqual(
      steps,
      steps.toSorted((a, b) => a - b),
    );
  });
}

test("`hashFiles()` copies the bytes that it hashed into new files", async (t) => {
  const directory = temporary(t);
  const contents = [noise(10), noise(0), noise(700_000)];
  const jobs = contents.map((content, at) => {
    return { ...jobOf(directory, `f${at}`, content), copyTo: join(directory, `copy${at}`) };
  });
  const results: FileDigests[] = await hashFiles(jobs, { ...SHA256, workers: 1 });
  for (const [at, { copyTo }] of jobs.entries()) {
    t.is(results[at]?.digests.sha256, hex("sha256", readFileSync(copyTo)));
    t.deepEqual(readFileSync(copyTo), contents[at]);
  }
  await t.throwsAsync(hashFiles(jobs, SHA256), { code: "output-exists" } as object);
});

test("`hashFiles()` writes no copy through a link or to a place that is not there", async (t) => {
  const directory = temporary(t);
  const job = jobOf(directory, "f", "content");
  symlinkSync(join(directory, "victim"), join(directory, "link"));
  const copies: [string, string][] = [
    ["link", "output-exists"],
    ["nowhere/f", "file-unwritable"],
  ];
  for (const [copy, code] of copies) {
    const jobs = [{ ...job, copyTo: join(directory, copy) }];
    await t.throwsAsync(hashFiles(jobs, SHA256), { code } as object);
  }
  t.throws(() => readFileSync(join(directory, "victim")), { code: "ENOENT" } as object);
});

test("`hashFiles()` of nothing is nothing", async (t) => {
  t.deepEqual(await hashFiles([], SHA256), []);
});

function cut(size: number, step: number): [number, number][] {
  return Array.from({ length: Math.ceil(size / step) }, (_, at) => {
    return [at * step, Math.min(size, (at + 1) * step)];
  });
}

function jobAside(path: string): string {
  return sparseJob(join(path, ".."), "aside", 64 * MiB).path;
}
