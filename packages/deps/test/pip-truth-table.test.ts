import type { FindingCode } from "@mlsign/core";
import { checkFile, type DependencyEntry, type DependencyPolicy } from "@mlsign/deps";
import test from "ava";

const H = "0123456789abcdef".repeat(4);
const G = "fedcba9876543210".repeat(4);
const WHEELS = "--only-binary :all:\n";
const COMMIT = "a".repeat(40);

/** What a row of the table says of a file: pins in order, and codes that fail, warnings with `~`. */
interface Row {
  readonly what: string;
  readonly text: string;
  readonly pins: readonly DependencyEntry["pin"][];
  readonly codes?: readonly (FindingCode | `~${FindingCode}` | `?${FindingCode}`)[];
  readonly files?: Readonly<Record<string, string>>;
  readonly policy?: DependencyPolicy;
}

/** sbom.md 4.1, row by row. */
const ROWS: readonly Row[] = [
  { what: "a version and its hash", text: `p==1.0 --hash=sha256:${H}`, pins: ["hash"] },
  { what: "no hash", text: "p==1.0", pins: ["none"], codes: ["dependency-pinned"] },
  {
    what: "a range with a hash",
    text: `p>=1.0 --hash=sha256:${H}\nq==1.0,>=0.5 --hash=sha256:${H}`,
    pins: ["hash", "hash"],
    codes: ["~dependency-pinned", "~dependency-pinned"],
  },
  {
    what: "a wildcard",
    text: `p==1.* --hash=sha256:${H}`,
    pins: ["hash"],
    codes: ["~dependency-pinned"],
  },
  { what: "arbitrary equality", text: `p===1.0 --hash=sha256:${H}`, pins: ["hash"] },
  {
    what: "md5",
    text: `p==1.0 --hash=md5:${H.slice(32)}`,
    pins: ["none"],
    codes: ["dependency-hash-weak"],
  },
  {
    what: "sha1",
    text: `p==1.0 --hash=sha1:${H.slice(24)}`,
    pins: ["none"],
    codes: ["dependency-hash-weak"],
  },
  {
    what: "an upper-case algorithm",
    text: `p==1.0 --hash=SHA256:${H}`,
    pins: ["none"],
    codes: ["dependency-hash-malformed"],
  },
  {
    what: "upper-case digits",
    text: `p==1.0 --hash=sha256:${H.toUpperCase()}`,
    pins: ["hash"],
    codes: ["~dependency-hash-malformed"],
  },
  {
    what: "a short digest beside a good one",
    text: `p==1.0 --hash=sha256:${H} --hash=sha256:abc`,
    pins: ["hash"],
    codes: ["dependency-hash-malformed"],
  },
  {
    what: "garbage alone",
    text: `p==1.0 --hash=sha256:${"g".repeat(64)}`,
    pins: ["none"],
    codes: ["dependency-hash-malformed"],
  },
  { what: "a space for the equals sign", text: `p==1.0 --hash sha256:${H}`, pins: ["hash"] },
  {
    what: "quotes",
    text: `p==1.0 "--hash=sha256:${H}"`,
    pins: ["none"],
    codes: ["dependency-file"],
  },
  { what: "quotes of the value", text: `p==1.0 --hash="sha256:${H}"`, pins: ["hash"] },
  { what: "a glued backslash", text: `p==1.0\\\n --hash=sha256:${H}`, pins: ["hash"] },
  { what: "an abbreviation", text: `p==1.0 --has=sha256:${H}`, pins: ["hash"] },
  {
    what: "a space behind the backslash",
    text: `p==1.0 \\ \n    --hash=sha256:${H}`,
    pins: ["none"],
    codes: ["dependency-file", "dependency-hash-detached"],
  },
  {
    what: "a tab before --hash",
    text: `p==1.0\t--hash=sha256:${H}`,
    pins: ["none"],
    codes: ["dependency-file"],
  },
  {
    what: "a comment between backslash and hash",
    text: `p==1.0 \\\n# a comment\n    --hash=sha256:${H}`,
    pins: ["none"],
    codes: ["dependency-pinned", "dependency-hash-detached"],
  },
  {
    what: "a hash on its own line",
    text: `p==1.0\n--hash=sha256:${H}`,
    pins: ["none"],
    codes: ["dependency-pinned", "dependency-hash-detached"],
  },
  {
    what: "a hash in a comment",
    text: `p==1.0 # --hash=sha256:${H}`,
    pins: ["none"],
    codes: ["dependency-pinned"],
  },
  {
    what: "a marker that is false here",
    text: `p==1.0 ; sys_platform == "beos"`,
    pins: ["none"],
    codes: ["dependency-pinned"],
  },
  {
    what: "a marker behind the hash",
    text: `p==1 --hash=sha256:${H} ; python_version<"3"`,
    pins: ["hash"],
    codes: ["dependency-file"],
  },
  {
    what: "a marker before the hash",
    text: `p==1 ; python_version<"3" --hash=sha256:${H}`,
    pins: ["hash"],
  },
  {
    what: "the hash of a constraint",
    text: "-c c.txt\np==1.0",
    files: { "c.txt": `P==1.0 --hash=sha256:${H}` },
    pins: ["hash"],
    codes: ["~dependency-pinned"],
  },
  {
    what: "a URL with sha256",
    text: `p @ https://x.org/p-1-py3-none-any.whl#sha256=${H}\nhttps://x.org/q-1-py3-none-any.whl#sha256=${H}`,
    pins: ["hash", "hash"],
  },
  {
    what: "a URL with md5",
    text: `p @ https://x.org/p.whl#md5=${H.slice(32)}`,
    pins: ["none"],
    codes: ["dependency-hash-weak"],
  },
  {
    what: "a URL with sha1",
    text: `https://x.org/p-1-py3-none-any.whl#sha1=${H.slice(24)}`,
    pins: ["none"],
    codes: ["dependency-hash-weak"],
  },
  {
    what: "a URL with md5 and a strong option, either of which would do",
    text: `p @ https://x.org/p.whl#md5=${H.slice(32)} --hash=sha256:${H}`,
    pins: ["none"],
    codes: ["dependency-pinned"],
  },
  {
    what: "two hashes that differ",
    text: `p @ https://x.org/p.whl#sha256=${G} --hash=sha256:${H}`,
    pins: ["none"],
    codes: ["dependency-pinned"],
  },
  {
    what: "two hashes that agree",
    text: `p @ https://x.org/p.whl#sha256=${H} --hash=sha256:${H}`,
    pins: ["hash"],
  },
  {
    what: "a URL or wheel without a hash",
    text: "https://x.org/p-1-py3-none-any.whl\n./q-1-py3-none-any.whl",
    pins: ["none", "none"],
    codes: ["dependency-pinned", "dependency-pinned"],
  },
  {
    what: "a wheel with a hash",
    text: `./p-1-py3-none-any.whl --hash=sha256:${H}`,
    pins: ["hash"],
  },
  {
    what: "directories and -e",
    text: "./p\n-e .\n--editable=./q",
    pins: ["none", "none", "none"],
    codes: ["dependency-pinned", "dependency-pinned", "dependency-pinned"],
  },
  {
    what: "a commit",
    text: `git+https://x.org/p@${COMMIT}\n-e git+https://x.org/q@${COMMIT}#egg=q`,
    pins: ["commit", "commit"],
    codes: ["~dependency-pinned", "~dependency-pinned"],
  },
  {
    what: "a commit, allowed",
    text: `p @ git+https://x.org/p@${COMMIT}`,
    pins: ["commit"],
    policy: { allowVcsCommit: true },
  },
  {
    what: "a commit, refused",
    text: `git+https://x.org/p@${COMMIT}`,
    pins: ["commit"],
    codes: ["dependency-pinned"],
    policy: { allowVcsCommit: false },
  },
  {
    what: "a branch",
    text: "git+https://x.org/p@main\ngit+https://x.org/p",
    pins: ["none", "none"],
    codes: ["dependency-pinned", "dependency-pinned"],
  },
  {
    what: "an sdist with a hash",
    text: `./p-1.0.tar.gz --hash=sha256:${H}\nhttps://x.org/q.zip#sha256=${H}`,
    pins: ["hash", "hash"],
    codes: ["dependency-build-unpinned", "dependency-build-unpinned"],
  },
  {
    what: "--no-binary",
    text: `--no-binary P\np==1.0 --hash=sha256:${H}`,
    pins: ["hash"],
    codes: ["dependency-build-unpinned"],
  },
  {
    what: "--no-require-hashes",
    text: `--no-require-hashes\np==1.0 --hash=sha256:${H}`,
    pins: ["hash"],
    codes: ["dependency-option"],
  },
  {
    what: "a variable in a hash",
    text: "p==1.0 --hash=sha256:${HASH}",
    pins: ["none"],
    codes: ["dependency-hash-malformed"],
  },
  {
    what: "a variable for the requirement",
    text: `\${NAME}==1.0 --hash=sha256:${H}`,
    pins: ["none"],
    codes: ["?dependency-unknown"],
  },
  {
    what: "indexes and hosts",
    text: `--trusted-host x\n--extra-index-url https://x\n-i http://x\np==1.0 --hash=sha256:${H}`,
    pins: ["hash"],
    codes: ["~dependency-option", "~dependency-option", "~dependency-option"],
  },
];

for (const { what, text, pins, codes = [], files = {}, policy } of ROWS) {
  test(`\`checkFile()\` judges a requirement as pip does: ${what}`, (t) => {
    // Without it, each row would warn of sdists.
    const checked = checkFile("requirements.txt", Buffer.from(WHEELS + text), {
      read: (path) => (files[path] === undefined ? undefined : Buffer.from(files[path])),
      ...(policy && { policy }),
    });
    t.deepEqual(
      checked.entries.map(({ pin }) => pin),
      pins,
    );
    const told = checked.findings.flatMap((f) => {
      if (f.outcome === "unknown") return [`?${f.code}`];
      if (f.outcome !== "fail") return [];
      return [f.severity === "error" ? f.code : `~${f.code}`];
    });
    t.deepEqual(told, codes);
    for (const finding of checked.findings) {
      if (finding.outcome === "fail") t.true((finding.location?.line ?? 0) >= 1);
    }
  });
}

test("`checkFile()` warns once where sdists are not ruled out", (t) => {
  const text = `p==1.0 --hash=sha256:${H}\nq==1.0 --hash=sha256:${H}\n`;
  const { findings } = checkFile("requirements.txt", Buffer.from(text));
  const warnings = findings.filter(({ severity }) => severity === "warning");
  t.deepEqual(
    warnings.map(({ code, location }) => [code, location?.line]),
    [["dependency-build-unpinned", 1]],
  );
});
