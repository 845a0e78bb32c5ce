import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import test from "ava";
import { shell } from "./shell.ts";

const MAIN = resolve(import.meta.dirname, "../packages/cli/src/main.ts");
const ROUNDS = 16;

test("mlsign sign killed at any moment leaves the old signature or the new one", async (t) => {
  const { cwd, mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "old");
  await mlsign("keygen", "--out", "new");
  await mlsign("sign", "model", "--key", "old.key");
  const before = readFileSync(path("model/model.sig"), "utf8");
  const outcomes = { old: 0, new: 0 };
  const whole = Math.min(await duration(), await duration(), await duration());
  const missing = (): boolean => outcomes.old === 0 || outcomes.new === 0;
  for (let round = 0; round < ROUNDS || (missing() && round < 3 * ROUNDS); round += 1) {
    writeFileSync(path("model/model.sig"), before);
    const child = spawn(process.execPath, [MAIN, "sign", "model", "--key", "new.key"], { cwd });
    const exited = once(child, "exit");
    await sleep(whole * (round < ROUNDS ? 0.3 + round / ROUNDS : beyond(round - ROUNDS)));
    child.kill("SIGKILL");
    await exited;
    const now = readFileSync(path("model/model.sig"), "utf8");
    outcomes[now === before ? "old" : "new"] += 1;
    const key = now === before ? "old.pub" : "new.pub";
    // What a killed writer left behind is outside the manifest, so the model still verifies.
    t.is((await mlsign("verify", "model", "--key", key)).exit, 0);
    rmSync(path("model/model.sig.tmp"), { force: true });
  }
  t.log(outcomes);
  // Both must have been seen, else the kills came at the wrong time and prove nothing.
  t.true(outcomes.old > 0 && outcomes.new > 0);

  /** A machine that became faster or slower meanwhile: earlier and earlier, or later and later. */
  function beyond(round: number): number {
    return outcomes.old === 0 ? 0.3 * 0.8 ** round : 1.3 * 1.1 ** round;
  }

  async function duration(): Promise<number> {
    const started = Date.now();
    await once(
      spawn(process.execPath, [MAIN, "sign", "model", "--key", "new.key"], { cwd }),
      "exit",
    );
    return Date.now() - started;
  }
});

test("mlsign sign on a full disk exits 3 and keeps the old signature", async (t) => {
  const { mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  mkdirSync(path("disk"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", path("disk")], {
      stdio: "ignore",
    });
  } catch {
    t.log("skipped: mounting a small file system wants root");
    t.pass();
    return;
  }
  try {
    cpSync(path("model"), path("disk/model"), { recursive: true });
    await mlsign("sign", "disk/model", "--key", "k.key");
    const before = readFileSync(path("disk/model/model.sig"));
    t.throws(() => writeFileSync(path("disk/filler"), Buffer.alloc(100_000)), { code: "ENOSPC" });
    const done = await mlsign("sign", "disk/model", "--key", "k.key", "--json");
    t.is(done.exit, 3);
    t.like(JSON.parse(done.out), { error: { code: "disk-full" } });
    t.deepEqual(readFileSync(path("disk/model/model.sig")), before);
    t.deepEqual(
      readdirSync(path("disk/model")).filter((name) => name.includes(".tmp")),
      [],
    );
  } finally {
    execFileSync("umount", [path("disk")]);
  }
});

test("mlsign verify refuses a file that grows while it is hashed", async (t) => {
  const { cwd, mlsign, path } = shell(t);
  await mlsign("keygen", "--out", "k");
  writeFileSync(path("model/big.bin"), Buffer.alloc(150_000_000));
  await mlsign("sign", "model", "--key", "k.key");
  const child = spawn(process.execPath, [MAIN, "verify", "model", "--key", "k.pub"], { cwd });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => {
    out += chunk.toString();
  });
  const exited = once(child, "exit") as Promise<[number]>;
  let running = true;
  void exited.then(() => {
    running = false;
  });
  while (running) {
    writeFileSync(path("model/big.bin"), "x", { flag: "a" });
    await sleep(2);
  }
  t.is((await exited)[0], 1);
  t.regex(out, /FAIL +file-changed/);
});

test("mlsign ends quietly when its reader has left", async (t) => {
  const { cwd, mlsign } = shell(t);
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  const child = spawn(process.execPath, [MAIN, "verify", "model", "--key", "k.pub"], { cwd });
  child.stdout.destroy();
  let err = "";
  child.stderr.on("data", (chunk: Buffer) => {
    err += chunk.toString();
  });
  const [code] = (await once(child, "exit")) as [number];
  t.is(code, 0);
  t.is(err, "");
});
