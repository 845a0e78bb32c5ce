import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { checkDependencies, findDependencyFiles, recognise } from "@mlsign/deps";
import test from "ava";
import { temporary, write } from "./files.ts";
import { H } from "./verdicts.ts";

/** [path, kind] */
const NAMES: readonly (readonly [string, string | undefined])[] = [
  ["requirements.txt", "requirements"],
  ["requirements-dev.txt", "requirements"],
  ["dev_requirements.txt", "requirements"],
  ["requirements/prod.txt", "requirements"],
  ["requirements.gpu.txt", "requirements"],
  ["my-requirements-notes.md", undefined],
  ["pylock.toml", "pylock"],
  ["pylock.dev.toml", "pylock"],
  ["sub/uv.lock", "uv-lock"],
  ["poetry.lock", "poetry-lock"],
  ["pdm.lock", "pdm-lock"],
  ["Pipfile.lock", "pipfile-lock"],
  ["conda-lock.yml", "conda-lock"],
  ["gpu.conda-lock.yml", "conda-lock"],
  ["conda-linux-64.lock", "conda-explicit"],
  ["package-lock.json", "package-lock"],
  ["npm-shrinkwrap.json", "package-lock"],
  ["pnpm-lock.yaml", "pnpm-lock"],
  ["yarn.lock", "yarn-lock"],
  ["Dockerfile", "dockerfile"],
  ["Dockerfile.gpu", "dockerfile"],
  ["train.Dockerfile", "dockerfile"],
  ["Dockerfile.dockerignore", undefined],
  ["Containerfile", "dockerfile"],
  [".github/workflows/ci.yaml", "github-workflow"],
  ["action.yml", "github-action"],
  ["docker-compose.override.yml", "compose"],
  ["compose.yaml", "compose"],
  ["kustomization.yaml", "kustomization"],
  ["README.md", undefined],
];

test("`recognise()` tells a file by its name", (t) => {
  for (const [path, kind] of NAMES) t.is(recognise(path, Buffer.alloc(0)), kind as never, path);
});

/** [text, kind] */
const CONTENTS: readonly (readonly [string, string | undefined])[] = [
  ["apiVersion: v1\nkind: Pod\n", "kubernetes"],
  ["---\n# Source: chart/templates/x.yaml\napiVersion: v1\nkind: Pod\n", "kubernetes"],
  ["- apiVersion: v1\n  kind: Pod\n", undefined],
  ["services:\n  a:\n    image: b\n", "compose"],
  ["services:\n  a: 1\n", undefined],
  ["apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n", "kustomization"],
  ["images:\n- name: a\n  newTag: b\n", "kustomization"],
  ["apiVersion: v1\nkind: Pod\nspec: {{ .Values.x }}\n", "yaml-template"],
  ["title: {{ x }}\n", undefined],
  ["a: b\n", undefined],
];

test("`recognise()` tells YAML by its content", (t) => {
  for (const [text, kind] of CONTENTS)
    t.is(recognise("x.yaml", Buffer.from(text)), kind as never, text);
});

test("`findDependencyFiles()` says what it looked at and what it skipped", (t) => {
  const root = write(temporary(t), {
    "requirements.txt": "",
    "requirements.in": "",
    "constraints.txt": "",
    "pyproject.toml": "",
    "k8s/pod.yaml": "apiVersion: v1\nkind: Pod\n",
    "k8s/other.yaml": "a: b\n",
    "node_modules/x/package-lock.json": "",
    ".venv/requirements.txt": "",
    "lib/site-packages/requirements.txt": "",
    ".git/requirements.txt": "",
    ".github/workflows/ci.yml": "",
    "target/uv.lock": "",
  });
  symlinkSync("target/uv.lock", join(root, "uv.lock"));
  symlinkSync("target", join(root, "linked"));
  const { found, skipped } = findDependencyFiles(root);
  t.deepEqual(
    found.map(({ path }) => path),
    [".github/workflows/ci.yml", "k8s/pod.yaml", "requirements.txt", "target/uv.lock"],
  );
  t.deepEqual(
    skipped.map(({ path, unread }) => (unread ? `${path}?` : path)),
    [
      ".git",
      ".venv",
      "constraints.txt",
      "lib/site-packages",
      "node_modules",
      "pyproject.toml",
      "requirements.in",
      "uv.lock?",
    ],
  );
});

test("`checkDependencies()` judges a tree, and tells an included file once", (t) => {
  const root = write(temporary(t), {
    "requirements.txt": "-r requirements/base.txt\n",
    "requirements/base.txt": "a==1\n",
    Dockerfile: `FROM a@sha256:${H}\n`,
  });
  const { verdict, files, included, entries, findings } = checkDependencies(root);
  t.is(verdict, "refused");
  t.deepEqual(files, [
    { path: "Dockerfile", kind: "dockerfile", sha256: sha256(`FROM a@sha256:${H}\n`) },
    {
      path: "requirements.txt",
      kind: "requirements",
      sha256: sha256("-r requirements/base.txt\n"),
    },
    { path: "requirements/base.txt", kind: "requirements", sha256: sha256("a==1\n") },
  ]);
  t.deepEqual(included, []);
  t.is(entries.length, 2);
  t.deepEqual(
    findings.map(({ code, outcome, location }) => [code, outcome, location]),
    [
      ["image-pinned", "pass", { path: "Dockerfile" }],
      ["dependency-pinned", "fail", { path: "requirements/base.txt", line: 1 }],
    ],
  );
});

test("`checkDependencies()` accepts what is pinned, and decides nothing over nothing", (t) => {
  const pinned = write(temporary(t), {
    "requirements.txt": `--only-binary :all:\na==1 --hash=sha256:${H}\n`,
  });
  t.is(checkDependencies(pinned).verdict, "accepted");
  t.is(checkDependencies(temporary(t)).verdict, "undecided");
});

test("`checkDependencies()` does not accept over what it did not read", (t) => {
  const root = write(temporary(t), {
    Dockerfile: `FROM a@sha256:${H}\n`,
    "x/uv.lock": "version = 1\n",
  });
  symlinkSync("x/uv.lock", join(root, "uv.lock"));
  t.is(checkDependencies(root).verdict, "undecided");
});

test("`checkDependencies()` reads named files, with includes below the root only", (t) => {
  const root = write(temporary(t), {
    "r/dev.txt": "-r ../base.txt\n",
    "r/notes.md": "",
    "base.txt": `--only-binary :all:\na==1 --hash=sha256:${H}\n`,
    "r/requirements.txt": "-r ../base.txt\n",
  });
  const file = join(root, "r/requirements.txt");
  t.is(checkDependencies(file).verdict, "undecided");
  const { verdict, files, included } = checkDependencies([file], { root });
  t.is(verdict, "accepted");
  t.deepEqual(files, [
    { path: "r/requirements.txt", kind: "requirements", sha256: sha256("-r ../base.txt\n") },
  ]);
  const base = `--only-binary :all:\na==1 --hash=sha256:${H}\n`;
  t.deepEqual(included, [{ path: "base.txt", sha256: sha256(base) }]);
  t.is(checkDependencies(join(root, "r/dev.txt"), { root }).verdict, "accepted");
  t.throws(() => checkDependencies(join(root, "r/notes.md")), { code: "usage" });
  t.throws(() => checkDependencies(join(root, "none/requirements.txt")), {
    code: "file-unreadable",
  });
});

test("`checkDependencies()` tells the paths of a tree from the root", (t) => {
  const root = write(temporary(t), {
    "a/b/requirements.txt": "-r ../base.txt\n",
    "a/base.txt": "x==1\n",
    "a/b/package.json": "{}",
  });
  const { files, skipped, findings } = checkDependencies(join(root, "a/b"), { root });
  t.deepEqual(
    files.map(({ path }) => path),
    ["a/b/requirements.txt"],
  );
  t.deepEqual(
    skipped.map(({ path }) => path),
    ["a/b/package.json"],
  );
  t.like(findings[0], { code: "dependency-pinned", location: { path: "a/base.txt", line: 1 } });
  const outside = checkDependencies(join(root, "a/b"), { root: join(root, "other") });
  t.is(outside.files[0]?.path, "requirements.txt");
});

test("`checkDependencies()` waits for no FIFO", (t) => {
  const root = write(temporary(t), { "requirements.txt": "-r pipe.txt\n" });
  execFileSync("mkfifo", [join(root, "pipe.txt")]);
  t.is(checkDependencies(root).verdict, "refused");
  t.throws(() => checkDependencies(join(root, "pipe.txt")), { code: "file-unreadable" });
});

test("`checkDependencies()` follows no include through a link that leaves the tree", (t) => {
  const directory = temporary(t);
  write(directory, { "secret.txt": "a==1\n", "tree/requirements.txt": "-r link.txt\n" });
  symlinkSync("../secret.txt", join(directory, "tree/link.txt"));
  const { entries, findings } = checkDependencies(join(directory, "tree"));
  t.deepEqual(entries, []);
  t.deepEqual(
    findings.map(({ code }) => code),
    ["dependency-file"],
  );
});

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
