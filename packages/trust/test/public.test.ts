import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlsignError } from "@mlsign/core";
import { type PublicOptions, publicSigningConfig, publicTrustedRoot } from "@mlsign/trust";
import anyTest, { type TestFn } from "ava";
import { type Sigstore, startSigstore, tufTargets } from "mlsign-test-sigstore";

interface Context {
  readonly directory: string;
  readonly sigstore: Sigstore;
  readonly options: PublicOptions & { readonly mirrorUrl: string };
}

const test = anyTest as TestFn<Context>;
test.beforeEach(async (t) => {
  const sigstore = await startSigstore();
  const directory = mkdtempSync(join(tmpdir(), "mlsign-trust-"));
  const rootPath = join(directory, "root.json");
  writeFileSync(rootPath, sigstore.tuf.root);
  const options = { mirrorUrl: sigstore.urls.tuf, rootPath, cachePath: join(directory, "cache") };
  t.context = { directory, sigstore, options };
});
test.afterEach.always(async (t) => {
  await t.context.sigstore.close();
  rmSync(t.context.directory, { recursive: true, force: true });
});

// No test asks the public instance: whatever leaves this machine fails.
const send = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.hostname !== "127.0.0.1") throw new TypeError("no network");
  return send(input, init);
};

test("`publicTrustedRoot()` fetches an instance's root by TUF", async (t) => {
  const { sigstore, options } = t.context;
  const { root, source } = await publicTrustedRoot(options);
  t.is(root.tlogs.length, sigstore.trustedRoot.tlogs.length);
  t.is(source, `the root of ${options.mirrorUrl}, updated by TUF`);
});

test("`publicTrustedRoot()` takes a newer root, and the newer key that an old one signed", async (t) => {
  const { sigstore, options } = t.context;
  await publicTrustedRoot(options);
  sigstore.tuf.rotateRoot();
  const [log] = sigstore.instance.trustedRoot.tlogs.splice(1, 1);
  t.truthy(log);
  sigstore.tuf.publish(tufTargets(sigstore.instance));
  t.is((await publicTrustedRoot(options)).root.tlogs.length, 1);
});

const faults = {
  "has expired metadata": { kind: "stale" },
  "has metadata that is signed by somebody else": { kind: "wrong-key" },
  "answers with a web page": { kind: "garbage", path: "timestamp.json" },
  "is not well": { kind: "status", status: 500 },
  "hangs up": { kind: "reset" },
} as const;
for (const [name, fault] of Object.entries(faults)) {
  test(`\`publicTrustedRoot()\` takes the cached root where the mirror ${name}, and says so`, async (t) => {
    const { sigstore, options } = t.context;
    const before = await publicTrustedRoot(options);
    sigstore.fault("tuf", fault);
    const after = await publicTrustedRoot(options);
    t.is(after.sha256, before.sha256);
    t.regex(after.source, /^the cached root of http:.* \(no update: .+\)$/);
    t.notRegex(after.source, /\n/);
  });

  test(`\`publicTrustedRoot()\` fails where the mirror ${name} and nothing is cached`, async (t) => {
    const { sigstore, options } = t.context;
    sigstore.fault("tuf", fault);
    const error = await t.throwsAsync(publicTrustedRoot(options), { instanceOf: MlsignError });
    t.is(error.code, "trusted-root-unavailable");
    t.truthy(error.hint);
    t.is(error.category, "unavailable");
  });
}

test("`publicTrustedRoot()` fails without a first root of an instance of one's own", async (t) => {
  const { rootPath: _, ...options } = t.context.options;
  const error = await t.throwsAsync(publicTrustedRoot(options), { instanceOf: MlsignError });
  t.is(error.code, "trusted-root-unavailable");
});

test("`publicTrustedRoot()` refuses a cached root that is damaged", async (t) => {
  const { sigstore, options } = t.context;
  await publicTrustedRoot(options);
  sigstore.fault("tuf", { kind: "reset" });
  const { host, pathname } = new URL(options.mirrorUrl);
  const file = join(
    options.cachePath,
    encodeURIComponent(host + pathname),
    "targets/trusted_root.json",
  );
  writeFileSync(file, readFileSync(file).subarray(0, 100));
  const error = await t.throwsAsync(publicTrustedRoot(options), { instanceOf: MlsignError });
  t.is(error.code, "trusted-root-invalid");
});

test("`publicTrustedRoot()` takes the shipped root of the public instance offline, and says so", async (t) => {
  const { cachePath } = t.context.options;
  for (const path of [cachePath, cachePath, "/dev/null/none"]) {
    const { root, source } = await publicTrustedRoot({ cachePath: path });
    t.regex(
      source,
      /^the public root shipped with mlsign \(no update: (?:no network|ENOTDIR: .+)\)$/,
    );
    t.true(root.tlogs.some(({ baseUrl }) => baseUrl === "https://rekor.sigstore.dev"));
  }
});

test("`publicSigningConfig()` fetches an instance's configuration, or fails", async (t) => {
  const { sigstore, options } = t.context;
  const { rekor } = await publicSigningConfig(options);
  t.is(rekor.length, 2);
  sigstore.fault("tuf", { kind: "status", status: 500 });
  const error = await t.throwsAsync(publicSigningConfig(options), { instanceOf: MlsignError });
  t.is(error.code, "trusted-root-unavailable");
});
