import { writeFileSync } from "node:fs";
import test from "ava";
import { startSigstore } from "mlsign-test-sigstore";
import { CASES, POLICY } from "./model-files.ts";
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

test("mlsign policy explain says what is asked for, in 80 columns", async (t) => {
  const { mlsign, path } = shell(t);
  writeFileSync(path("policy.yaml"), POLICY);
  const { exit, out } = await mlsign("policy", "explain", "policy.yaml");
  t.is(exit, 0);
  t.regex(out, /^prod version 1 \(enforce\)\nsha256:[0-9a-f]{64}$/m);
  t.regex(out, /require\.approval +an approval by approver/);
  t.true(out.split("\n").every((line) => line.length <= 80));
  writeFileSync(path("policy.yaml"), "name: x\n");
  t.is((await mlsign("policy", "explain", "policy.yaml")).exit, 2);
});

test("mlsign policy test passes a good table, and tells each case that is decided otherwise", async (t) => {
  const { mlsign, path } = shell(t);
  writeFileSync(path("policy.yaml"), POLICY);
  writeFileSync(path("cases.yaml"), CASES);
  const args = ["policy", "test", "policy.yaml", "--cases", "cases.yaml"];
  const good = await mlsign(...args);
  t.is(good.exit, 0, good.out);
  writeFileSync(path("cases.yaml"), CASES.replace("expect: refused", "expect: accepted"));
  const wrong = await mlsign(...args);
  t.is(wrong.exit, 1);
  t.regex(wrong.out, /FAIL +policy-test +only signed: refused, not accepted/);
  writeFileSync(path("cases.yaml"), `${CASES}more: x\n`);
  t.is((await mlsign(...args)).exit, 2);
});

for (const [what, args] of [
  ["a key", ["--key", "k.pub"]],
  ["a target", ["--to", "staging", "--key", "k.pub"]],
  ["nobody", []],
] as const) {
  test(`mlsign init policy by ${what} writes a policy that lints, and lets nobody in yet`, async (t) => {
    const { mlsign, path } = shell(t);
    await mlsign("keygen", "--out", "k");
    await mlsign("sign", "model", "--key", "k.key");
    const to = args[1] === "staging" ? "staging" : "prod";
    const { exit, err } = await mlsign("init", "policy", ...args);
    t.is(exit, 0, err);
    const linted = await mlsign("policy", "lint", `policy-${to}.yaml`);
    t.is(linted.exit, 0, linted.out);
    t.is((await mlsign("policy", "explain", `policy-${to}.yaml`)).exit, 0);
    if (args.length > 0) {
      const judge = ["verify", "model", "--policy", `policy-${to}.yaml`, "--to", to, "--offline"];
      const sigstore = await startSigstore();
      await sigstore.close();
      writeFileSync(path("trust.json"), JSON.stringify(sigstore.clientTrustConfig({ rekor: 2 })));
      t.is((await mlsign(...judge, "--trust-config", "trust.json")).exit, 1);
    }
    const again = await mlsign("init", "policy", ...args);
    t.is(again.exit, 2);
    t.regex(again.err, /it exists/);
  });
}

test("mlsign init policy takes the signer that the model's signature names", async (t) => {
  const user = shell(t);
  const sigstore = await startSigstore();
  t.teardown(() => sigstore.close());
  writeFileSync(user.path("trust.json"), JSON.stringify(sigstore.clientTrustConfig({ rekor: 2 })));
  writeFileSync(user.path("token"), sigstore.token({ email: "ci@example.com" }));
  const signed = ["--trust-config", "trust.json", "--identity-token", "@token"];
  t.is((await user.mlsign("sign", "model", ...signed)).exit, 0);
  const { out } = await user.mlsign("init", "policy", "--model", "model", "--print");
  t.true(out.includes(`issuer: "${sigstore.urls.oidc}"\n    subject: "ci@example.com"\n`));
  await user.mlsign("keygen", "--out", "k");
  await user.mlsign("sign", "model.onnx", "--key", "k.key");
  t.is((await user.mlsign("init", "policy", "--model", "model.onnx")).exit, 2);
});
