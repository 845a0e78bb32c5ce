import { writeFileSync } from "node:fs";
import test from "ava";
import { POLICY } from "./model-files.ts";
import { shell } from "./shell.ts";

test("mlsign policy lint accepts a policy without a gap, and says where one is", async (t) => {
  const { mlsign, path } = shell(t);
  writeFileSync(path("policy.yaml"), POLICY);
  t.is((await mlsign("policy", "lint", "policy.yaml")).exit, 0);
  writeFileSync(path("policy.yaml"), POLICY.replace(", by: [approver]", ""));
  const { exit, out } = await mlsign("policy", "lint", "policy.yaml");
  t.is(exit, 1);
  t.regex(out, /FAIL +policy-sound [^]*no signer[^]*at: policy\.yaml:\d+:\d+/);
  t.true(out.split("\n").every((line) => line.length <= 80));
  const sarif = JSON.parse(
    (await mlsign("policy", "lint", "policy.yaml", "--format", "sarif")).out,
  ) as {
    runs: { results: { locations: unknown[] }[] }[];
  };
  t.true((sarif.runs[0]?.results[0]?.locations.length ?? 0) > 0);
});

test("mlsign policy lint wants a file, and takes no bomb", async (t) => {
  const { mlsign, path } = shell(t);
  t.is((await mlsign("policy", "lint", "gone.yaml")).exit, 2);
  for (const text of ["", "a: &a [*a]", "{".repeat(10_000), "\0", `x: ${"y".repeat(2_000_000)}`]) {
    writeFileSync(path("policy.yaml"), text);
    const { exit, err } = await mlsign("policy", "lint", "policy.yaml");
    t.true(exit === 1 || exit === 2, `${exit} ${err}`);
  }
});
