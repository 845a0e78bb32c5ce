import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import test from "ava";
import { create } from "tar";
import { shell } from "./shell.ts";

for (const gzip of [false, true]) {
  test(`mlsign signs the tree inside a ${gzip ? ".tar.gz" : ".tar"} as if it were unpacked`, async (t) => {
    const { mlsign, path } = shell(t);
    await mlsign("keygen", "--out", "k");
    await create({ file: path("m.tar"), cwd: path("model"), gzip }, ["."]);
    const inside = await mlsign("digest", "m.tar", "--archive");
    t.is(inside.out, (await mlsign("digest", "model")).out);
    t.is((await mlsign("sign", "m.tar", "--key", "k.key", "--archive")).exit, 0);
    t.is((await mlsign("verify", "m.tar", "--key", "k.pub", "--archive")).exit, 0);
    // The same signature holds for the unpacked directory, and the copy is that directory.
    const signature = ["--signature", "m.tar.sig"];
    t.is((await mlsign("verify", "model", "--key", "k.pub", ...signature)).exit, 0);
    const copied = await mlsign("verify", "m.tar", "--key", "k.pub", "--archive", "--into", "out");
    t.is(copied.exit, 0, copied.err);
    t.deepEqual(
      readFileSync(path("out/sub/weights.bin")),
      readFileSync(path("model/sub/weights.bin")),
    );
    writeFileSync(path("model/config.json"), "changed");
    await create({ file: path("m.tar"), cwd: path("model"), gzip }, ["."]);
    const changed = await mlsign("verify", "m.tar", "--key", "k.pub", "--archive");
    t.is(changed.exit, 1);
    t.regex(changed.out, /FAIL +file-changed +"config\.json"/);
  });
}

test("mlsign verify refuses an archive with a link that leads out", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  symlinkSync("/etc/passwd", path("model/link"));
  await create({ file: path("m.tar"), cwd: path("model") }, ["."]);
  const done = await mlsign("sign", "m.tar", "--key", "k.key", "--archive");
  t.is(done.exit, 1);
  t.regex(done.err, /link/);
});
