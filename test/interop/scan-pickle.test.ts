/**
 * The pickle scanner against CPython itself, against what frameworks write, and against mutations.
 * `MLSIGN_STREAMS` and `MLSIGN_SCAN_MUTANTS` are the numbers, `MLSIGN_SEED` the seed.
 */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bufferSource, openFile, type Pickle, readPickle, scanSource } from "@mlsign/scan";
import test, { type ExecutionContext } from "ava";
import { mustRun, peers, run } from "../../scripts/peers.ts";
import { available, NODE } from "./cells.ts";
import { mutated, randomOf, randomPickle } from "./pickle-streams.ts";
import { type Corpus, frameworkCorpora, othersCorpus } from "./scan-corpus.ts";
import { hostileFiles } from "./scan-hostile.ts";

const STREAMS = Number(process.env.MLSIGN_STREAMS ?? 5000);
const MUTANTS = Number(process.env.MLSIGN_SCAN_MUTANTS ?? 20_000);
const SEED = Number(process.env.MLSIGN_SEED ?? 20_261_124);
const HERE = import.meta.dirname;

interface Answer {
  readonly asked: readonly (readonly [string, string])[];
  readonly end: string;
}

test.serial(
  `readPickle() asks for the names that CPython asks for, in ${STREAMS} streams`,
  async (t) => {
    t.timeout(300_000);
    const random = randomOf(SEED);
    const files = Array.from({ length: STREAMS }, () => randomPickle(random, 5 + random(80)));
    const answers = await oracle(t, files);
    if (answers === undefined) return;
    let loaded = 0;
    let names = 0;
    const wrong: string[] = [];
    for (const [at, file] of files.entries()) {
      const { asked } = ask(file);
      const theirs = Object.entries(answers[at] ?? {});
      if (theirs.every(([, { end }]) => end === "loaded")) loaded++;
      names += asked.length;
      for (const [reader, answer] of theirs) {
        if (JSON.stringify(answer.asked) !== JSON.stringify(asked)) {
          wrong.push(`${reader}: ${answer.end}: ${file.toString("base64")}`);
        }
      }
    }
    t.log(`seed ${SEED}: ${loaded} of ${files.length} streams load, ${names} names, 4 readers`);
    t.deepEqual(wrong.slice(0, 5), []);
    // A generator whose streams all fail at once would prove nothing.
    t.true(loaded > files.length * 0.6, `${loaded} load`);
  },
);

test.serial(
  "readPickle() misses no name of a mutated stream, and tells where readers differ",
  async (t) => {
    t.timeout(300_000);
    const random = randomOf(SEED + 1);
    const files = Array.from({ length: Math.ceil(STREAMS * 0.3) }, () =>
      mutated(randomPickle(random, 5 + random(60)), random),
    );
    const answers = await oracle(t, files);
    if (answers === undefined) return;
    const counts = { equal: 0, more: 0, readersDiffer: 0, beyondLimits: 0 };
    const wrong: string[] = [];
    for (const [at, file] of files.entries()) {
      const { asked, pickle } = ask(file);
      const lists = Object.values(answers[at] ?? {}).map((answer) => answer.asked);
      const told = pickle.broken !== undefined || pickle.faults.length > 0;
      const missed = lists.some(
        (list) => JSON.stringify(asked.slice(0, list.length)) !== JSON.stringify(list),
      );
      // Of an opcode that crosses a frame's end, the unpickler in C reads other bytes from a file.
      const crosses = pickle.faults.some(({ message }) => message.includes("crosses the end"));
      const differ = new Set(lists.map((list) => JSON.stringify(list))).size > 1;
      if (missed && pickle.broken?.message === "scatters what it remembers") counts.beyondLimits++;
      else if (missed && differ && crosses) counts.readersDiffer++;
      else if (missed || (differ && !told)) wrong.push(file.toString("base64"));
      else if (differ) counts.readersDiffer++;
      else if (asked.length === lists[0]?.length) counts.equal++;
      else counts.more++;
    }
    t.log(counts);
    t.deepEqual(wrong.slice(0, 5), []);
  },
);

test.serial("scanSource() refuses every file that runs code under CPython", async (t) => {
  t.timeout(300_000);
  if (!(await available(t, { peers: ["scan-frameworks"] }))) return;
  const python = (await peers()).paths["scan-frameworks"] ?? "";
  const folder = temporary(t);
  const files = hostileFiles();
  for (const { name, file } of files) writeFileSync(join(folder, name), file);
  const lines = await mustRun(python, [join(HERE, "scan-execute.py"), folder], {
    timeout: 280_000,
  });
  const executed = new Set(
    lines
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { file: string; executed: boolean })
      .filter((each) => each.executed)
      .map((each) => each.file),
  );
  t.log(`${executed.size} of ${files.length} files run code`);
  t.true(executed.size >= 190, `${executed.size} run code`);
  const missed: string[] = [];
  for (const { name, file } of files) {
    const { verdict } = await scanSource(name, bufferSource(file));
    if (verdict === "allowed" || verdict === "safe-format") missed.push(name);
  }
  t.deepEqual(missed, []);
});

test.serial("scanSource() passes what other releases of the frameworks write", async (t) => {
  t.timeout(500_000);
  if (!(await available(t, { peers: ["scan-frameworks"] }))) return;
  let files = 0;
  const alarms: string[] = [];
  for (const corpus of await frameworkCorpora(t)) {
    const flagged: string[] = [];
    for (const name of corpus.files) {
      const source = openFile(join(corpus.folder, name));
      const { verdict, observations } = await scanSource(name, source);
      source.close();
      if (verdict === "allowed" || verdict === "safe-format") continue;
      const worst = observations.find((each) => each.verdict === verdict);
      flagged.push(`${name}: ${verdict}: ${worst?.message ?? ""}`);
    }
    t.log(`${corpus.what}: ${flagged.length} false alarms in ${corpus.files.length} files`);
    files += corpus.files.length;
    alarms.push(...flagged);
  }
  // Made by other people in the years 2010 to 2024, most of it before what the list covers.
  t.log("files of others", await verdictsOf(await othersCorpus()));
  t.true(files >= 400, `${files} files`);
  t.true(alarms.length <= files / 100, alarms.slice(0, 20).join("\n"));
});

test.serial(`scanSource() neither fails nor hangs on ${MUTANTS} mutated files`, async (t) => {
  t.timeout(500_000);
  const random = randomOf(SEED + 2);
  const bases = hostileFiles()
    .map(({ file }) => file)
    .filter((file) => file.length < 20_000);
  const corpora = (await peers()).paths["scan-frameworks"] ? await frameworkCorpora(t) : [];
  for (const { folder, files } of corpora) {
    for (const name of files.filter((_, at) => at % 5 === 0)) {
      const file = readFileSync(join(folder, name));
      if (file.length < 60_000) bases.push(file);
    }
  }
  const verdicts: Record<string, number> = {};
  const failures: string[] = [];
  let slowest = 0;
  for (let i = 0; i < MUTANTS; i++) {
    const file = mutated(bases[i % bases.length] ?? Buffer.alloc(0), random);
    const begun = performance.now();
    try {
      const { verdict } = await scanSource("model.bin", bufferSource(file));
      verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    } catch (error) {
      failures.push(`${String(error)}: ${file.toString("base64").slice(0, 2000)}`);
    }
    slowest = Math.max(slowest, performance.now() - begun);
  }
  t.log(`${bases.length} bases, slowest ${Math.round(slowest)} ms`, verdicts);
  t.deepEqual(failures.slice(0, 3), []);
  t.true(slowest < 5000, `${slowest} ms`);
});

test.serial("scanSource() is faster than picklescan on opcode-dense files", async (t) => {
  t.timeout(300_000);
  if (!(await available(t, { peers: ["picklescan"] }))) return;
  const { paths } = await peers();
  const python = join(paths.picklescan ?? "", "../python");
  const folder = temporary(t);
  for (const [name, protocol, content] of DENSE) {
    const file = join(folder, name);
    await mustRun(python, ["-c", DENSE_MAKER, file, protocol, content]);
    const theirs = Number(await mustRun(python, ["-c", PICKLESCAN, file], { timeout: 200_000 }));
    const ours = await timed(file);
    const ratio = theirs / ours;
    t.log(
      `${name}: ${ours.toFixed(2)} s, picklescan ${theirs.toFixed(2)} s: ${ratio.toFixed(0)} x`,
    );
    t.true(ratio >= 5, `${name}: ${ratio}`);
  }
  const engine = paths.modelaudit;
  if (engine === undefined) return;
  const file = join(folder, "numbers-5.pkl");
  const theirs = await mustRun(join(engine, "../python"), ["-c", ENGINE, file], {
    timeout: 100_000,
  });
  t.log(`numbers-5.pkl: modelaudit's engine ${theirs.trim()}`);
});

test.serial("scanSource() needs no more memory for 10 GB, nor for a bomb", async (t) => {
  t.timeout(120_000);
  const folder = temporary(t);
  const size = 10 * 1024 ** 3;
  const bytes10 = Buffer.concat([Buffer.from([0x80, 4, 0x8e]), Buffer.alloc(8)]);
  bytes10.writeBigUInt64LE(BigInt(size), 3);
  const remembered = Buffer.concat([
    Buffer.from([0x80, 4]),
    Buffer.alloc(2 * 990_000, "N\x94", "latin1"),
    Buffer.alloc(3 * 5_000_000, "N\x940", "latin1"),
  ]);
  const files: readonly (readonly [what: string, content: Buffer, size: number])[] = [
    ["ends within its bytes", bytes10, bytes10.length + size],
    ["zeros behind the end", Buffer.from("\x80\x02N.", "latin1"), size],
    ["remembers too much", remembered, remembered.length],
  ];
  // From source, Node also holds what strips the types: it counts as Node alone does, and no more.
  const alone = Number((await mustRun(NODE, ["-p", `${PEAK} peak()`])).trim());
  for (const [what, content, length] of files) {
    const path = join(folder, "model.pkl");
    writeFileSync(path, content);
    truncateSync(path, length);
    const begun = performance.now();
    const answer = await mustRun(NODE, ["-e", MEASURE, path]);
    const { before, after, verdict } = JSON.parse(answer) as Record<string, number | string>;
    const rss = (alone + Number(after) - Number(before)) / 1024;
    const seconds = ((performance.now() - begun) / 1000).toFixed(1);
    t.log(`${what}: ${verdict}, ${Math.round(rss)} MiB, ${seconds} s`);
    t.true(rss < 120, `${what}: ${rss} MiB`);
    t.is(verdict, "unscannable");
  }
});

async function verdictsOf(corpus: Corpus | undefined): Promise<Record<string, number>> {
  const verdicts: Record<string, number> = {};
  for (const name of corpus?.files ?? []) {
    const source = openFile(join(corpus?.folder ?? "", name));
    const { verdict } = await scanSource(name, source);
    source.close();
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
  }
  return verdicts;
}

const SCAN = new URL(import.meta.resolve("@mlsign/scan")).href;

/** KiB. `maxRSS` would count what the process was before it became Node: a copy of this one. */
const PEAK = `
const peak = () => {
  try {
    return Number(/VmHWM:\\s*(\\d+)/.exec(process.getBuiltinModule("fs").readFileSync("/proc/self/status", "utf8"))[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
};
`;

const MEASURE = `${PEAK}
const { openFile, scanSource } = await import(${JSON.stringify(SCAN)});
const before = peak();
const { verdict } = await scanSource("model.pkl", openFile(process.argv[1]));
console.log(JSON.stringify({ before, after: peak(), verdict }));
`;

const DENSE: readonly (readonly [name: string, protocol: string, content: string])[] = [
  [
    "records-0.pkl",
    "0",
    "[{'id': i, 'name': 'n%d' % i, 'l': [1, None, True, i]} for i in range(20000)]",
  ],
  ["records-4.pkl", "4", "[{'id': i, 'name': 'n%d' % i, 't': (i, i + 1)} for i in range(60000)]"],
  ["numbers-5.pkl", "5", "list(range(400000))"],
  ["calls-4.pkl", "4", "[__import__('datetime').timedelta(i) for i in range(50000)]"],
];

const DENSE_MAKER = `
import pickle, sys
pickle.dump(eval(sys.argv[3]), open(sys.argv[1], "wb"), int(sys.argv[2]))
`;

const PICKLESCAN = `
import sys, time
from picklescan.scanner import scan_file_path
begun = time.perf_counter()
scan_file_path(sys.argv[1])
print(time.perf_counter() - begun)
`;

const ENGINE = `
import sys, time
from modelaudit_picklescan import scan_file
begun = time.perf_counter()
report = scan_file(sys.argv[1])
print(f"{time.perf_counter() - begun:.2f} s: {report.verdict.value}, {report.status.value}")
`;

/** Seconds of one scan, the first in a fresh state of the machine's caches not counted. */
async function timed(file: string): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < 3; i++) {
    const source = openFile(file);
    const begun = performance.now();
    await scanSource("model.pkl", source);
    best = Math.min(best, (performance.now() - begun) / 1000);
    source.close();
  }
  return best;
}

function ask(file: Buffer): { asked: [string, string][]; pickle: Pickle } {
  const asked: [string, string][] = [];
  const onImport = (module: string, name: string): void => void asked.push([module, name]);
  return { pickle: readPickle(bufferSource(file), 0, { onImport }), asked };
}

async function oracle(
  t: ExecutionContext,
  files: readonly Buffer[],
): Promise<Record<string, Answer>[] | undefined> {
  const { code, stderr } = await run("python3", ["--version"]);
  if (code !== 0) {
    t.log(`skipped: no python3: ${stderr}`);
    t.pass();
    return undefined;
  }
  const folder = temporary(t);
  for (const [at, file] of files.entries()) writeFileSync(join(folder, String(at)), file);
  const args = ["-W", "ignore", join(HERE, "scan-oracle.py"), folder, String(files.length)];
  const lines = await mustRun("python3", args, { timeout: 280_000 });
  return lines
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, Answer>);
}

function temporary(t: ExecutionContext): string {
  const folder = mkdtempSync(join(tmpdir(), "mlsign-scan-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
