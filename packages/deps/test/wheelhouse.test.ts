import { createHash } from "node:crypto";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { checkFile, type PinView, verifyWheelhouse } from "@mlsign/deps";
import test, { type ExecutionContext } from "ava";
import { temporary, write } from "./files.ts";
import { wheel, zip, type ZipEntry } from "./zip.ts";

const A = wheel("a_b", "1.0", { "a_b/__init__.py": "x = 1\n" });
const B = wheel("b", "2.0", { "b.py": "" });

test("`verifyWheelhouse()` accepts wheels whose hashes are pinned, whatever the spelling", async (t) => {
  const { wheels, findings } = await verify(
    t,
    { [A.filename]: A.bytes, [B.filename]: B.bytes },
    pinsOf(`A.B==1.0.0 --hash=sha256:${A.sha256}\nb==2.0 --hash=sha512:${sha512(B.bytes)}`),
  );
  t.deepEqual(
    wheels.map(({ name, version, sha256 }) => [name, version, sha256]),
    [
      ["a-b", "1.0", A.sha256],
      ["b", "2.0", B.sha256],
    ],
  );
  t.deepEqual(told(findings), ["wheel-match pass note: 2 wheels have a pinned hash"]);
});

test("`verifyWheelhouse()` tells what has no pinned hash, and pins without a file", async (t) => {
  const changed = Buffer.from(A.bytes);
  changed[100] = (changed[100] as number) ^ 1;
  const { wheels, findings } = await verify(
    t,
    { [A.filename]: changed, [B.filename]: B.bytes, "notes.txt": "x", "c-1.0.tar.gz": "y" },
    pinsOf(`a-b==1.0 --hash=sha256:${A.sha256}`),
  );
  t.deepEqual(wheels, []);
  t.deepEqual(told(findings), [
    `wheel-match fail error: ${A.filename} does not have a pinned hash`,
    `wheel-match fail error: ${B.filename} belongs to no pin`,
    "wheel-match fail error: c-1.0.tar.gz belongs to no pin",
    "wheel-match fail error: notes.txt is neither a wheel nor an sdist",
    "wheel-match fail warning: a-b 1.0: the wheelhouse holds no file of this pin",
  ]);
});

test("`verifyWheelhouse()` refuses a pinned wheel under another name or version", async (t) => {
  const { findings } = await verify(
    t,
    { "evil-1.0-py3-none-any.whl": A.bytes, "a_b-9.0-py3-none-any.whl": A.bytes },
    pinsOf(`a-b==1.0 --hash=sha256:${A.sha256}`),
  );
  t.deepEqual(told(findings).slice(0, 2), [
    "wheel-match fail error: a_b-9.0-py3-none-any.whl has the hash of a-b 1.0",
    "wheel-match fail error: evil-1.0-py3-none-any.whl has the hash of a-b 1.0",
  ]);
});

test("`verifyWheelhouse()` does not let a refused pin vouch", async (t) => {
  const md5 = createHash("md5").update(A.bytes).digest("hex");
  const { findings } = await verify(
    t,
    { [A.filename]: A.bytes },
    pinsOf(`a-b @ https://x/a.whl#md5=${md5}`),
  );
  t.deepEqual(told(findings), [
    `wheel-match fail error: ${A.filename} does not have a pinned hash`,
  ]);
});

test("`verifyWheelhouse()` follows no link", async (t) => {
  const directory = temporary(t);
  write(directory, { [`real/${A.filename}`]: A.bytes, "house/x": "" });
  symlinkSync(join(directory, "real", A.filename), join(directory, "house", A.filename));
  const { wheels } = await verifyWheelhouse({
    pins: pinsOf(`a-b==1.0 --hash=sha256:${A.sha256}`),
    wheelhouseDir: join(directory, "house"),
  });
  t.deepEqual(wheels, []);
});

const HOSTILE: readonly (readonly [string, readonly ZipEntry[], RegExp])[] = [
  ["a name that escapes", [{ name: "../evil.py" }], /invalid relative path|\.\./],
  ["an absolute name", [{ name: "/evil.py" }], /absolute path/],
  ["a backslash", [{ name: "a\\b.py" }], /invalid characters|backslash/],
  ["a name that repeats", [{ name: "a.py" }, { name: "a.py", data: "x" }], /there twice/],
  ["a link", [{ name: "a.py", data: "/etc/passwd", mode: 0o120777 }], /link/],
  ["a device", [{ name: "a.py", mode: 0o020666 }], /special file/],
  ["another local name", [{ name: "a.py", localName: "b.py" }], /another name/],
  ["encryption", [{ name: "a.py", flags: 1 }], /encrypted/],
  ["a size that lies", [{ name: "a.py", data: "x".repeat(1000), size: 10 }], /too many bytes/],
  [
    "entries that share bytes",
    [
      { name: "a.py", data: random() },
      ...["b", "c"].map((name) => ({ name, data: random(), overlap: true })),
    ],
    /share bytes/,
  ],
];

for (const [what, entries, message] of HOSTILE) {
  test(`\`verifyWheelhouse()\` refuses a pinned wheel with ${what}`, async (t) => {
    const bytes = zip(entries);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const { wheels, findings } = await verify(
      t,
      { "p-1.0-py3-none-any.whl": bytes },
      pinsOf(`p==1.0 --hash=sha256:${sha256}`),
    );
    t.deepEqual(wheels, []);
    t.deepEqual(
      findings.map(({ code, outcome }) => [code, outcome]),
      [["wheel-match", "fail"]],
    );
    t.regex(findings[0]?.message ?? "", message);
  });
}

test("`verifyWheelhouse()` bounds what a wheel unpacks to", async (t) => {
  const bytes = zip([{ name: "a", data: Buffer.alloc(1_000_000) }]);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const directory = write(temporary(t), { "p-1.0-py3-none-any.whl": bytes });
  for (const limits of [
    { maxBytes: 999_999, maxFiles: 10 },
    { maxBytes: 1_000_000, maxFiles: 0 },
  ]) {
    const { findings } = await verifyWheelhouse({
      pins: pinsOf(`p==1.0 --hash=sha256:${sha256}`),
      wheelhouseDir: directory,
      limits,
    });
    t.is(findings[0]?.outcome, "fail");
  }
});

test("`verifyWheelhouse()` survives cut and flipped wheels", async (t) => {
  for (let at = 0; at < A.bytes.length; at += 7) {
    const flipped = Buffer.from(A.bytes);
    flipped[at] = (flipped[at] as number) ^ 0x55;
    for (const bytes of [flipped, A.bytes.subarray(0, at)]) {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const directory = write(temporary(t), { [A.filename]: bytes });
      const pins = pinsOf(`a-b==1.0 --hash=sha256:${sha256}`);
      const { findings } = await verifyWheelhouse({ pins, wheelhouseDir: directory });
      t.is(findings.length, 1);
    }
  }
});

test("`verifyWheelhouse()` says that there is no such directory", async (t) => {
  await t.throwsAsync(verifyWheelhouse({ pins: [], wheelhouseDir: "/nonexistent" }), {
    code: "file-unreadable",
  });
});

async function verify(
  t: ExecutionContext,
  files: Readonly<Record<string, string | Uint8Array>>,
  pins: readonly PinView[],
): ReturnType<typeof verifyWheelhouse> {
  return verifyWheelhouse({ pins, wheelhouseDir: write(temporary(t), files) });
}

function pinsOf(text: string): readonly PinView[] {
  return checkFile("requirements.txt", Buffer.from(text)).entries;
}

function told(
  findings: readonly { code: string; outcome: string; severity: string; message: string }[],
): string[] {
  return findings.map(
    ({ code, outcome, severity, message }) => `${code} ${outcome} ${severity}: ${message}`,
  );
}

function sha512(bytes: Uint8Array): string {
  return createHash("sha512").update(bytes).digest("hex");
}

function random(): string {
  return createHash("sha512").update("seed").digest("hex").repeat(3);
}
