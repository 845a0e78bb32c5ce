import { MlsignError } from "@mlsign/core";
import { parseDvcFile, parseDvcLock } from "@mlsign/dvc";
import test from "ava";
import fc from "fast-check";
import { quickOutputs } from "../src/quick-outputs.ts";

/** What the parser says, `undefined` where it refuses. */
function parsed(text: string, lock: boolean): [string, string][] | undefined {
  try {
    const stages = lock ? parseDvcLock(text, "test") : [parseDvcFile(text, "test")];
    const outs = stages.flatMap((stage) => [...stage.outs]);
    return [...new Map(outs.flatMap(({ path, oid }) => (oid === undefined ? [] : [[path, oid]])))];
  } catch (error) {
    if (error instanceof MlsignError) return undefined;
    throw error;
  }
}

/** What is usual most of the time, so that many files are of DVC's own form throughout. */
const mostly = (usual: readonly string[], odd: readonly string[]) =>
  fc.oneof({ weight: 30, arbitrary: fc.constantFrom(...usual) }, fc.constantFrom(...odd));
const word = mostly(
  ["data", "a/b.csv", "x-1", "_", "out", "model", "train", "e1", "param"],
  ["null", "True", "0x1", "1e5", "~", "-", "a b"],
);
const hex = (digits: string) =>
  fc.string({ unit: fc.constantFrom(...digits.split("")), minLength: 32, maxLength: 32 });
const oid = fc
  .tuple(
    fc.oneof(
      { weight: 30, arbitrary: hex("0123456789abcdef") },
      hex("0123456789"),
      hex("0123456789e"),
    ),
    fc.constantFrom("", ".dir"),
  )
  .map((parts) => parts.join(""));
const maybe = (text: fc.Arbitrary<string>) => fc.option(text, { nil: "" });
const lines = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((all) => all.join(""));
const number = mostly(["0", "7", "14445097"], ["01", "-1", "1.5", "999999999999999"]);
const dvcFile = lines(
  fc.constant("outs:\n"),
  oid.map((md5) => `- md5: ${md5}\n`),
  maybe(number.map((size) => `  size: ${size}\n`)),
  maybe(number.map((count) => `  nfiles: ${count}\n`)),
  maybe(fc.constant("  hash: md5\n")),
  word.map((path) => `  path: ${path}\n`),
);
const item = lines(
  word.map((path) => `    - path: ${path}\n`),
  fc.constant("      hash: md5\n"),
  oid.map((md5) => `      md5: ${md5}\n`),
  maybe(number.map((size) => `      size: ${size}\n`)),
  maybe(fc.constant("      isexec: true\n")),
);
const items = fc.array(item, { minLength: 1, maxLength: 3 }).map((all) => all.join(""));
const command = mostly(
  ["python a.py", 'a "b" c', "x > y", "./x"],
  ["a: b", "a #b", "'q'", "> x", "a 'b'"],
);
const param = fc.tuple(word, word).map(([key, value]) => `        ${key}: ${value}\n`);
const params = fc
  .tuple(word, fc.array(param, { minLength: 1, maxLength: 3 }))
  .map(([file, all]) => `    params:\n      ${file}:\n${all.join("")}`);
const stage = lines(
  word.map((name) => `  ${name}:\n`),
  command.map((text) => `    cmd: ${text}\n`),
  maybe(items.map((all) => `    deps:\n${all}`)),
  maybe(params),
  maybe(items.map((all) => `    outs:\n${all}`)),
);
const lockFile = fc
  .array(stage, { minLength: 1, maxLength: 3 })
  .map((all) => `schema: '2.0'\nstages:\n${all.join("")}`);

/** A file with one thing of it changed. */
const mutated = (file: fc.Arbitrary<string>) =>
  fc
    .tuple(
      file,
      fc.nat(),
      fc.nat({ max: 3 }),
      fc.constantFrom(
        "",
        " ",
        "\n",
        '"',
        "'",
        "#",
        ":",
        "- ",
        "&a ",
        "|",
        "\t",
        "é",
        "\r\n",
        "outs:\n",
        "    outs:\n",
      ),
    )
    .map(([text, place, cut, put]) => {
      const at = place % (text.length + 1);
      return text.slice(0, at) + put + text.slice(at + cut);
    });

for (const [what, file, lock, least] of [
  [".dvc file", dvcFile, false, 300],
  ["dvc.lock", lockFile, true, 100],
] as const) {
  test(`quickOutputs() reads a ${what} as the parser does, or leaves it to it`, (t) => {
    let quick = 0;
    const property = fc.property(fc.oneof(file, mutated(file)), (text) => {
      const outputs = quickOutputs(text, lock);
      if (outputs === undefined) return;
      quick += 1;
      const wanted = parsed(text, lock);
      if (JSON.stringify([...outputs]) !== JSON.stringify(wanted))
        throw new Error(`${JSON.stringify(text)}: ${JSON.stringify([[...outputs], wanted])}`);
    });
    fc.assert(property, { numRuns: 3000 });
    t.true(quick >= least, `${quick} were quick`);
  });
}
