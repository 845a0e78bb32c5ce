import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdirSync } from "node:fs";
import test from "ava";
import { softHsm } from "../../scripts/peers/softhsm.ts";
import { MLSIGN, NODE, workshop, writeModel } from "./cells.ts";

const PIN = "9876";

for (const curve of ["P-256", "P-384", "P-521"]) {
  test(`a key on a PKCS #11 token (${curve}) signs, and its PIN is in no output`, async (t) => {
    const token = softHsm();
    if ("reason" in token) {
      if (process.env["CI"]) t.fail(token.reason);
      else t.log(`skipped: ${token.reason}`);
      t.pass();
      return;
    }
    const probe = await workshop(t);
    mkdirSync(probe.path("tokens"));
    const config = probe.write("softhsm2.conf", `directories.tokendir = ${probe.path("tokens")}\n`);
    const env = { SOFTHSM2_CONF: config };
    const shop = await workshop(t, env);
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: curve });
    const pem = shop.write("key.pem", privateKey.export({ type: "pkcs8", format: "pem" }));
    shop.write("key.pub", publicKey.export({ type: "spki", format: "pem" }));
    const util = (...args: string[]): void => {
      execFileSync(token.util, args, { env: { ...process.env, ...env }, stdio: "pipe" });
    };
    util("--init-token", "--free", "--label", "models", "--pin", PIN, "--so-pin", PIN);
    util("--import", pem, "--token", "models", "--label", "release", "--id", "a1", "--pin", PIN);
    writeModel(shop);
    const uri = (rest: string): string =>
      `pkcs11:token=models;${rest}&module-path=${token.library}`;
    const sign = ["sign", "model", "--key"];
    await shop.ok(NODE, MLSIGN, sign, uri(`object=release?pin-value=${PIN}`));
    await shop.ok(NODE, MLSIGN, "verify", "model", "--key", "key.pub");
    const source = shop.write("pin", `${PIN}\n`);
    await shop.ok(NODE, MLSIGN, sign, uri(`id=%a1;type=private?pin-source=file:${source}`));
    const wrong = await shop.refused(
      /PKCS #11/,
      NODE,
      MLSIGN,
      sign,
      uri("object=release?pin-value=12344321"),
    );
    t.is(wrong.code, 3);
    t.notRegex(wrong.stdout + wrong.stderr, /12344321/);
    const missing = await shop.refused(
      /no (?:private|public) key/,
      NODE,
      MLSIGN,
      sign,
      uri(`object=other?pin-value=${PIN}`),
    );
    t.is(missing.code, 3);
  });
}
