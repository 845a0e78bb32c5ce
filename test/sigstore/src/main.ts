import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startSigstore } from "./sigstore.ts";

const [directory] = process.argv.slice(2);
if (directory === undefined) {
  process.stderr.write("usage: node test/sigstore/src/main.ts DIRECTORY\n");
  process.exit(2);
}

const sigstore = await startSigstore();
const files = {
  "trusted_root.json": sigstore.trustedRoot,
  "signing_config.rekor1.json": sigstore.signingConfig({ rekor: 1, tsa: false }),
  "signing_config.rekor2.json": sigstore.signingConfig({ rekor: 2 }),
  "trust_config.json": sigstore.clientTrustConfig(),
};
await mkdir(directory, { recursive: true });
for (const [name, value] of Object.entries(files)) {
  await writeFile(join(directory, name), `${JSON.stringify(value, null, 2)}\n`);
}
await writeFile(join(directory, "root.json"), sigstore.tuf.root);
await writeFile(join(directory, "token"), sigstore.token({ email: "alice@example.com" }));
for (const [name, url] of Object.entries(sigstore.urls)) console.log(`${name}\t${url}`);

const stop = (): void => {
  void sigstore.close().then(() => process.exit(0));
};
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
