import test from "ava";
import { shell } from "./shell.ts";

const COMMANDS = ["keygen", "sign", "verify", "attest", "digest", "inspect"];

test("mlsign --help names every command, the exit codes and an example", async (t) => {
  const { mlsign } = shell(t);
  const { exit, out } = await mlsign("--help");
  t.is(exit, 0);
  for (const command of [...COMMANDS, "lineage", "commits"])
    t.regex(out, new RegExp(`^  ${command} `, "m"));
  for (const code of [0, 1, 2, 3, 70]) t.regex(out, new RegExp(`^  ${code} +\\S`, "m"));
});

for (const command of ["", ...COMMANDS]) {
  test(`mlsign ${command} --help fits the page, and its examples work`, async (t) => {
    const { mlsign } = shell(t);
    const { exit, out } = await mlsign(...(command ? [command, "--help"] : ["--help"]));
    t.is(exit, 0);
    t.deepEqual(
      out.split("\n").filter((line) => line.length > 100),
      [],
    );
    const examples = [...out.matchAll(/^ {2}\$ mlsign (.+)$/gm)].map((match) => match[1] ?? "");
    t.true(examples.length > 0);
    if (command !== "") {
      await mlsign("keygen", "--out", "demo");
      for (const model of ["model", "model.onnx"]) await mlsign("sign", model, "--key", "demo.key");
    }
    for (const example of examples) {
      const done = await mlsign(...example.split(" "));
      t.is(done.exit, 0, `${example}: ${done.err}`);
    }
  });
}
