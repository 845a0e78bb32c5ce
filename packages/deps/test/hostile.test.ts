import { checkFile } from "@mlsign/deps";
import test from "ava";
import fc from "fast-check";
import { H, SHA512, verdicts } from "./verdicts.ts";

/** [what, file, text, expected] */
const TABLE: readonly (readonly [string, string, string | Uint8Array, readonly string[]])[] = [
  ["TOML with a duplicate key", "uv.lock", "version = 1\nversion = 1\n", ["dependency-file@2"]],
  ["TOML nested deep", "pylock.toml", `a = ${"[".repeat(10_000)}`, ["dependency-file@1"]],
  [
    "a header inside a TOML string gives no wrong line",
    "uv.lock",
    `version = 1\nx = """\n[[package]]\n"""\n[[package]]\nname = "a"\nsource = {registry = "x"}\n`,
    ["none a", "dependency-pinned"],
  ],
  [
    "JSON with a duplicate key",
    "package-lock.json",
    '{"lockfileVersion": 3, "packages": {"node_modules/a": {"integrity": "x"}, "node_modules/a": {}}}',
    ["dependency-file"],
  ],
  ["JSON nested deep", "Pipfile.lock", "[".repeat(100_000), ["dependency-file"]],
  [
    "a prototype's name",
    "package-lock.json",
    '{"lockfileVersion": 3, "packages": {"__proto__": 1, "constructor": {}}}',
    [],
  ],
  [
    "YAML with a duplicate key",
    "pnpm-lock.yaml",
    "lockfileVersion: '9.0'\npackages:\n  a@1:\n    resolution: {integrity: x}\n  a@1: {}\n",
    ["dependency-file@5"],
  ],
  [
    "YAML with a duplicate key, for the full parser",
    "compose.yaml",
    "services:\n  a:\n    command: |\n      x\n    image: b\n    image: c\n",
    ["dependency-file@6"],
  ],
  ["YAML nested deep", "compose.yaml", `services: ${"[".repeat(20_000)}`, ["dependency-file@1"]],
  ["YAML nested deep in blocks", "pnpm-lock.yaml", nested(200), ["dependency-file@66"]],
  ["YAML with a circle", "compose.yaml", "services: &a\n  b: *a\n", ["dependency-file@2"]],
  ["YAML with an alias to nothing", "compose.yaml", "services: *a\n", ["dependency-file@1"]],
  ["YAML with a tab", "compose.yaml", "services:\n\ta: b\n", ["dependency-file@2"]],
  ["text that is not UTF-8", "uv.lock", Buffer.from([0xff, 0xfe]), ["dependency-file"]],
  [
    "requirements in a strange encoding",
    "requirements.txt",
    "# coding: utf-7\np==1\n",
    ["dependency-file"],
  ],
  [
    "requirements that are not UTF-8",
    "requirements.txt",
    Buffer.from([0x70, 0xff]),
    ["dependency-file"],
  ],
];

for (const [what, file, text, expected] of TABLE) {
  test(`\`checkFile()\` survives ${what}`, (t) => {
    t.deepEqual(verdicts(file, text), expected);
  });
}

test("`checkFile()` takes no more time for an alias bomb than for its text", (t) => {
  const levels = Array.from({ length: 40 }, (_, i) =>
    i === 0
      ? "a0: &a0 {image: x}"
      : `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
  );
  const text = `apiVersion: v1\nkind: X\n${levels.join("\n")}\n`;
  const started = performance.now();
  const { entries } = checkFile("k.yaml", Buffer.from(text));
  t.true(performance.now() - started < 1000);
  t.is(entries.length, 1);
});

test("`checkFile()` does not expand build arguments without end", (t) => {
  const args = Array.from(
    { length: 60 },
    (_, i) => `ARG A${i + 1}=${i === 0 ? "xx" : `$A${i}$A${i}`}`,
  );
  t.deepEqual(verdicts("Dockerfile", `${args.join("\n")}\nFROM $A60\n`), [
    "none $A60@61",
    "?dependency-unknown@61",
  ]);
});

test("`checkFile()` takes linear time for text that makes parsers look back", (t) => {
  const files = [
    ["requirements.txt", "p==1", [" ", "\t", "\\", "[", "/", "#", "("]],
    ["pnpm-lock.yaml", "lockfileVersion: '9.0'\npackages: ", [" ", "{", "[", ",", ": ", '"']],
    ["yarn.lock", "# yarn lockfile v1\n", [" ", '"', ",", "a@1, "]],
  ] as const;
  for (const [file, start, chunks] of files) {
    for (const chunk of chunks) {
      const text = `${start}${chunk.repeat(60_000 / chunk.length)}x`;
      const started = performance.now();
      checkFile(file, Buffer.from(text));
      t.true(performance.now() - started < 3000, `${file} ${JSON.stringify(chunk)}`);
    }
  }
});

test("`checkFile()` follows includes inside the tree, and no others", (t) => {
  const files: Record<string, string> = {
    "requirements/base.txt": "-r ../requirements.txt\na==1\n",
    "loop.txt": "-r loop.txt\n",
    "wide.txt": "-r requirements/base.txt\n".repeat(3),
  };
  const asked: string[] = [];
  const read = (path: string): Buffer | undefined => {
    asked.push(path);
    return files[path] === undefined ? undefined : Buffer.from(files[path]);
  };
  const text = [
    "-r requirements/base.txt",
    "-r https://evil.example/r.txt",
    "-c file:///etc/passwd",
    "-r ../outside.txt",
    "-r /etc/passwd",
    "-r ${HOME}/r.txt",
    "-r missing.txt",
    "-r loop.txt",
  ].join("\n");
  t.deepEqual(verdicts("requirements.txt", text, { read }), [
    "none a 1@2",
    "dependency-file@1",
    "dependency-option@2",
    "dependency-option@3",
    "?dependency-unknown@4",
    "?dependency-unknown@5",
    "?dependency-unknown@6",
    "dependency-file@7",
    "dependency-file@1",
    "dependency-pinned@2",
  ]);
  t.deepEqual(asked, ["requirements/base.txt", "missing.txt", "loop.txt"]);
});

test("`checkFile()` bounds includes that fan out", (t) => {
  const read = (path: string): Buffer =>
    Buffer.from(`-r ${Number(path.slice(0, -4)) + 1}.txt\n`.repeat(2));
  const { findings } = checkFile("requirements.txt", Buffer.from("-r 1.txt"), { read });
  t.true(
    findings.some(({ code, message }) => code === "dependency-file" && /500 files/.test(message)),
  );
});

test("`checkFile()` refuses a file that is too large, unread", (t) => {
  t.deepEqual(verdicts("uv.lock", Buffer.alloc(64 * 1024 * 1024 + 1)), ["dependency-file"]);
});

test("`checkFile()` escapes names in messages", (t) => {
  const { findings } = checkFile("requirements.txt", Buffer.from("p\u202e==1\n"));
  t.true(findings.every(({ message }) => !message.includes("\u202e")));
});

const FILES = [
  ["requirements.txt", `p==1 \\\n  --hash=sha256:${H} ; x\n-r b.txt\n./x.whl\n`],
  [
    "pylock.toml",
    `lock-version = "1.0"\n[[packages]]\nname = "a"\nwheels = [{hashes = {sha256 = "${H}"}}]\n`,
  ],
  ["uv.lock", `version = 1\n[[package]]\nname = "a"\nsource = { git = "x#y" }\n`],
  ["poetry.lock", `[[package]]\nname = "a"\nfiles = [{file = "a.whl", hash = "sha256:${H}"}]\n`],
  ["Pipfile.lock", `{"_meta": {}, "default": {"a": {"hashes": ["sha256:${H}"]}}}`],
  [
    "package-lock.json",
    `{"lockfileVersion": 3, "packages": {"node_modules/a": {"integrity": "${SHA512}"}}}`,
  ],
  [
    "pnpm-lock.yaml",
    `lockfileVersion: '9.0'\npackages:\n  a@1:\n    resolution: {integrity: ${SHA512}}\n`,
  ],
  ["yarn.lock", `# yarn lockfile v1\n"a@1":\n  version "1"\n  integrity ${SHA512}\n`],
  ["conda-lock.yml", `package:\n- name: a\n  hash:\n    sha256: ${H}\n`],
  ["Dockerfile", `ARG A=b\nFROM $A AS c\nCOPY --from=c a b\nRUN <<E\nx\nE\nADD https://x /\n`],
  [".github/workflows/a.yml", "jobs:\n  a:\n    steps:\n      - uses: a/b@c\n"],
  ["compose.yaml", "services:\n  a: {image: b}\n"],
  ["kustomization.yaml", "images:\n- name: a\n  newTag: b\n"],
] as const;

for (const [file, text] of FILES) {
  test(`\`checkFile()\` never throws for a mutated ${file}`, (t) => {
    const junk = fc.constantFrom(
      "\0",
      "\n",
      " ",
      "\\",
      '"',
      "'",
      "{",
      "}",
      "[",
      "&a ",
      "*a",
      ":",
      "-",
      "#",
      "$",
      "=",
      "@",
      "\t",
      "é",
      "|",
      ">",
    );
    const edit = fc.tuple(fc.nat(text.length), fc.nat(8), junk);
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        let mutated: string = text;
        for (const [at, cut, insert] of edits) {
          mutated = mutated.slice(0, at) + insert + mutated.slice(at + cut);
        }
        const { findings } = checkFile(file, Buffer.from(mutated));
        return findings.length > 0;
      }),
      { numRuns: 400 },
    );
    t.pass();
  });
}

function nested(depth: number): string {
  return Array.from({ length: depth }, (_, i) => `${" ".repeat(i)}k:`).join("\n");
}

/** [path, text]: each holds a password where a URL may hold one. */
const PASSWORDS: readonly (readonly [string, string])[] = [
  ["requirements.txt", "git+https://ana:secret@git.example/x.git\n"],
  ["requirements.txt", "-e git+https://ana:secret@git.example/x.git@main\n"],
  ["requirements.txt", "x @ https://ana:s@secret@registry.example/x.zip\n"],
  ["requirements.txt", "-i https://ana:secret@registry.example/simple\nx==1\n"],
  [
    "uv.lock",
    'version = 1\n[[package]]\nname = "x"\nversion = "1"\nsource = { registry = "https://ana:secret@r.example" }\n' +
      `wheels = [{ url = "https://ana:secret@r.example/x-1-py3-none-any.whl", hash = "sha256:${"a".repeat(64)}" }]\n`,
  ],
  ["Dockerfile", "FROM scratch\nADD https://ana:secret@registry.example/a.tar /\n"],
];
for (const [path, text] of PASSWORDS) {
  test(`\`checkFile()\` tells no password of ${JSON.stringify(text.slice(0, 30))}`, (t) => {
    const checked = checkFile(path, Buffer.from(text));
    t.true(checked.entries.length > 0);
    t.notRegex(JSON.stringify(checked), /secret/);
  });
}
