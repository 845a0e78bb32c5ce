import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startSigstore } from "mlsign-test-sigstore";
import { repository, withGit } from "./repository.ts";

const POLICY = (issuer: string): string => `schema: urn:mlsign:policy:v1
name: prod
version: 1
expires: 2100-01-01T00:00:00Z
mode: enforce
target: { to: prod }
trust: { transparency: log }
identities:
  trainer: { issuer: "${issuer}", subject: trainer@example.com }
  people: { issuer: "${issuer}", subjectRegexp: "^[a-z]+@example[.]com$" }
require:
  - { id: signature, type: signature, by: [trainer] }
  - { id: approval, type: approval, by: [people], distinctFrom: [signature], maxAge: 72h, properties: [MLSIGN_APPROVED_PROD] }
references: { digestOnly: true }
`;

withGit(
  "three identities sign, approve and promote, and each is held to its own part",
  async (t) => {
    const sigstore = await startSigstore();
    t.teardown(() => sigstore.close());
    const user = await repository(t, "");
    const { urls } = sigstore;
    writeFileSync(
      user.path("trust.json"),
      JSON.stringify(sigstore.clientTrustConfig({ rekor: 2, tsa: true })),
    );
    user.write("k.policy.yaml", POLICY(urls.oidc));
    const as = (who: string): string[] => {
      user.write("token", sigstore.token({ email: `${who}@example.com` }));
      return ["--trust-config", "trust.json", "--identity-token", "@token"];
    };
    const policy = [
      "--policy",
      "k.policy.yaml",
      "--to",
      "prod",
      "--reference",
      `m@sha256:${"a".repeat(64)}`,
    ];
    const judge = ["verify", "model.onnx", ...policy, "--trust-config", "trust.json"];
    t.is((await user.mlsign("sign", "model.onnx", ...as("trainer"))).exit, 0);
    t.is((await user.mlsign("approve", "model.onnx", "--to", "prod", ...as("trainer"))).exit, 0);
    const own = await user.mlsign(...judge);
    t.is(own.exit, 1);
    t.regex(own.out, /distinct\s+from/, "the trainer approved the trainer's own model");
    t.is((await user.mlsign("approve", "model.onnx", "--to", "prod", ...as("ana"))).exit, 0);
    const good = await user.mlsign(...judge);
    t.is(good.exit, 0, good.out);
    // The same policy days later: an approval ages by its trusted time.
    const later = { clock: () => new Date(Date.now() + 4 * 86_400_000) };
    t.regex((await user.as(later, ...judge)).out, /older\s+than\s+72h/);
    const promoted = await user.mlsign("promote", "model.onnx", ...policy, ...as("cd"));
    t.is(promoted.exit, 0, promoted.out + promoted.err);
    await sigstore.close();
    const vsa = ["verify", "model.onnx", "--vsa", "--to", "prod", "--trust-config", "trust.json"];
    const by = (who: string) => [
      "--certificate-identity",
      who,
      "--certificate-oidc-issuer",
      urls.oidc,
    ];
    t.is((await user.mlsign(...vsa, ...by("cd@example.com"), "--max-age", "1d")).exit, 0);
    t.is((await user.as(later, ...vsa, ...by("cd@example.com"), "--max-age", "1d")).exit, 1);
    t.is((await user.mlsign(...vsa, ...by("ana@example.com"))).exit, 1);
  },
);

withGit("mlsign verify --policy takes no identity by another authority's word", async (t) => {
  const [mine, theirs] = await Promise.all([startSigstore(), startSigstore()]);
  t.teardown(() => Promise.all([mine.close(), theirs.close()]));
  const user = await repository(t, "");
  for (const [name, sigstore] of [
    ["k.mine.json", mine],
    ["k.theirs.json", theirs],
  ] as const)
    writeFileSync(
      user.path(name),
      JSON.stringify(sigstore.clientTrustConfig({ rekor: 2, tsa: true })),
    );
  user.write("k.policy.yaml", POLICY(mine.urls.oidc));
  user.write("token", theirs.token({ email: "trainer@example.com" }));
  const signed = ["--trust-config", "k.theirs.json", "--identity-token", "@token"];
  t.is((await user.mlsign("sign", "model.onnx", ...signed)).exit, 0);
  const args = ["verify", "model.onnx", "--policy", "k.policy.yaml", "--to", "prod"];
  t.is((await user.mlsign(...args, "--trust-config", "k.mine.json")).exit, 1);
  t.true(readFileSync(user.path("k.policy.yaml"), "utf8").includes(mine.urls.oidc));
});

withGit(
  "mlsign verify --policy asks no registry on the word of an identity that is not named",
  async (t) => {
    const sigstore = await startSigstore();
    t.teardown(() => sigstore.close());
    const user = await repository(t, "");
    const trust = JSON.stringify(sigstore.clientTrustConfig({ rekor: 2, tsa: true }));
    writeFileSync(user.path("trust.json"), trust);
    const lineage = "  - { id: lineage, type: lineage, by: [trainer] }\n";
    user.write(
      "k.policy.yaml",
      POLICY(sigstore.urls.oidc).replace("  - { id: approval", `${lineage}$&`),
    );
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
    t.teardown(() => server.close());
    const { port } = server.address() as AddressInfo;
    const image = `127.0.0.1:${port}/org/train@sha256:${"a".repeat(64)}`;
    const record = async (who: string): Promise<void> => {
      user.write("token", sigstore.token({ email: `${who}@example.com` }));
      const flags = ["--container", image, "--offline", "--trust-config", "trust.json"];
      const done = await user.mlsign(
        "lineage",
        "record",
        "model.onnx",
        ...flags,
        "--identity-token",
        "@token",
      );
      t.is(done.exit, 0, done.err);
    };
    const judge = ["verify", "model.onnx", "--policy", "k.policy.yaml", "--to", "prod"];
    await record("eve");
    t.is((await user.mlsign(...judge, "--trust-config", "trust.json")).exit, 1);
    t.deepEqual(asked, []);
    await record("trainer");
    await user.mlsign(...judge, "--trust-config", "trust.json");
    t.true(asked.length > 0, "the one who is named is looked after");
  },
);
