import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openKeyring, readCommit, verifyCommit } from "@mlsign/git";
import test, { type ExecutionContext } from "ava";
import { judgeGpg } from "../src/gpg-status.ts";
import { has } from "./programs.ts";

const withGpg = has("git") && has("gpg") ? test : test.skip;
const ENV = { PATH: process.env["PATH"] ?? "" };

/** A repository and a home of gpg's own; its agent ends with the test. */
function gnupg(t: ExecutionContext) {
  const dir = mkdtempSync(join(tmpdir(), "mlsign-pgp-"));
  const env = { ...ENV, HOME: dir, GNUPGHOME: dir, GIT_CONFIG_NOSYSTEM: "1" };
  t.teardown(() => {
    execFileSync("gpgconf", ["--kill", "all"], { env });
    rmSync(dir, { recursive: true, force: true });
  });
  const gpg = (...args: string[]): Buffer =>
    execFileSync("gpg", ["--batch", "--quiet", "--passphrase", "", ...args], {
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
  const git = (...args: string[]): string =>
    execFileSync("git", args, { cwd: dir, env, encoding: "utf8", stdio: "pipe" }).trim();
  const key = (name: string, algorithm = "ed25519", expires = "1y"): void => {
    gpg("--quick-gen-key", `${name} <${name}@example.com>`, algorithm, "sign", expires);
  };
  const commit = async (name: string, ...gpgOptions: string[]) => {
    const program = join(dir, `gpg-${gpgOptions.length}`);
    writeFileSync(program, `#!/bin/sh\nexec gpg --batch ${gpgOptions.join(" ")} "$@"\n`, {
      mode: 0o755,
    });
    const who = ["-c", `user.name=${name}`, "-c", `user.email=${name}@example.com`];
    const how = ["-c", `gpg.program=${program}`, "-c", `user.signingkey=${name}@example.com`];
    git(...who, ...how, "commit", "-q", "--allow-empty", "-S", "-m", "signed");
    return readCommit(dir, git("rev-parse", "HEAD"));
  };
  git("init", "-q", "-b", "main");
  const exported = (...names: string[]): Buffer =>
    gpg("--export", "--armor", ...names.map((name) => `${name}@example.com`));
  const keyring = async (keys: Buffer) => {
    const opened = await openKeyring(keys, { source: "keys.asc", env: ENV });
    t.teardown(() => opened.close());
    return opened;
  };
  return { dir, gpg, key, commit, exported, keyring };
}

withGpg("verifyCommit() judges OpenPGP by the given keys alone", async (t) => {
  const { key, commit, exported, keyring } = gnupg(t);
  for (const [name, algorithm] of [
    ["ana", "ed25519"],
    ["ben", "rsa3072"],
  ] as const) {
    key(name, algorithm);
    const signed = await commit(name);
    const own = await keyring(exported(name));
    t.like(await verifyCommit(signed, { keyring: own }), {
      kind: "openpgp",
      status: "good",
      principal: `${name}@example.com`,
    });
    const forged = {
      ...signed,
      signedBytes: Buffer.concat([signed.signedBytes, Buffer.from("x")]),
    };
    t.like(await verifyCommit(forged, { keyring: own }), { status: "bad" });
    t.like(await verifyCommit(signed, {}), { status: "unchecked" });
  }
  const signed = await commit("ana");
  t.like(await verifyCommit(signed, { keyring: await keyring(exported("ben")) }), {
    status: "unknown-signer",
  });
  const both = await keyring(exported("ana", "ben"));
  t.like(await verifyCommit(signed, { keyring: both }), { status: "good" });
});

withGpg("verifyCommit() refuses two signatures, other armour and weak hashes", async (t) => {
  const { key, commit, exported, keyring, gpg, dir } = gnupg(t);
  key("ana");
  const signed = await commit("ana");
  const own = await keyring(exported("ana"));
  const body = (armour: string): Buffer =>
    Buffer.from(armour.replace(/-----.*-----|\n=....\n|\n/g, ""), "base64");
  const one = body(signed.signature ?? "");
  const twice = Buffer.concat([one, one]).toString("base64");
  for (const [what, signature] of [
    [
      "two in one armour",
      `-----BEGIN PGP SIGNATURE-----\n\n${twice}\n-----END PGP SIGNATURE-----\n`,
    ],
    ["two armours", `${signed.signature}${signed.signature}`],
    ["a message", (signed.signature ?? "").replaceAll("SIGNATURE", "MESSAGE")],
    ["text before it", `x\n${signed.signature}`],
    ["nothing", "-----BEGIN PGP SIGNATURE-----\n\n=twTO\n-----END PGP SIGNATURE-----\n"],
  ] as const) {
    const { status } = await verifyCommit({ ...signed, signature }, { keyring: own });
    t.not(status, "good", what);
  }
  const signedMessage = gpg("--armor", "--sign", "--output", "-", join(dir, "gpg-0")).toString();
  t.like(await verifyCommit({ ...signed, signature: signedMessage }, { keyring: own }), {
    status: "bad",
  });
  key("old", "rsa3072");
  const weak = await commit("old", "--digest-algo", "SHA1");
  t.like(await verifyCommit(weak, { keyring: await keyring(exported("old")) }), {
    status: "bad",
    why: "the signature's hash is too weak",
  });
});

withGpg("verifyCommit() refuses a key that has expired or was revoked", async (t) => {
  const { key, commit, exported, keyring, gpg, dir } = gnupg(t);
  key("ana", "ed25519", "seconds=4");
  const begun = Date.now();
  const signed = await commit("ana");
  const expiring = exported("ana");
  key("eve");
  const byEve = await commit("eve");
  const fingerprint =
    /fpr:+([0-9A-F]{40}):/.exec(
      gpg("--with-colons", "--list-keys", "eve@example.com").toString(),
    )?.[1] ?? "";
  const certificate = join(dir, "openpgp-revocs.d", `${fingerprint}.rev`);
  t.true(existsSync(certificate));
  execFileSync("sh", ["-c", `sed s/^:---/---/ "${certificate}" | gpg --batch --quiet --import`], {
    env: { ...ENV, HOME: dir, GNUPGHOME: dir },
    stdio: "pipe",
  });
  t.like(await verifyCommit(byEve, { keyring: await keyring(exported("eve")) }), {
    status: "unknown-signer",
    why: "the signer's OpenPGP key is revoked",
  });
  await new Promise((done) => setTimeout(done, Math.max(0, begun + 6000 - Date.now())));
  t.like(await verifyCommit(signed, { keyring: await keyring(expiring) }), {
    status: "unknown-signer",
    why: "the signer's OpenPGP key has expired",
  });
});

withGpg("openKeyring() takes public keys alone", async (t) => {
  const { key, gpg, exported } = gnupg(t);
  key("ana");
  const binary = gpg("--export-secret-keys", "ana@example.com");
  const armoured = gpg("--export-secret-keys", "--armor", "ana@example.com");
  for (const [what, keys] of [
    ["nothing", Buffer.alloc(0)],
    ["text", Buffer.from("hello")],
    ["damaged keys", exported("ana").subarray(0, 150)],
    ["secret keys", armoured],
    ["secret keys in binary", binary],
  ] as const) {
    await t.throwsAsync(
      openKeyring(keys, { source: "keys.asc", env: ENV }),
      { code: "config-invalid" } as object,
      what,
    );
  }
});

withGpg("openKeyring() has a home of its own, which ends with it", async (t) => {
  const { dir, key, exported } = gnupg(t);
  key("ana");
  const log = join(dir, "homes");
  const bin = join(dir, "bin");
  mkdirSync(bin);
  // The real gpg, which tells its home, and what of the environment it sees.
  const script = `#!/bin/sh\necho "$HOME $GNUPGHOME $SECRET" >> ${log}\nPATH=${ENV.PATH} exec gpg "$@"\n`;
  writeFileSync(join(bin, "gpg"), script, { mode: 0o755 });
  const env = { PATH: bin, GNUPGHOME: dir, HOME: dir, SECRET: "x" };
  const opened = await openKeyring(exported("ana"), { source: "keys.asc", env });
  const [home = "", gnupgHome, secret] = (readFileSync(log, "utf8").split("\n")[0] ?? "").split(
    " ",
  );
  t.is(gnupgHome, home);
  t.is(secret, "");
  t.not(home, dir);
  t.true(existsSync(home));
  await opened.close();
  t.false(existsSync(home));
  await t.throwsAsync(openKeyring(Buffer.from("no keys"), { source: "keys.asc", env }), {
    code: "config-invalid",
  } as object);
  const failed = readFileSync(log, "utf8").split("\n").at(-2)?.split(" ")[0] ?? "";
  t.not(failed, home);
  t.false(existsSync(failed));
});

test("verifyCommit() never passes where gpg is missing, hangs or chatters", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "mlsign-nogpg-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const signature = "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n";
  const keyring = await openKeyring(Buffer.from("keys"), {
    source: "keys.asc",
    env: { PATH: `${dir}:.` },
  });
  t.teardown(() => keyring.close());
  t.deepEqual(await keyring.verify(signature, Buffer.alloc(0)), {
    status: "unchecked",
    why: "gpg is not installed",
  });
  writeFileSync(join(dir, "gpg"), "#!/bin/sh\nwhile :; do echo '[GNUPG:] GOODSIG x y'; done\n", {
    mode: 0o755,
  });
  const noisy = await openKeyring(Buffer.from("keys"), { source: "keys.asc", env: { PATH: dir } });
  t.teardown(() => noisy.close());
  t.deepEqual(await noisy.verify(signature, Buffer.alloc(0)), {
    status: "unchecked",
    why: "gpg did not answer: it printed too much",
  });
});

const KEY = "A".repeat(40);
const VALID = `[GNUPG:] VALIDSIG ${"B".repeat(40)} 2026-01-01 1 0 4 0 22 8 00 ${KEY}`;
const GOOD = `[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG BBBB A%25b <a@b>\n${VALID}\n`;
const answers: [string, string, number, string][] = [
  ["one good signature", GOOD, 0, "good"],
  ["a good signature and an error code", GOOD, 1, "unchecked"],
  ["nothing", "", 0, "unchecked"],
  ["a good signature without its details", GOOD.replace(VALID, ""), 0, "unchecked"],
  ["details twice", `${GOOD}${VALID}\n`, 0, "unchecked"],
  ["a word that is not known", `${GOOD}[GNUPG:] SURPRISE\n`, 0, "unchecked"],
  ["good and bad", `${GOOD}[GNUPG:] BADSIG B x\n`, 0, "bad"],
  ["two signatures", `[GNUPG:] NEWSIG\n${GOOD}`, 0, "bad"],
  ["a key that was not given", GOOD.replaceAll(KEY, "C".repeat(40)), 0, "unknown-signer"],
  ["SHA-1", GOOD.replace(" 22 8 00", " 22 2 00"), 0, "bad"],
  ["MD5", GOOD.replace(" 22 8 00", " 1 1 00"), 0, "bad"],
  ["a signature of text", GOOD.replace(" 22 8 00", " 22 8 01"), 0, "bad"],
  ["a missing key", `[GNUPG:] ERRSIG BBBB 22 8 00 1 9 ${KEY}\n`, 2, "unknown-signer"],
  ["an unknown algorithm", "[GNUPG:] ERRSIG BBBB 99 8 00 1 4 -\n", 2, "unchecked"],
  [
    "words that are no status lines",
    `gpg: x\n${GOOD.replaceAll("[GNUPG:]", "x [GNUPG:]")}`,
    0,
    "unchecked",
  ],
];
for (const [what, out, code, status] of answers) {
  test(`judgeGpg() takes ${what} for ${status}`, (t) => {
    const verdict = judgeGpg({ how: "exit", code, out, err: "" }, new Set([KEY]));
    t.is(verdict.status as string, status);
    if (verdict.status === "good") t.is(verdict.user, "A%b <a@b>");
  });
}
