import test from "ava";
import { COMMIT, H, MD5, verdicts } from "./verdicts.ts";

const BUILD = "dependency-build-unpinned";

const PYLOCK = 'lock-version = "1.0"\ncreated-by = "t"\n\n';
const UV = "version = 1\nrevision = 2\n\n";

/** [what, file, text, expected] */
const TABLE: readonly (readonly [string, string, string, readonly string[]])[] = [
  [
    "a wheel and an sdist with hashes",
    "pylock.toml",
    `${PYLOCK}[[packages]]\nname = "p"\nversion = "1.0"\n[[packages.wheels]]\nurl = "https://x/p.whl"\nhashes = {sha256 = "${H}"}\n[packages.sdist]\nurl = "https://x/p.tgz"\nhashes = {sha256 = "${H}"}\n`,
    ["hash p 1.0@4"],
  ],
  [
    "an sdist without a hash beside a wheel with one",
    "pylock.dev.toml",
    `${PYLOCK}[[packages]]\nname = "p"\nwheels = [{url = "https://x/p.whl", hashes = {sha256 = "${H}"}}]\nsdist = {url = "https://x/p.tgz", hashes = {}}\n`,
    ["none p@4", "dependency-pinned@4"],
  ],
  [
    "md5 only, a wrong length, an unknown algorithm",
    "pylock.toml",
    `${PYLOCK}[[packages]]\nname = "a"\nwheels = [{hashes = {md5 = "${MD5}"}}]\n[[packages]]\nname = "b"\nwheels = [{hashes = {sha256 = "${MD5}"}}]\n[[packages]]\nname = "c"\nwheels = [{hashes = {blake9 = "${H}"}}]\n`,
    [
      "none a@4",
      "none b@7",
      "none c@10",
      "dependency-hash-weak@4",
      "dependency-hash-malformed@7",
      "dependency-hash-malformed@10",
    ],
  ],
  [
    "md5 beside sha256 does no harm",
    "pylock.toml",
    `${PYLOCK}[[packages]]\nname = "a"\nwheels = [{hashes = {md5 = "${MD5}", sha256 = "${H}"}}]\n`,
    ["hash a@4"],
  ],
  [
    "only an sdist, and an archive that is one",
    "pylock.toml",
    `${PYLOCK}[[packages]]\nname = "a"\nsdist = {name = "a-1.tar.gz", hashes = {sha256 = "${H}"}}\n[[packages]]\nname = "b"\narchive = {url = "https://x/b.zip#x", hashes = {sha256 = "${H}"}}\n[[packages]]\nname = "c"\narchive = {path = "c-1-py3-none-any.whl", hashes = {sha512 = "${H}${H}"}}\n`,
    ["hash a@4", "hash b@7", "hash c@10", `${BUILD}@4`, `${BUILD}@7`],
  ],
  [
    "vcs, directory, two kinds, none",
    "pylock.toml",
    `${PYLOCK}[[packages]]\nname = "a"\nvcs = {type = "git", url = "u", commit-id = "${COMMIT}"}\n[[packages]]\nname = "b"\nvcs = {type = "git", url = "u", commit-id = "main"}\n[[packages]]\nname = "c"\ndirectory = {path = "."}\n[[packages]]\nname = "d"\ndirectory = {path = "."}\nwheels = []\n[[packages]]\nname = "e"\n`,
    [
      "commit a@4",
      "none b@7",
      "none c@10",
      "none d@13",
      "none e@17",
      "~dependency-pinned@4",
      "dependency-pinned@7",
      "dependency-pinned@10",
      "dependency-file@13",
      "dependency-file@17",
    ],
  ],
  ["a foreign version", "pylock.toml", 'lock-version = "2.0"\n', ["dependency-file"]],
  [
    "registry, git, directory, workspace",
    "uv.lock",
    `${UV}[[package]]\nname = "a"\nversion = "1"\nsource = { registry = "https://registry.example/simple" }\nsdist = { url = "https://x/a-1.tar.gz", hash = "sha256:${H}", size = 1 }\nwheels = [\n  { url = "https://x/a-1-py3-none-any.whl", hash = "sha256:${H}" },\n]\n\n[[package]]\nname = "b"\nversion = "1"\nsource = { git = "https://x/b?rev=main#${COMMIT}" }\n\n[[package]]\nname = "c"\nsource = { directory = "c" }\n\n[[package]]\nname = "me"\nsource = { editable = "." }\n\n[[package]]\nname = "ws"\nsource = { virtual = "." }\n`,
    ["hash a 1@4", "commit b 1@13", "none c@18", "~dependency-pinned@13", "dependency-pinned@18"],
  ],
  [
    "a flat index without a hash, an sdist alone, nothing",
    "uv.lock",
    `${UV}[[package]]\nname = "a"\nsource = { registry = "./flat" }\nwheels = [{ path = "a.whl" }]\n[[package]]\nname = "b"\nsource = { url = "https://x/b.tar.gz" }\nsdist = { hash = "sha256:${H}" }\n[[package]]\nname = "c"\nsource = { registry = "x" }\n`,
    [
      "none a@4",
      "hash b@8",
      "none c@12",
      "dependency-pinned@4",
      `${BUILD}@8`,
      "dependency-pinned@12",
    ],
  ],
  ["a lock of another uv", "uv.lock", "version = 9\n", ["dependency-file"]],
  [
    "Poetry 2: files, git, directory, none, md5",
    "poetry.lock",
    `[[package]]\nname = "a"\nversion = "1"\nfiles = [\n  {file = "a-1-py3-none-any.whl", hash = "sha256:${H}"},\n  {file = "a-1.tar.gz", hash = "sha256:${H}"},\n]\n[[package]]\nname = "b"\nversion = "1"\nfiles = []\n[package.source]\ntype = "git"\nresolved_reference = "${COMMIT}"\n[[package]]\nname = "c"\nfiles = []\n[package.source]\ntype = "directory"\nurl = "c"\n[[package]]\nname = "d"\nfiles = []\n[[package]]\nname = "e"\nfiles = [{file = "e.whl", hash = "md5:${MD5}"}]\n[metadata]\nlock-version = "2.0"\n`,
    [
      "hash a 1@1",
      "commit b 1@8",
      "none c@15",
      "none d@21",
      "none e@24",
      "~dependency-pinned@8",
      "dependency-pinned@15",
      "dependency-pinned@21",
      "dependency-hash-weak@24",
    ],
  ],
  [
    "Poetry 1: [metadata.files]",
    "poetry.lock",
    `[[package]]\nname = "a"\nversion = "1"\n[[package]]\nname = "b"\nversion = "1"\n[metadata.files]\na = [{file = "a.whl", hash = "sha256:${H}"}]\n`,
    ["hash a 1@1", "none b 1@4", "dependency-pinned@4"],
  ],
  [
    "PDM: files, an extra of one, git, path",
    "pdm.lock",
    `[metadata]\nstrategy = []\n[[package]]\nname = "a"\nversion = "1"\nfiles = [{url = "https://x/a.whl", hash = "sha256:${H}"}]\n[[package]]\nname = "a"\nextras = ["x"]\nversion = "1"\n[[package]]\nname = "b"\ngit = "https://x/b"\nrevision = "${COMMIT}"\n[[package]]\nname = "c"\npath = "./c"\n[[package]]\nname = "d"\nfiles = [{file = "d.whl"}]\n`,
    [
      "hash a 1@3",
      "commit b@11",
      "none c@15",
      "none d@18",
      "~dependency-pinned@11",
      "dependency-pinned@15",
      "dependency-pinned@18",
    ],
  ],
  [
    "Pipfile.lock",
    "Pipfile.lock",
    JSON.stringify(
      {
        _meta: {},
        default: {
          a: { hashes: [`sha256:${H}`], version: "==1.0" },
          b: { version: "==1.0" },
          c: { git: "https://x/c", ref: COMMIT },
        },
        develop: { d: { path: ".", editable: true }, e: { hashes: [`md5:${MD5}`] } },
      },
      null,
      2,
    ),
    [
      "hash a 1.0@4",
      "none b 1.0@10",
      "commit c@13",
      "none d@19",
      "none e@23",
      "dependency-pinned@10",
      "~dependency-pinned@13",
      "dependency-pinned@19",
      "dependency-hash-weak@23",
    ],
  ],
  [
    "conda-lock, with pip's packages",
    "conda-lock.yml",
    `version: 1\nmetadata: {}\npackage:\n- name: a\n  version: 1.10\n  manager: conda\n  platform: linux-64\n  url: https://x/a-1.10-0.conda\n  hash:\n    md5: ${MD5}\n    sha256: ${H}\n- name: b\n  version: '1'\n  manager: conda\n  platform: osx-64\n  url: u\n  hash:\n    md5: ${MD5}\n- name: C_c\n  version: '1'\n  manager: pip\n  hash: {sha256: ${H}}\n`,
    ["hash a 1.10@4", "none b 1@12", "hash C_c 1@19", "dependency-hash-weak@12"],
  ],
  [
    "explicit conda",
    "conda-linux-64.lock",
    `# platform: linux-64\n@EXPLICIT\nhttps://x/linux-64/a-b-1.0-h0_1.conda#sha256:${H}\nhttps://x/c-2-0.tar.bz2#${MD5}\nhttps://x/d-2-0.conda\n`,
    ["hash a-b 1.0@3", "none c 2@4", "none d 2@5", "dependency-hash-weak@4", "dependency-pinned@5"],
  ],
];

for (const [what, file, text, expected] of TABLE) {
  test(`\`checkFile()\` judges ${file}: ${what}`, (t) => {
    t.deepEqual(verdicts(file, text), expected);
  });
}
