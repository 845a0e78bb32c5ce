import test from "ava";
import { COMMIT, SHA1, SHA512, verdicts } from "./verdicts.ts";

const TABLE: readonly (readonly [string, string, string, readonly string[]])[] = [
  [
    "v3",
    "package-lock.json",
    JSON.stringify(
      {
        lockfileVersion: 3,
        packages: {
          "": { name: "me" },
          "packages/w": { version: "1.0.0" },
          "node_modules/w": { resolved: "packages/w", link: true },
          "node_modules/a": { version: "1.0.0", resolved: "https://r/a.tgz", integrity: SHA512 },
          "node_modules/a/node_modules/@s/b": { version: "1.0.0", integrity: SHA1 },
          "node_modules/c": { version: "1.0.0", resolved: `git+ssh://git@x/c.git#${COMMIT}` },
          "node_modules/d": { version: "1.0.0", resolved: "https://r/d.tgz" },
          "node_modules/a/node_modules/e": { version: "1.0.0", inBundle: true },
          "node_modules/f": { version: "1.0.0", integrity: "sha512-AAAA" },
          "node_modules/g": { version: "1.0.0", integrity: `${SHA1} ${SHA512}` },
          "node_modules/h": { version: "1.0.0", resolved: "file:h.tgz" },
          "node_modules/i": { name: "real", version: "1.0.0", integrity: "nonsense" },
        },
      },
      null,
      1,
    ),
    [
      "hash a 1.0.0@14",
      "none @s/b 1.0.0@19",
      "commit c 1.0.0@23",
      "none d 1.0.0@27",
      "none f 1.0.0@35",
      "hash g 1.0.0@39",
      "none h 1.0.0@43",
      "none real 1.0.0@47",
      "dependency-hash-weak@19",
      "~dependency-pinned@23",
      "dependency-pinned@27",
      "dependency-hash-malformed@35",
      "dependency-pinned@43",
      "dependency-hash-malformed@47",
    ],
  ],
  [
    "v1, nested",
    "npm-shrinkwrap.json",
    JSON.stringify(
      {
        lockfileVersion: 1,
        dependencies: {
          a: {
            version: "1.0.0",
            integrity: SHA512,
            requires: { b: "1" },
            dependencies: { b: { version: "2.0.0" }, c: { version: "1", bundled: true } },
          },
          d: { version: `git+https://x/d.git#${COMMIT}` },
        },
      },
      null,
      1,
    ),
    [
      "hash a 1.0.0@4",
      "none b 2.0.0@11",
      `commit d git+https://x/d.git#${COMMIT}@20`,
      "dependency-pinned@11",
      "~dependency-pinned@20",
    ],
  ],
  ["a foreign version", "package-lock.json", '{"lockfileVersion": 7}', ["dependency-file"]],
  [
    "pnpm 9",
    "pnpm-lock.yaml",
    `lockfileVersion: '9.0'\n\npackages:\n\n  '@s/a@1.0.0':\n    resolution: {integrity: ${SHA512}}\n\n  b@https://codeload.github.com/o/b/tar.gz/${COMMIT}:\n    resolution: {tarball: https://codeload.github.com/o/b/tar.gz/${COMMIT}}\n    version: 2.0.0\n\n  c@git+https://x/c.git:\n    resolution: {commit: ${COMMIT}, repo: https://x/c.git, type: git}\n    version: 1.0.0\n\n  d@file:d:\n    resolution: {directory: d, type: directory}\n\n  e@https://x/e.tgz:\n    resolution: {tarball: https://x/e.tgz}\n    version: 1.0.0\n\nsnapshots:\n\n  '@s/a@1.0.0': {}\n`,
    [
      "hash @s/a 1.0.0@5",
      "commit b 2.0.0@8",
      "commit c 1.0.0@12",
      "none e 1.0.0@19",
      "~dependency-pinned@8",
      "~dependency-pinned@12",
      "dependency-pinned@19",
    ],
  ],
  [
    "pnpm 6, and two documents",
    "pnpm-lock.yaml",
    `lockfileVersion: '9.0'\npackages:\n  pnpm@11.0.0:\n    resolution: {integrity: ${SHA512}}\n---\nlockfileVersion: '6.0'\npackages:\n  /@s/a@1.0.0(b@2.0.0):\n    resolution: {integrity: ${SHA1}}\n`,
    ["hash pnpm 11.0.0@3", "none @s/a 1.0.0@8", "dependency-hash-weak@8"],
  ],
  ["no pnpm lock", "pnpm-lock.yaml", "packages: {}\n", ["dependency-file"]],
  [
    "Yarn 1",
    "yarn.lock",
    `# yarn lockfile v1\n\n\n"@s/a@^1.0.0", "@s/a@^1.1.0":\n  version "1.1.0"\n  resolved "https://r/a.tgz#abc"\n  integrity ${SHA512}\n  dependencies:\n    b "^1"\n\nb@^1:\n  version "1.0.0"\n  resolved "https://r/b.tgz#${COMMIT}"\n\n"c@git+https://x/c.git":\n  version "1.0.0"\n  resolved "git+https://x/c.git#${COMMIT}"\n\nd@1:\n  version "1.0.0"\n  resolved "https://r/d.tgz"\n`,
    [
      "hash @s/a 1.1.0@4",
      "none b 1.0.0@11",
      "commit c 1.0.0@15",
      "none d 1.0.0@19",
      "dependency-hash-weak@11",
      "~dependency-pinned@15",
      "dependency-pinned@19",
    ],
  ],
  [
    "Yarn 1, an entry twice",
    "yarn.lock",
    `# yarn lockfile v1\na@1:\n  version "1"\n  integrity ${SHA512}\na@1:\n  version "1"\n`,
    ["dependency-file@5"],
  ],
  [
    "Yarn 4",
    "yarn.lock",
    `__metadata:\n  version: 8\n  cacheKey: 10c0\n\n"a@npm:^1.0.0":\n  version: 1.0.0\n  resolution: "a@npm:1.0.0"\n  checksum: 10c0/${"ab".repeat(64)}\n  languageName: node\n  linkType: hard\n\n"@s/b@npm:1":\n  version: 1.0.0\n  resolution: "@s/b@npm:1.0.0"\n  conditions: os=darwin\n  languageName: node\n  linkType: hard\n\n"c@https://x/c.git#commit=${COMMIT}":\n  version: 1.0.0\n  resolution: "c@https://x/c.git#commit=${COMMIT}"\n  linkType: hard\n\n"me@workspace:.":\n  version: 0.0.0-use.local\n  resolution: "me@workspace:."\n  linkType: soft\n\n"e@npm:1":\n  version: 1.0.0\n  resolution: "e@npm:1.0.0"\n  checksum: 10c0/abcd\n  linkType: hard\n`,
    [
      "hash a 1.0.0@5",
      "none @s/b 1.0.0@12",
      "commit c 1.0.0@19",
      "none e 1.0.0@29",
      "dependency-pinned@12",
      "~dependency-pinned@19",
      "dependency-hash-malformed@29",
    ],
  ],
  ["no yarn lock", "yarn.lock", "a@1:\n", ["dependency-file"]],
];

for (const [what, file, text, expected] of TABLE) {
  test(`\`checkFile()\` judges ${file}: ${what}`, (t) => {
    t.deepEqual(verdicts(file, text), expected);
  });
}
