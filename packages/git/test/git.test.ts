import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  commitRange,
  openRepository,
  parseAllowedSigners,
  pathHistory,
  readBlob,
  readCommit,
  verifyCommit,
  workTreeState,
} from "@mlsign/git";
import test, { type ExecutionContext } from "ava";
import { has } from "./programs.ts";

const withGit = has("git") ? test : test.skip;
const withSsh = has("git") && has("ssh-keygen") ? test : test.skip;

interface Fixture {
  readonly dir: string;
  readonly git: (...args: string[]) => string;
  readonly write: (name: string, content: string) => void;
}

function repository(t: ExecutionContext, format: "sha1" | "sha256" = "sha1"): Fixture {
  const dir = mkdtempSync(join(tmpdir(), "mlsign-git-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: dir,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_AUTHOR_NAME: "Ana",
    GIT_AUTHOR_EMAIL: "ana@example.com",
    GIT_COMMITTER_NAME: "Ana",
    GIT_COMMITTER_EMAIL: "ana@example.com",
    GIT_AUTHOR_DATE: "2026-01-02T03:04:05Z",
    GIT_COMMITTER_DATE: "2026-01-02T03:04:05Z",
  };
  const git = (...args: string[]): string =>
    execFileSync("git", args, {
      cwd: dir,
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim();
  const write = (name: string, content: string): void => writeFileSync(join(dir, name), content);
  git("init", "-q", "-b", "main", `--object-format=${format}`);
  write("a.txt", "one\n");
  git("add", ".");
  git("commit", "-q", "-m", "first");
  return { dir, git, write };
}

withGit("openRepository() reads head, ref and a remote without its secrets", async (t) => {
  const { dir, git } = repository(t);
  git("remote", "add", "origin", "https://user:token@git.example/org/repo.git");
  const repo = await openRepository(dir);
  t.is(repo.head, git("rev-parse", "HEAD"));
  t.is(repo.ref, "refs/heads/main");
  t.is(repo.remote, "https://git.example/org/repo.git");
  t.false(repo.shallow);
  git("checkout", "-q", "--detach");
  t.is((await openRepository(dir)).ref, undefined);
});

withGit("readCommit() reads a commit from the bytes that its name is the hash of", async (t) => {
  const { dir, git } = repository(t);
  const head = git("rev-parse", "HEAD");
  const commit = await readCommit(dir, head);
  t.is(commit.tree, git("rev-parse", "HEAD^{tree}"));
  t.is(commit.author.email, "ana@example.com");
  t.is(commit.committer.at.toISOString(), "2026-01-02T03:04:05.000Z");
  t.is((await readBlob(dir, head, "a.txt"))?.toString(), "one\n");
  t.is(await readBlob(dir, head, "b.txt"), undefined);
  await t.throwsAsync(readCommit(dir, "HEAD"), { code: "git-failed" } as object);
  await t.throwsAsync(readCommit(dir, "--upload-pack=x"), { code: "git-failed" } as object);
});

withGit("workTreeState() sees edits that git status is told to overlook", async (t) => {
  const { dir, git, write } = repository(t);
  const state = async () => workTreeState(await openRepository(dir));
  t.true((await state()).clean);
  git("update-index", "--assume-unchanged", "a.txt");
  write("a.txt", "two\n");
  t.is(git("status", "--porcelain"), "");
  t.deepEqual((await state()).changed, ["a.txt"]);
  git("update-index", "--no-assume-unchanged", "a.txt");
  git("update-index", "--skip-worktree", "a.txt");
  t.deepEqual((await state()).changed, ["a.txt"]);
  write("a.txt", "one\n");
  write("new.py", "");
  t.deepEqual((await state()).untracked, ["new.py"]);
  rmSync(join(dir, "new.py"));
  rmSync(join(dir, "a.txt"));
  t.deepEqual((await state()).missing, ["a.txt"]);
  write("a.txt", "one\r\n");
  t.deepEqual(await state(), {
    clean: true,
    changed: [],
    missing: [],
    untracked: [],
    filtered: ["a.txt"],
  });
  write("a.txt", "one\n");
  chmodSync(join(dir, "a.txt"), 0o755);
  t.deepEqual((await state()).changed, ["a.txt"]);
  rmSync(join(dir, "a.txt"));
  symlinkSync("/etc/passwd", join(dir, "a.txt"));
  t.deepEqual((await state()).changed, ["a.txt"]);
});

withGit("nothing that a repository's own configuration names is executed", async (t) => {
  const { dir, git, write } = repository(t);
  const trap = join(dir, "trap.sh");
  const sprung = join(dir, "sprung");
  writeFileSync(trap, `#!/bin/sh\ntouch ${sprung}\n`, { mode: 0o755 });
  for (const key of [
    "core.fsmonitor",
    "core.sshCommand",
    "core.pager",
    "diff.external",
    "gpg.ssh.program",
    "gpg.program",
    "filter.x.clean",
    "filter.x.smudge",
    "filter.x.process",
    "core.hooksPath",
    "credential.helper",
    "diff.x.textconv",
    "core.gitProxy",
  ]) {
    git("config", key, trap);
  }
  write(".git/info/attributes", "* filter=x diff=x\n");
  write("a.txt", "changed\n");
  const repo = await openRepository(dir);
  await workTreeState(repo);
  await readCommit(dir, repo.head);
  await readBlob(dir, repo.head, "a.txt");
  await pathHistory(dir, ["*.txt"]);
  t.false(existsSync(sprung));
});

withSsh("verifyCommit() tells a good signature from each other kind", async (t) => {
  const { dir, git, write } = repository(t);
  for (const [type, bits] of [
    ["ed25519", ""],
    ["ecdsa", "256"],
    ["ecdsa", "384"],
    ["ecdsa", "521"],
    ["rsa", "3072"],
  ] as const) {
    const key = join(dir, `.git/key-${type}${bits}`);
    const size = bits ? ["-b", bits] : [];
    execFileSync("ssh-keygen", ["-q", "-t", type, ...size, "-N", "", "-C", "", "-f", key]);
    write("a.txt", `${type}${bits}`);
    git("add", ".");
    const sign = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${key}.pub`];
    git(...sign, "commit", "-q", "-S", "-m", type);
    const commit = await readCommit(dir, git("rev-parse", "HEAD"));
    const line = readFileSync(`${key}.pub`, "utf8").trim();
    const signed = (text: string) =>
      verifyCommit(commit, { allowedSigners: parseAllowedSigners(text, "test") });
    t.like(
      await signed(`ana@example.com ${line}`),
      { status: "good", principal: "ana@example.com" },
      type + bits,
    );
    t.like(await signed(`ana@example.com namespaces="git" ${line}`), { status: "good" });
    t.like(await signed(`ana@example.com namespaces="g?t,!file" ${line}`), { status: "good" });
    t.like(await signed(`ana@example.com valid-after="20250101",valid-before="20270101" ${line}`), {
      status: "good",
    });
    for (const options of [
      'namespaces="file"',
      'namespaces="*,!git"',
      'valid-before="20250101"',
      'valid-after="20270101"',
      "cert-authority",
    ]) {
      t.like(
        await signed(`ana@example.com ${options} ${line}`),
        { status: "unknown-signer" },
        options,
      );
    }
    t.like(await signed(""), { status: "unknown-signer" });
    const forged = {
      ...commit,
      signedBytes: Buffer.concat([commit.signedBytes, Buffer.from("x")]),
    };
    const allowedSigners = parseAllowedSigners(`a ${line}`, "test");
    t.like(await verifyCommit(forged, { allowedSigners }), { status: "bad" });
    t.like(await verifyCommit(commit, {}), { kind: "ssh", status: "unchecked" });
  }
});

withGit("verifyCommit() says unsigned, and leaves what it cannot check unchecked", async (t) => {
  const { dir, git } = repository(t);
  const commit = await readCommit(dir, git("rev-parse", "HEAD"));
  const judge = (signature: string) =>
    verifyCommit({ ...commit, signature }, { allowedSigners: [] });
  t.like(await verifyCommit(commit, { allowedSigners: [] }), { kind: "none", status: "unsigned" });
  t.like(await judge("-----BEGIN PGP SIGNATURE-----\nx"), { kind: "openpgp", status: "unchecked" });
  t.like(await judge("-----BEGIN SIGNED MESSAGE-----\nx"), { kind: "x509", status: "unchecked" });
  for (const body of ["AAAA", "////", "U1NIU0lH", "U1NIU0lHAAAAAQAAAAQAAAAA"]) {
    const armour = `-----BEGIN SSH SIGNATURE-----\n${body}\n-----END SSH SIGNATURE-----`;
    t.like(await judge(armour), { kind: "ssh", status: "bad" }, body);
  }
});

withGit("commitRange() lists a range, and takes zeros as a hook gets them", async (t) => {
  const { dir, git, write } = repository(t);
  git("commit", "-q", "--allow-empty", "-m", "second");
  const [first, second] = [git("rev-parse", "HEAD~1"), git("rev-parse", "HEAD")];
  const zeros = "0".repeat(40);
  const both = { oids: [first, second], before: new Set<string>() };
  t.deepEqual(await commitRange(dir, "HEAD"), both);
  t.deepEqual(await commitRange(dir, `${first}..${second}`), {
    oids: [second],
    before: new Set([first]),
  });
  t.deepEqual(await commitRange(dir, `${zeros}..${second}`), both);
  t.deepEqual((await commitRange(dir, `${second}..${zeros}`)).oids, []);
  // A graft would hide the first.
  mkdirSync(join(dir, ".git/info"), { recursive: true });
  write(".git/info/grafts", `${second}\n`);
  t.is(git("rev-list", "--count", "HEAD"), "1");
  t.deepEqual(await commitRange(dir, "HEAD"), both);
  for (const range of ["--all", "a b", "a..b..c", "..HEAD", "^HEAD", "-n1"]) {
    await t.throwsAsync(commitRange(dir, range), { code: "usage" } as object, range);
  }
});

withSsh("verifyCommit() refuses a commit with two signatures", async (t) => {
  const { dir, git } = repository(t);
  const key = join(dir, ".git/key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key]);
  const sign = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${key}.pub`];
  git(...sign, "commit", "-q", "--allow-empty", "-S", "-m", "x");
  const text = (await readCommit(dir, git("rev-parse", "HEAD"))).bytes.toString("latin1");
  const header = /^gpgsig .*\n(?: .*\n)*/m.exec(text)?.[0] ?? "";
  const twice = execFileSync("git", ["hash-object", "-t", "commit", "-w", "--stdin"], {
    cwd: dir,
    input: text.replace(header, header + header),
    encoding: "utf8",
  }).trim();
  const signers = parseAllowedSigners(`ana ${readFileSync(`${key}.pub`, "utf8").trim()}`, "test");
  const judge = async (oid: string) =>
    (await verifyCommit(await readCommit(dir, oid), { allowedSigners: signers })).status;
  t.is(await judge(git("rev-parse", "HEAD")), "good");
  t.is(await judge(twice), "bad");
});

withSsh("verifyCommit() judges the commits of a SHA-256 repository", async (t) => {
  const { dir, git } = repository(t, "sha256");
  const key = join(dir, ".git/key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key]);
  const sign = ["-c", "gpg.format=ssh", "-c", `user.signingkey=${key}.pub`];
  git(...sign, "commit", "-q", "--allow-empty", "-S", "-m", "x");
  const commit = await readCommit(dir, git("rev-parse", "HEAD"));
  t.is(commit.oid.length, 64);
  const signers = parseAllowedSigners(`ana ${readFileSync(`${key}.pub`, "utf8").trim()}`, "test");
  t.is((await verifyCommit(commit, { allowedSigners: signers })).status, "good");
  const gitsign = { identity: "a@b", issuer: "https://issuer.example", env: {} };
  const cms = { ...commit, signature: "-----BEGIN SIGNED MESSAGE-----\nx" };
  t.like(await verifyCommit(cms, { gitsign }), { status: "unchecked" });
});

withGit("pathHistory() finds changes in merges, and is not fooled by names", async (t) => {
  const { dir, git, write } = repository(t);
  write("data.dvc", "1\n");
  git("add", ".");
  git("-c", "user.name=x\u0001y\u0002z", "commit", "-q", "-m", "add");
  git("checkout", "-q", "-b", "side");
  write("data.dvc", "2\n");
  git("commit", "-q", "-a", "-m", "side");
  git("checkout", "-q", "main");
  write("other.txt", "x");
  git("add", ".");
  git("commit", "-q", "-m", "other");
  git("merge", "-q", "--no-ff", "--no-commit", "side");
  write("data.dvc", "evil\n");
  git("commit", "-q", "-a", "-m", "merge");
  const merge = git("rev-parse", "HEAD");
  const changes = await pathHistory(dir, ["*.dvc"]);
  t.is(changes.filter(({ commit }) => commit.oid === merge).length, 2);
  t.is(changes.length, 4);
  t.is(changes.at(-1)?.before, undefined);
  t.is(changes.at(-1)?.path, "data.dvc");
});

const lines: [string, boolean][] = [
  ["# comment\n\n", true],
  ["a@b ssh-ed25519 AAAA", false],
  [
    "a@b nonsense ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJwZ0eQCcE1ZQfAqIQ4tXo9n8o2nqn5iLJ0b2d0gGm1N",
    false,
  ],
  ["a@b ssh-dss AAAAC3NzaC1lZDI1NTE5AAAAIJwZ0eQCcE1ZQfAqIQ4tXo9n8o2nqn5iLJ0b2d0gGm1N", false],
  [
    'a@b,c@d namespaces="git",valid-before="20270101Z" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJwZ0eQCcE1ZQfAqIQ4tXo9n8o2nqn5iLJ0b2d0gGm1N',
    true,
  ],
  [
    'a@b valid-before="never" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJwZ0eQCcE1ZQfAqIQ4tXo9n8o2nqn5iLJ0b2d0gGm1N',
    false,
  ],
];
for (const [line, ok] of lines) {
  test(`parseAllowedSigners() ${ok ? "reads" : "refuses"} ${JSON.stringify(line.slice(0, 50))}`, (t) => {
    if (ok) t.notThrows(() => parseAllowedSigners(line, "test"));
    else t.throws(() => parseAllowedSigners(line, "test"), { code: "config-invalid" } as object);
  });
}
