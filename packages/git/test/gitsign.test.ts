import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readCommit, verifyCommit } from "@mlsign/git";
import test from "ava";
import { judgeGitsign } from "../src/gitsign.ts";
import { has } from "./programs.ts";

const WHO = { identity: "ana@example.com", issuer: "https://issuer.example" };
const GOOD = `tlog index: 1
gitsign: Signature made using certificate ID 0xab | CN=sigstore-intermediate,O=sigstore.dev
gitsign: Good signature from [${WHO.identity}](${WHO.issuer})
Validated Git signature: true
Validated Rekor entry: true
Validated Certificate claims: true
`;
const without = (line: RegExp): string => GOOD.replace(line, "");
const answers: [string, string, string, number, string][] = [
  ["all validated", GOOD, "", 0, "good"],
  ["an entry in the commit itself", without(/.*Rekor.*\n/), "", 0, "good"],
  ["all validated and an error code", GOOD, "", 1, "unchecked"],
  ["another identity", GOOD.replace("ana@", "eve@"), "", 0, "unchecked"],
  ["a second identity", GOOD.replace("example.com]", "example.com eve@x]"), "", 0, "unchecked"],
  ["no identity", without(/.*Good.*\n/), "", 0, "unchecked"],
  ["no word of the certificate", without(/.*claims.*\n/), "", 0, "unchecked"],
  [
    "a certificate that was not validated",
    GOOD.replace("claims: true", "claims: false"),
    "",
    0,
    "unchecked",
  ],
  [
    "an entry that was not validated",
    GOOD.replace("entry: true", "entry: false"),
    "",
    0,
    "unchecked",
  ],
  ["a line twice", `${GOOD}Validated Git signature: true\n`, "", 0, "unchecked"],
  ["nothing", "", "", 0, "unchecked"],
  ["a changed commit", "", "Error: failed to verify detached signature: x", 1, "bad"],
  [
    "somebody else",
    "",
    "Error: none of the expected identities matched what was in it",
    1,
    "unknown-signer",
  ],
  ["no network", "", "Error: error getting certificate root: initializing tuf", 1, "unchecked"],
];
for (const [what, out, err, code, status] of answers) {
  test(`judgeGitsign() takes ${what} for ${status}`, (t) => {
    t.is(judgeGitsign({ how: "exit", code, out, err }, WHO).status as string, status);
  });
}

test("judgeGitsign() says what is missing, and what did not end", (t) => {
  t.deepEqual(judgeGitsign({ how: "missing" }, WHO), {
    status: "unchecked",
    why: "gitsign is not installed",
  });
  t.is(judgeGitsign({ how: "failed", why: "x" }, WHO).status, "unchecked");
});

const withGit = has("git") ? test : test.skip;

withGit(
  "verifyCommit() runs gitsign on a copy of the commit, far from the repository",
  async (t) => {
    const dir = mkdtempSync(join(tmpdir(), "mlsign-gitsign-test-"));
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    const git = (...args: string[]): string =>
      execFileSync("git", ["-c", "user.name=Ana", "-c", "user.email=a@b", ...args], {
        cwd: dir,
        env: { PATH: process.env["PATH"] ?? "", HOME: dir, GIT_CONFIG_NOSYSTEM: "1" },
        encoding: "utf8",
      }).trim();
    git("init", "-q");
    git("config", "gitsign.fulcioRoot", join(dir, "evil.pem"));
    git("commit", "-q", "--allow-empty", "-m", "x");
    const head = git("rev-parse", "HEAD");
    // It records what it was given, and is believed by what it prints.
    const script = `#!/bin/sh
echo "$*" > ${dir}/asked
git config --get-regexp '.*' > ${dir}/config
git cat-file commit "$4" > ${dir}/commit
echo "$GIT_DIR$GIT_CONFIG_COUNT" > ${dir}/environment
cat <<'END'
${GOOD}END
`;
    writeFileSync(join(dir, "gitsign"), script, { mode: 0o755 });
    const commit = {
      ...(await readCommit(dir, head)),
      signature: "-----BEGIN SIGNED MESSAGE-----\nAAAA\n-----END SIGNED MESSAGE-----\n",
    };
    const env = {
      PATH: `${dir}:${process.env["PATH"]}`,
      GIT_DIR: join(dir, ".git"),
      GIT_CONFIG_COUNT: "1",
    };
    const signature = await verifyCommit(commit, { gitsign: { ...WHO, env } });
    t.like(signature, { kind: "x509", status: "good", principal: WHO.identity });
    const read = (name: string): string => readFileSync(join(dir, name), "utf8");
    t.is(
      read("asked"),
      `verify --certificate-identity=${WHO.identity} --certificate-oidc-issuer=${WHO.issuer} ${head}\n`,
    );
    t.notRegex(read("config"), /evil/);
    t.is(read("commit"), git("cat-file", "commit", head) + "\n");
    t.is(read("environment"), "\n");
    t.false(existsSync(join(dir, "evil.pem")));
    t.like(await verifyCommit(commit, { gitsign: { ...WHO, env: { PATH: "/nonexistent" } } }), {
      status: "unchecked",
      why: "gitsign is not installed",
    });
  },
);
