/** The admission examples of packages/integrations against the engines' own testers, or their schemas. */
import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import test, { type ExecutionContext } from "ava";
import { startSigstore, type TrustedRootJson } from "mlsign-test-sigstore";
import { parse } from "yaml";
import { peers } from "../../scripts/peers.ts";
import { policyTester } from "../../scripts/peers/policy-tester.ts";
import { registryProgram, startRegistry } from "../../scripts/peers/registries.ts";
import { stagingPolicy } from "../model-files.ts";
import { type Shell, shell } from "../shell.ts";
import { available } from "./cells.ts";

const TEMPLATES = resolve(import.meta.dirname, "../../packages/integrations/kubernetes");

interface Promoted extends Shell {
  /** The stored model, by its digest. */
  readonly ref: string;
  readonly issuer: string;
}

/** A model in a registry, promoted to production by an identity of a Sigstore instance. */
async function promoted(t: ExecutionContext): Promise<Promoted | undefined> {
  const found = await registryProgram("olareg");
  if ("reason" in found) {
    t.log(`skipped: olareg: ${found.reason}`);
    t.pass();
    return undefined;
  }
  const user = shell(t);
  const { mlsign, path } = user;
  const registry = await startRegistry("olareg", found.program, { login: "none", dir: user.cwd });
  t.teardown(registry.stop);
  const sigstore = await startSigstore();
  t.teardown(() => sigstore.close());
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  const policy = stagingPolicy(readFileSync(path("k.pub"), "utf8"));
  writeFileSync(
    path("gate.yaml"),
    `${policy.replace("to: staging", "to: prod")}production: false\n`,
  );
  // Log and timestamps of the first generation: what the engines of today read.
  writeFileSync(path("trust.json"), JSON.stringify(sigstore.clientTrustConfig({ rekor: 1 })));
  writeFileSync(path("token"), sigstore.token({ email: "promoter@example.com" }));
  writeFileSync(path("root.yaml"), JSON.stringify(trustRoot(sigstore.trustedRoot)));
  const pushed = await mlsign("push", "model", `${registry.host}/models/demo`);
  t.is(pushed.exit, 0, pushed.err);
  const ref = pushed.out.trim();
  const to = ["--policy", "gate.yaml", "--to", "prod", "--image", ref];
  const by = ["--identity-token", "@token", "--trust-config", "trust.json", "--yes"];
  const done = await mlsign("promote", "model", ...to, ...by);
  t.is(done.exit, 0, done.out + done.err);
  t.regex(done.err, /attached the promotion to/);
  return { ...user, ref, issuer: sigstore.urls.oidc };
}

test("policy-controller lets in what was promoted to production, and nothing else", async (t) => {
  const tester = await policyTester();
  if ("reason" in tester) {
    t.log(`skipped: policy-controller: ${tester.reason}`);
    t.pass();
    return;
  }
  const user = await promoted(t);
  if (user === undefined) return;
  const example = readFileSync(join(TEMPLATES, "policy-controller.yaml"), "utf8");
  const here = example
    .replace("registry.example/models/**", `${user.ref.split("/")[0] ?? ""}/models/**`)
    .replace("https://token.actions.githubusercontent.com", user.issuer)
    .replace(/subject: .*/, "subject: promoter@example.com")
    // A root of one's own has no time from which its certificate log counts, so none ever does.
    .replace(
      /( +)(url: https:\/\/fulcio\S+\n)/,
      "$1$2$1trustRootRef: ours\n$1insecureIgnoreSCT: true\n",
    )
    .replace(/ctlog:\n( +)url: .*/, "rfc3161timestamp:\n$1trustRootRef: ours");
  const judge = async (policy: string): Promise<string> => {
    writeFileSync(user.path("policy.yaml"), policy);
    const args = ["--policy", "policy.yaml", "--trustroot", "root.yaml", "--image", user.ref];
    const done = await promisify(execFile)(tester.program, args, { cwd: user.cwd }).catch(
      (error: { stdout: string; stderr: string }) => error,
    );
    return `${done.stdout}${done.stderr}`;
  };
  t.regex(await judge(here), /Verification was successful/);
  for (const [what, by] of [
    ["target:prod", "target:staging"],
    ["promoter@example.com", "other@example.com"],
    ["MLSIGN_PROMOTED_PROD", "MLSIGN_PROMOTED_OTHER"],
  ] as const) {
    t.true(here.includes(what));
    const answer = await judge(here.replace(what, by));
    t.notRegex(answer, /Verification was successful/);
    t.regex(answer, /"errors"/, by);
  }
});

test("the Kyverno example has the form of its kind", async (t) => {
  if (!(await available(t, { peers: ["kyverno-schemas"] }))) return;
  const { paths } = await peers();
  const { ClusterPolicy } = (await import(pathToFileURL(paths["kyverno-schemas"] ?? "").href)) as {
    readonly ClusterPolicy: new (data: unknown) => { validate(): void };
  };
  const text = readFileSync(join(TEMPLATES, "kyverno.yaml"), "utf8");
  t.notThrows(() => new ClusterPolicy(parse(text)).validate());
  for (const [what, by] of [
    ["type: SigstoreBundle", "type: Sigstore"],
    ["kinds: [Pod]", "kinds: Pod"],
    ["required: true", "required: maybe"],
  ] as const) {
    t.true(text.includes(what));
    t.throws(() => new ClusterPolicy(parse(text.replace(what, by))).validate(), undefined, by);
  }
});

test("a promotion is attached to the model that was judged alone", async (t) => {
  const user = await promoted(t);
  if (user === undefined) return;
  writeFileSync(user.path("model/config.json"), '{"other": true}\n');
  await user.mlsign("sign", "model", "--key", "k.key");
  const to = ["--policy", "gate.yaml", "--to", "prod", "--image", user.ref, "--key", "k.key"];
  const done = await user.mlsign("promote", "model", ...to);
  t.is(done.exit, 1, done.out + done.err);
  t.regex(done.err, /"config\.json" differs/);
  const tag = await user.mlsign(
    "promote",
    "model",
    ...to.with(5, user.ref.replace(/@.*/, ":latest")),
  );
  t.is(tag.exit, 2, "a tag can move");
});

/** A trusted root as policy-controller's own resource has it. */
function trustRoot(root: TrustedRootJson): object {
  const pem = (label: string, bytes: string): string =>
    `-----BEGIN ${label}-----\n${bytes.replace(/.{64}(?=.)/g, "$&\n")}\n-----END ${label}-----\n`;
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const authority = ({ certChain }: TrustedRootJson["certificateAuthorities"][number]): object => ({
    subject: { organization: "example", commonName: "example" },
    uri: "https://ca.example",
    certChain: base64(
      certChain.certificates.map(({ rawBytes }) => pem("CERTIFICATE", rawBytes)).join(""),
    ),
  });
  const log = ({ publicKey, baseUrl }: TrustedRootJson["tlogs"][number]): object => ({
    baseURL: baseUrl,
    hashAlgorithm: "sha-256",
    publicKey: base64(pem("PUBLIC KEY", publicKey.rawBytes)),
  });
  return {
    apiVersion: "policy.sigstore.dev/v1alpha1",
    kind: "TrustRoot",
    metadata: { name: "ours" },
    spec: {
      sigstoreKeys: {
        certificateAuthorities: root.certificateAuthorities.map(authority),
        timestampAuthorities: root.timestampAuthorities.map(authority),
        // Later logs are of a kind that it does not know.
        tLogs: root.tlogs.slice(0, 1).map(log),
        ctLogs: root.ctlogs.map(log),
      },
    },
  };
}
