/** The scanner beside others, on the same files: a table, and its own numbers held. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { bufferSource, scanSource } from "@mlsign/scan";
import test from "ava";
import { BYPASS_ROWS } from "../../packages/scan/test/bypass-rows.ts";
import { mustRun, type PeerName, peers } from "../../scripts/peers.ts";
import { PEERS, PEERS_DIR } from "../../scripts/peers/install.ts";
import { mapPool } from "./pool.ts";
import { frameworkCorpora } from "./scan-corpus.ts";
import { hostileFiles } from "./scan-hostile.ts";

const DRIVER = join(import.meta.dirname, "scan-peers.py");

/** Some peers take seconds a file: they all get every so manieth file of a kind. */
const EVERY = { bypass: 8, code: 5, harmless: 100 } as const;

type Kind = keyof typeof EVERY;

interface Sample {
  readonly kind: Kind;
  readonly file: Buffer;
}

interface Answer {
  readonly file: string;
  readonly verdict: "clean" | "error" | "flagged";
  readonly seconds: number;
}

const SCANNERS: readonly (readonly [what: string, peer: PeerName])[] = [
  ["picklescan", "picklescan"],
  ["picklescan-strict", "picklescan"],
  ["modelscan", "modelscan"],
  ["fickling", "fickling"],
  ["modelaudit", "modelaudit"],
];

test("scanSource() beside other scanners", async (t) => {
  t.timeout(600_000);
  const samples = new Map<string, Sample>();
  for (const [at, { file }] of BYPASS_ROWS.entries()) {
    if (at % EVERY.bypass === 0) samples.set(`bypass-${at}.pkl`, { kind: "bypass", file });
  }
  for (const [at, { name, file }] of hostileFiles().entries()) {
    const ending = /\.(?:npy|npz|joblib)$/.exec(name)?.[0] ?? ".pkl";
    if (at % EVERY.code === 0) samples.set(`code-${at}${ending}`, { kind: "code", file });
  }
  for (const { folder, files, what } of await frameworkCorpora(t)) {
    for (const [at, name] of files.entries()) {
      if (at % EVERY.harmless !== 7) continue;
      const file = readFileSync(join(folder, name));
      samples.set(`harmless-${what}-${basename(name)}`, { kind: "harmless", file });
    }
  }
  const folder = mkdtempSync(join(tmpdir(), "mlsign-peers-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const [name, { file }] of samples) writeFileSync(join(folder, name), file);

  const { paths, skipped } = await peers();
  const rows = [await ours(samples)];
  const found = await mapPool(SCANNERS, 2, async ([what, peer]) => {
    const program = paths[peer];
    if (program === undefined) return `${what}: skipped: ${skipped[peer]}`;
    return {
      what: `${what} ${PEERS[peer].version}`,
      answers: await ask(what, program, folder, samples),
    };
  });
  for (const row of found) {
    if (typeof row === "string") t.log(row);
    else rows.push(row);
  }
  for (const line of table(rows, samples)) t.log(line);
  const answers = rows[0]?.answers ?? [];
  const wrong = answers.filter(
    ({ file, verdict }) => (samples.get(file)?.kind === "harmless") !== (verdict === "clean"),
  );
  t.deepEqual(wrong, []);
});

async function ours(
  samples: ReadonlyMap<string, Sample>,
): Promise<{ what: string; answers: Answer[] }> {
  const answers: Answer[] = [];
  for (const [file, sample] of samples) {
    const begun = performance.now();
    const { verdict } = await scanSource(file, bufferSource(sample.file));
    const seconds = (performance.now() - begun) / 1000;
    const clean = verdict === "allowed" || verdict === "safe-format";
    answers.push({ file, verdict: clean ? "clean" : "flagged", seconds });
  }
  return { what: "mlsign", answers };
}

/** A peer's answers, remembered for the same files. */
async function ask(
  what: string,
  program: string,
  folder: string,
  samples: ReadonlyMap<string, Sample>,
): Promise<Answer[]> {
  const hash = createHash("sha256").update(program).update(readFileSync(DRIVER));
  for (const [name, { file }] of samples) hash.update(name).update(file);
  const known = join(PEERS_DIR, "scan-answers", `${what}-${hash.digest("hex").slice(0, 16)}.jsonl`);
  if (!existsSync(known)) {
    const python = join(dirname(program), "python");
    const lines = await mustRun(python, [DRIVER, what, folder], { timeout: 500_000 });
    mkdirSync(dirname(known), { recursive: true });
    writeFileSync(known, lines);
  }
  return readFileSync(known, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Answer);
}

function table(
  rows: readonly { readonly what: string; readonly answers: readonly Answer[] }[],
  samples: ReadonlyMap<string, Sample>,
): string[] {
  const kinds = Object.keys(EVERY) as Kind[];
  const count = (answers: readonly Answer[], kind: Kind, verdict: string): string =>
    String(
      answers.filter((each) => samples.get(each.file)?.kind === kind && each.verdict === verdict)
        .length,
    ).padStart(4);
  const heads = kinds.map((kind) => {
    const all = [...samples.values()].filter((sample) => sample.kind === kind).length;
    return `${kind} ${all}`.padEnd(18);
  });
  return [
    `${"".padEnd(26)}${heads.join("")}seconds`,
    `${"".padEnd(26)}${kinds.map(() => "found clean error".padEnd(18)).join("")}`,
    ...rows.map(({ what, answers }) => {
      const cells = kinds.map((kind) =>
        ["flagged", "clean", "error"]
          .map((verdict) => count(answers, kind, verdict).padEnd(6))
          .join(""),
      );
      const seconds = answers.reduce((sum, each) => sum + each.seconds, 0).toFixed(1);
      return `${what.padEnd(26)}${cells.join("")}${seconds}`;
    }),
  ];
}
