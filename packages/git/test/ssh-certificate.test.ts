import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAllowedSigners, readCommit, verifyCommit } from "@mlsign/git";
import test, { type ExecutionContext } from "ava";
import { readSshCertificate } from "../src/ssh-certificate.ts";
import { matchesPatterns } from "../src/ssh-pattern.ts";
import { has } from "./programs.ts";

const withSsh = has("git") && has("ssh-keygen") ? test : test.skip;

/** A folder with an authority, and commits signed with certificates of its. */
async function authority(t: ExecutionContext, type = "ed25519") {
  const dir = mkdtempSync(join(tmpdir(), "mlsign-sshca-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const keygen = (...args: string[]): void => {
    execFileSync("ssh-keygen", ["-q", ...args], { cwd: dir, stdio: "pipe" });
  };
  const git = (...args: string[]): string =>
    execFileSync("git", args, {
      cwd: dir,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: dir,
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_AUTHOR_DATE: "2026-01-02T03:04:05Z",
        GIT_COMMITTER_DATE: "2026-01-02T03:04:05Z",
      },
      encoding: "utf8",
    }).trim();
  keygen("-t", type, "-N", "", "-C", "", "-f", "ca");
  keygen("-t", type, "-N", "", "-C", "", "-f", "id");
  git("init", "-q", "-b", "main");
  const certify = (...options: string[]): void =>
    keygen("-s", "ca", "-I", "a key", ...options, "id.pub");
  const commit = async () => {
    const who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
    const how = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${join(dir, "id-cert.pub")}`];
    git(...who, ...how, "commit", "-q", "--allow-empty", "-S", "-m", "signed");
    return readCommit(dir, git("rev-parse", "HEAD"));
  };
  const line = (file: string): string => readFileSync(join(dir, file), "utf8").trim();
  const judge = async (signers: string) =>
    verifyCommit(await commit(), { allowedSigners: parseAllowedSigners(signers, "test") });
  return { dir, keygen, certify, commit, judge, ca: line("ca.pub"), id: line("id.pub"), line };
}

for (const type of ["ed25519", "ecdsa", "rsa"]) {
  withSsh(`verifyCommit() takes a certificate by a trusted authority (${type})`, async (t) => {
    const { certify, judge, ca } = await authority(t, type);
    certify("-n", "ana@example.com,other", "-V", "20250101:20270101");
    t.like(await judge(`*@example.com cert-authority ${ca}`), {
      status: "good",
      principal: "ana@example.com",
    });
    t.like(await judge(`*@example.com cert-authority,namespaces="git" ${ca}`), { status: "good" });
    t.like(await judge(`other cert-authority ${ca}`), { status: "good", principal: "other" });
  });
}

const refusals: [string, string[], (ca: string, id: string) => string, RegExp][] = [
  ["whose authority is nobody's", ["-n", "ana"], () => "", /no allowed signer has the certificate/],
  ["where its key alone is allowed", ["-n", "ana"], (_, id) => `ana ${id}`, /authority/],
  ["where its authority is no authority", ["-n", "ana"], (ca) => `ana ${ca}`, /authority/],
  ["for another principal", ["-n", "eve"], (ca) => `ana cert-authority ${ca}`, /vouch/],
  [
    "for a principal that is excluded",
    ["-n", "eve@example.com"],
    (ca) => `*@example.com,!eve@example.com cert-authority ${ca}`,
    /vouch/,
  ],
  ["for nobody in particular", [], (ca) => `* cert-authority ${ca}`, /vouch/],
  [
    "that had expired",
    ["-n", "ana", "-V", "20240101:20250101"],
    (ca) => `ana cert-authority ${ca}`,
    /no longer valid/,
  ],
  [
    "that was of a later time",
    ["-n", "ana", "-V", "20260601:20270101"],
    (ca) => `ana cert-authority ${ca}`,
    /not yet valid/,
  ],
  ["of a host", ["-h", "-n", "ana"], (ca) => `ana cert-authority ${ca}`, /host/],
  [
    "that is restricted to a command",
    ["-n", "ana", "-O", "force-command=true"],
    (ca) => `ana cert-authority ${ca}`,
    /critical option/,
  ],
  [
    "for other things than git",
    ["-n", "ana"],
    (ca) => `ana cert-authority,namespaces="file" ${ca}`,
    /not allowed for git/,
  ],
  [
    "whose authority is no longer allowed",
    ["-n", "ana"],
    (ca) => `ana cert-authority,valid-before="20250101Z" ${ca}`,
    /no longer allowed/,
  ],
];
for (const [what, options, signers, why] of refusals) {
  withSsh(`verifyCommit() refuses a certificate ${what}`, async (t) => {
    const { certify, judge, ca, id } = await authority(t);
    certify(...options);
    const signature = await judge(signers(ca, id));
    t.like(signature, { kind: "ssh", status: "unknown-signer" });
    t.regex(signature.why, why);
  });
}

withSsh("readSshCertificate() refuses every certificate with a changed byte", async (t) => {
  const { certify, line } = await authority(t);
  certify("-n", "ana", "-z", "7");
  const wire = Buffer.from(line("id-cert.pub").split(" ")[1] ?? "", "base64");
  const { serial, principals, keyId, user } = readSshCertificate(wire);
  t.deepEqual(
    { serial, principals, keyId, user },
    {
      serial: 7n,
      principals: ["ana"],
      keyId: "a key",
      user: true,
    },
  );
  for (let at = 0; at < wire.length; at += 1) {
    const changed = Buffer.from(wire);
    changed[at] = (changed[at] ?? 0) ^ 1;
    t.throws(() => readSshCertificate(changed), undefined, `byte ${at}`);
    t.throws(() => readSshCertificate(wire.subarray(0, at)), undefined, `cut at ${at}`);
  }
  t.throws(() => readSshCertificate(Buffer.concat([wire, Buffer.alloc(1)])));
});

withSsh("verifyCommit() refuses another certificate around the same signature", async (t) => {
  const { certify, commit, line, ca, keygen } = await authority(t);
  certify("-n", "ana");
  const signed = await commit();
  const inner = Buffer.from(line("id-cert.pub").split(" ")[1] ?? "", "base64");
  keygen("-t", "ed25519", "-N", "", "-C", "", "-f", "eve");
  keygen("-s", "ca", "-I", "a key", "-n", "ana", "eve.pub");
  const other = Buffer.from(line("eve-cert.pub").split(" ")[1] ?? "", "base64");
  t.is(other.length, inner.length);
  const armour = signed.signature ?? "";
  const body = Buffer.from(armour.replace(/-----.*-----|\n/g, ""), "base64");
  const at = body.indexOf(inner);
  t.true(at > 0);
  other.copy(body, at);
  const signature = `-----BEGIN SSH SIGNATURE-----\n${body.toString("base64")}\n-----END SSH SIGNATURE-----\n`;
  const allowedSigners = parseAllowedSigners(`ana cert-authority ${ca}`, "test");
  t.is((await verifyCommit(signed, { allowedSigners })).status, "good");
  t.is((await verifyCommit({ ...signed, signature }, { allowedSigners })).status, "bad");
});

const patterns: [string, string[], boolean][] = [
  ["git", ["git"], true],
  ["git", ["GIT"], false],
  ["git", ["*"], true],
  ["git", ["g?t"], true],
  ["git", ["g?"], false],
  ["", ["*"], true],
  ["", ["?"], false],
  ["a@b.c", ["*@b.c"], true],
  ["a@b.c.d", ["*@b.c"], false],
  ["a@b.c", ["*", "!a@*"], false],
  ["a@b.c", ["!x@*", "*"], true],
  ["a@b.c", ["!x@*"], false],
  ["aXbXc", ["a*b*c"], true],
  ["abab", ["*ab"], true],
  ["a[b", ["a[b"], true],
];
for (const [text, list, fits] of patterns) {
  test(`matchesPatterns() ${fits ? "fits" : "does not fit"} "${text}" to ${list.join(",")}`, (t) => {
    t.is(matchesPatterns(text, list), fits);
  });
}

test("matchesPatterns() ends in time on a hostile pattern", (t) => {
  const begun = performance.now();
  t.false(matchesPatterns("a".repeat(5000), [`${"a*".repeat(2000)}b`]));
  t.true(performance.now() - begun < 2000);
});
