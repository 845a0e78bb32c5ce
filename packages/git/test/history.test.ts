import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { objectStream, pathHistory, readCommits } from "@mlsign/git";
import test, { type ExecutionContext } from "ava";
import { has } from "./programs.ts";

const withGit = has("git") ? test : test.skip;

function repository(t: ExecutionContext) {
  const dir = mkdtempSync(join(tmpdir(), "mlsign-history-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const git = (input: string | Buffer, ...args: string[]): string =>
    execFileSync("git", ["-c", "user.name=Ana", "-c", "user.email=a@b", ...args], {
      cwd: dir,
      env: { PATH: process.env["PATH"] ?? "", HOME: dir, GIT_CONFIG_NOSYSTEM: "1" },
      encoding: "utf8",
      input,
      stdio: ["pipe", "pipe", "pipe"],
    }).trim();
  git("", "init", "-q", "-b", "main");
  const blob = (content: string | Buffer): string => git(content, "hash-object", "-w", "--stdin");
  return { dir, git, blob };
}

async function read(stream: AsyncIterable<{ oid: string; bytes: Buffer | undefined }>) {
  const all: [string, string | undefined][] = [];
  for await (const { oid, bytes } of stream) all.push([oid, bytes?.toString("latin1")]);
  return all;
}

withGit(
  "objectStream() reads in the order asked for, and leaves out what is too large",
  async (t) => {
    const { dir, blob } = repository(t);
    const contents = ["", "\n", "a\nb", "x".repeat(300_000), "\0\0\n", "y".repeat(99)];
    const oids = contents.map((content) => blob(content));
    t.deepEqual(
      await read(objectStream(dir, oids, "blob", 1000)),
      contents.map((content, at) => [oids[at] ?? "", content.length > 1000 ? undefined : content]),
    );
    t.deepEqual(await read(objectStream(dir, [], "blob")), []);
    const many = Array.from({ length: 3000 }, (_, at) => oids[at % oids.length] ?? "");
    t.is((await read(objectStream(dir, many, "blob"))).length, 3000);
  },
);

withGit("objectStream() refuses what is missing or of another kind", async (t) => {
  const { dir, blob } = repository(t);
  const known = blob("x");
  for (const [oids, kind] of [
    [[known, "0".repeat(40)], "blob"],
    [[known], "commit"],
    [["HEAD"], "commit"],
  ] as const) {
    await t.throwsAsync(read(objectStream(dir, oids, kind)), { code: "git-failed" } as object);
  }
  await t.throwsAsync(read(objectStream(tmpdir(), [known], "blob")), {
    code: "git-failed",
  } as object);
});

withGit("objectStream() ends git where reading stops early", async (t) => {
  const { dir, blob } = repository(t);
  const oid = blob("x".repeat(1_000_000));
  const stream = objectStream(
    dir,
    Array.from({ length: 1000 }, () => oid),
    "blob",
  );
  for await (const first of stream) {
    t.is(first.oid, oid);
    break;
  }
  t.true((await stream.next()).done);
});

withGit("readCommits() and pathHistory() are not led by replacement objects", async (t) => {
  const { dir, git } = repository(t);
  git("", "commit", "-q", "--allow-empty", "-m", "real");
  const real = git("", "rev-parse", "HEAD");
  git("", "commit", "-q", "--allow-empty", "-m", "other", "--amend");
  git("", "replace", real, git("", "rev-parse", "HEAD"));
  const commit = (await readCommits(dir, new Set([real]))).get(real);
  t.regex(commit?.bytes.toString() ?? "", /\n\nreal\n$/);
  t.deepEqual(await pathHistory(dir, ["nothing"]), []);
});

withGit("pathHistory() tells names apart that look like its own marks", async (t) => {
  const { dir, git } = repository(t);
  const oid = "a".repeat(40);
  const names = [oid, `x\n${oid}`, `:100644 100644 ${oid} ${oid} M`, "\n\n", "tab\there", "é"];
  const files = names.map((name) => {
    const quoted = JSON.stringify(name).replace("é", "\\303\\251");
    return `M 100644 inline ${quoted}\ndata 1\nx\n`;
  });
  const commit = "commit refs/heads/main\ncommitter Ana <a@b> 1700000000 +0000\ndata 1\nm\n";
  git(`${commit}${files.join("")}`, "fast-import", "--quiet");
  const changes = await pathHistory(dir, ["."]);
  t.deepEqual(changes.map(({ path }) => path).toSorted(), names.toSorted());
  t.is(new Set(changes.map((change) => change.commit.oid)).size, 1);
  const kept = await pathHistory(dir, (path) => path === "\n\n");
  t.deepEqual(
    kept.map(({ path, before }) => [path, before]),
    [["\n\n", undefined]],
  );
  // What the repository configures hides none of it.
  git("", "config", "log.showRoot", "false");
  git("", "config", "diff.relative", "true");
  t.is((await pathHistory(dir, ["."])).length, names.length);
});
