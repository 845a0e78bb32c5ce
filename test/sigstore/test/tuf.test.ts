import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getTrustedRoot, initTUF } from "@sigstore/tuf";
import test, { type ExecutionContext } from "ava";
import { type Sigstore, startSigstore } from "../src/index.ts";

interface Client {
  readonly sigstore: Sigstore;
  readonly options: { mirrorURL: string; cachePath: string; rootPath: string; retry: number };
}

async function client(t: ExecutionContext): Promise<Client> {
  const sigstore = await startSigstore();
  const cachePath = await mkdtemp(join(tmpdir(), "mlsign-tuf-"));
  t.teardown(() => Promise.all([sigstore.close(), rm(cachePath, { recursive: true })]));
  const rootPath = join(cachePath, "first.json");
  await writeFile(rootPath, sigstore.tuf.root);
  return { sigstore, options: { mirrorURL: sigstore.urls.tuf, cachePath, rootPath, retry: 0 } };
}

test("the TUF repository serves the trusted root and the signing config", async (t) => {
  const { sigstore, options } = await client(t);
  const root = await getTrustedRoot(options);
  t.is(root.mediaType, sigstore.trustedRoot.mediaType);
  t.is(root.tlogs.length, 2);
  const updater = await initTUF(options);
  const config = await updater.getTarget("signing_config.v0.2.json");
  t.deepEqual(JSON.parse(config), sigstore.signingConfig());
});

test("a client follows a rotated root and new targets", async (t) => {
  const { sigstore, options } = await client(t);
  await getTrustedRoot(options);
  sigstore.tuf.rotateRoot();
  sigstore.tuf.publish({ "trusted_root.json": Buffer.from('{"mediaType":"next"}') });
  t.is((await getTrustedRoot(options)).mediaType, "next");
});

for (const kind of ["stale", "wrong-key"] as const) {
  test(`a client refuses a timestamp that is ${kind}`, async (t) => {
    const { sigstore, options } = await client(t);
    sigstore.fault("tuf", { kind });
    await t.throwsAsync(getTrustedRoot(options), { code: "TUF_REFRESH_METADATA_ERROR" });
    sigstore.clearFaults();
    await t.notThrowsAsync(getTrustedRoot(options));
  });
}
