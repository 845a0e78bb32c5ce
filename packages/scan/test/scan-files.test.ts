/** Files of a model together, from the disk: digests, data of each other's, findings, waivers, claims. */
import { createHash } from "node:crypto";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { decide, MlsignError } from "@mlsign/core";
import test, { type ExecutionContext } from "ava";
import { scanClaim } from "../src/claim.ts";
import { scanFindings } from "../src/findings.ts";
import { scanFiles, type ScanInput, type TreeScan } from "../src/scan-files.ts";
import { readWaivers, type Waiver } from "../src/waivers.ts";
import { zip } from "./archives.ts";
import { npyOf, onnx, safetensors } from "./numbers.ts";
import { calling } from "./pickle-assembler.ts";

const NOW = new Date("2026-11-01T12:00:00Z");
const EVIL = calling("os", "system", "id");
const MINE = calling("my.module", "load", "x");
const GOOD = safetensors(
  { a: { dtype: "U8", shape: [3], data_offsets: [0, 3] } },
  Buffer.from("abc"),
);
const NOISE = Buffer.from([0, 1, 2, 3, 0xfe, 0xff, 0x11, 0x12]);

async function scan(
  t: ExecutionContext,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<TreeScan> {
  const folder = mkdtempSync(join(tmpdir(), "scan-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const inputs = Object.entries(files).map(([path, content]): ScanInput => {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return { path, file, size: content.length };
  });
  return scanFiles(inputs);
}

function verdicts({ files }: TreeScan): Record<string, string> {
  return Object.fromEntries(files.map(({ path, verdict }) => [path, verdict]));
}

test("scanFiles() gives each file its digest and verdict, in order", async (t) => {
  const tree = await scan(t, { "b.safetensors": GOOD, "a.pkl": EVIL, "README.md": "# x\n" });
  t.deepEqual(
    tree.files.map(({ path }) => path),
    ["b.safetensors", "a.pkl", "README.md"],
  );
  t.deepEqual(verdicts(tree), {
    "b.safetensors": "safe-format",
    "a.pkl": "dangerous",
    "README.md": "safe-format",
  });
  for (const { path, sha256, size } of tree.files) {
    const content = { "b.safetensors": GOOD, "a.pkl": EVIL, "README.md": Buffer.from("# x\n") }[
      path
    ];
    t.is(
      sha256,
      createHash("sha256")
        .update(content ?? "")
        .digest("hex"),
    );
    t.is(size, content?.length ?? 0);
  }
});

test("scanFiles() takes a digest that is known", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "scan-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "a");
  writeFileSync(file, "text");
  const { files } = await scanFiles([{ path: "a", file, size: 4, sha256: "0".repeat(64) }]);
  t.is(files[0]?.sha256, "0".repeat(64));
});

test("scanFiles() says what it could not read, and judges the rest", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "scan-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "a"), "text");
  const inputs = ["missing", "a", "."].map((path) => ({ path, file: join(folder, path), size: 4 }));
  const tree = await scanFiles(inputs);
  t.deepEqual(
    tree.unread.map(({ path, defect }) => [path, defect]),
    [
      ["missing", false],
      [".", false],
    ],
  );
  t.is(tree.files.length, 1);
  const findings = scanFindings(tree, { now: NOW });
  t.is(decide(findings), "undecided");
  t.is(scanClaim(tree, findings, OPTIONS), undefined);
});

test("scanFiles() reads through a link as the caller resolved it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "scan-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "blob"), EVIL);
  symlinkSync("blob", join(folder, "link"));
  const { files } = await scanFiles([{ path: "model.pkl", file: join(folder, "link"), size: 1 }]);
  t.is(files[0]?.verdict, "dangerous");
});

test("scanFiles() tells progress to its end", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "scan-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "a"), "text");
  const seen: number[] = [];
  await scanFiles([{ path: "a", file: join(folder, "a"), size: 4 }], {
    onProgress: ({ done, total }) => {
      t.is(total, 4);
      seen.push(done);
    },
  });
  t.is(seen.at(-1), 4);
});

test("scanFiles() ends when it is told to", async (t) => {
  const inputs = [{ path: "a", file: "/", size: 1 }];
  await t.throwsAsync(scanFiles(inputs, { signal: AbortSignal.abort() }), { name: "AbortError" });
});

test("Python is a program beside a configuration that has it run, and a text elsewhere", async (t) => {
  const python = "import os\n\nclass M:\n    pass\n";
  const named = await scan(t, {
    "config.json": '{"auto_map": {"AutoModel": "m.M"}}',
    "m.py": python,
  });
  t.deepEqual(verdicts(named), { "config.json": "executable", "m.py": "executable" });
  t.deepEqual(verdicts(await scan(t, { "config.json": "{}", "train.py": python })), {
    "config.json": "safe-format",
    "train.py": "safe-format",
  });
});

test("numbers that an ONNX model takes from a file beside it are data, and a pickle there is none", async (t) => {
  const model = onnx({ location: "data/w.bin" });
  t.deepEqual(verdicts(await scan(t, { "m/model.onnx": model, "m/data/w.bin": NOISE })), {
    "m/model.onnx": "safe-format",
    "m/data/w.bin": "safe-format",
  });
  t.deepEqual(verdicts(await scan(t, { "m/model.onnx": model, "m/data/w.bin": EVIL })), {
    "m/model.onnx": "safe-format",
    "m/data/w.bin": "dangerous",
  });
  const alone = await scan(t, { "m/model.onnx": model, "m/other.bin": NOISE });
  t.deepEqual(verdicts(alone), { "m/model.onnx": "unscannable", "m/other.bin": "unscannable" });
  t.is(alone.files[0]?.observations[0]?.rule, "data-missing");
});

test("shards of a TensorFlow checkpoint are data where their table is", async (t) => {
  const table = Buffer.concat([Buffer.alloc(60, 1), Buffer.from("57fb808b247547db", "hex")]);
  const shard = "variables/variables.data-00000-of-00001";
  t.deepEqual(verdicts(await scan(t, { "variables/variables.index": table, [shard]: NOISE })), {
    "variables/variables.index": "safe-format",
    [shard]: "safe-format",
  });
  t.is(
    verdicts(await scan(t, { "variables/variables.index": "text", [shard]: NOISE }))[shard],
    "unscannable",
  );
});

test("numbers of an OpenVINO network are data where the network is", async (t) => {
  const network = '<?xml version="1.0"?>\n<net name="m" version="11"></net>\n';
  t.deepEqual(verdicts(await scan(t, { "m.xml": network, "m.bin": NOISE })), {
    "m.xml": "safe-format",
    "m.bin": "safe-format",
  });
  t.is(verdicts(await scan(t, { "m.xml": "<p/>", "m.bin": NOISE }))["m.bin"], "unscannable");
  t.is(verdicts(await scan(t, { "m.xml": network, "m.bin": EVIL }))["m.bin"], "dangerous");
});

test("scanFindings() maps each verdict, and names file, entry and import", async (t) => {
  const tree = await scan(t, {
    "evil.zip": zip([{ name: "m/data.pkl", data: EVIL }]),
    "good.safetensors": GOOD,
    "mine.pkl": MINE,
    "noise.bin": NOISE,
    program: "\x7fELF\x02\x01\x01",
  });
  const told = scanFindings(tree, { now: NOW }).map(({ code, outcome, severity, location }) => [
    location?.path,
    code,
    outcome,
    severity,
  ]);
  t.deepEqual(told, [
    ["evil.zip", "scan-code", "fail", "error"],
    ["good.safetensors", "scan-safe", "pass", "note"],
    ["mine.pkl", "scan-imports", "fail", "error"],
    ["noise.bin", "scan-understood", "fail", "error"],
    ["program", "scan-program", "fail", "error"],
  ]);
  const evil = scanFindings(tree, { now: NOW })[0];
  t.is(evil?.message, "evil.zip calls os.system (in m/data.pkl)");
  t.like(evil?.evidence?.import, { module: "os", name: "system", called: true });
});

const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const waiver = (more: Partial<Waiver>): Waiver => ({
  sha256: sha(MINE),
  reason: "ours",
  expires: "2027-01-01",
  ...more,
});
const WAIVED: readonly (readonly [
  string,
  Waiver,
  "accepted" | "refused",
  codes: readonly string[],
])[] = [
  ["the file", waiver({}), "accepted", ["scan-imports"]],
  ["the import", waiver({ import: "my.module.load" }), "accepted", ["scan-imports"]],
  [
    "another import",
    waiver({ import: "my.module.other" }),
    "refused",
    ["scan-imports", "scan-waiver"],
  ],
  ["other bytes", waiver({ sha256: sha(EVIL) }), "refused", ["scan-imports", "scan-waiver"]],
  ["what is over", waiver({ expires: "2026-11-01" }), "refused", ["scan-imports", "scan-waiver"]],
  ["what is over tomorrow", waiver({ expires: "2026-11-02" }), "accepted", ["scan-imports"]],
];
for (const [what, each, verdict, codes] of WAIVED) {
  test(`scanFindings() lets a waiver be for ${what}: ${verdict}`, async (t) => {
    const findings = scanFindings(await scan(t, { "mine.pkl": MINE }), {
      waivers: [each],
      now: NOW,
    });
    t.is(decide(findings), verdict);
    t.deepEqual(
      findings.map(({ code }) => code),
      codes,
    );
  });
}

const OPTIONS = { tool: { name: "mlsign", version: "1" }, allowList: "a".repeat(64) };

test("scanClaim() is a test result with the allow list's digest, and no timestamps", async (t) => {
  const tree = await scan(t, { "b.safetensors": GOOD, "a.pkl": MINE });
  const waivers = [waiver({ import: "my.module.load" })];
  const findings = scanFindings(tree, { waivers, now: NOW });
  const claim = scanClaim(tree, findings, {
    ...OPTIONS,
    waivers: { sha256: "b".repeat(64), used: waivers },
  });
  t.deepEqual(claim, {
    predicateType: "https://in-toto.io/attestation/test-result/v0.1",
    predicate: {
      result: "WARNED",
      configuration: [
        {
          uri: "urn:mlsign:check:scan:v1",
          annotations: {
            tool: { name: "mlsign", version: "1" },
            verdicts: { "safe-format": 1, "unknown-import": 1 },
            waivers: [
              {
                sha256: sha(MINE),
                import: "my.module.load",
                reason: "ours",
                expires: "2027-01-01",
              },
            ],
          },
        },
        { name: "allow-list", digest: { sha256: "a".repeat(64) } },
        { name: "waivers", digest: { sha256: "b".repeat(64) } },
      ],
      passedTests: ["b.safetensors"],
      warnedTests: ["a.pkl"],
      failedTests: [],
    },
  });
});

test("scanClaim() says FAILED, and why it was signed all the same", async (t) => {
  const tree = await scan(t, { "a.pkl": EVIL, "b.safetensors": GOOD });
  const findings = scanFindings(tree, { now: NOW });
  const claim = scanClaim(tree, findings, { ...OPTIONS, allowUnsafe: "a sample" });
  const { result, failedTests, configuration } = claim?.predicate ?? {};
  t.is(result, "FAILED");
  t.deepEqual(failedTests, ["a.pkl"]);
  t.regex(JSON.stringify(configuration), /"allowUnsafe":"a sample"/);
});

const BAD_WAIVERS: readonly (readonly [string, unknown])[] = [
  ["no schema", { waivers: [] }],
  ["an unknown key", { schema: "urn:mlsign:scan-waivers:v1", waivers: [], extra: 1 }],
  ["no list", { schema: "urn:mlsign:scan-waivers:v1", waivers: {} }],
  ["a short digest", wrapped({ sha256: "ab" })],
  ["an upper-case digest", wrapped({ sha256: "A".repeat(64) })],
  ["no reason", wrapped({ reason: " " })],
  ["no expiry", wrapped({ expires: undefined })],
  ["a date that is none", wrapped({ expires: "2027-02-30" })],
  ["a time", wrapped({ expires: "2027-02-20T00:00:00Z" })],
  ["an import without a module", wrapped({ import: "system" })],
  ["a pattern", wrapped({ pattern: "*" })],
];
for (const [what, document] of BAD_WAIVERS) {
  test(`readWaivers() refuses ${what}`, (t) => {
    const error = t.throws(() => readWaivers(Buffer.from(JSON.stringify(document))), {
      instanceOf: MlsignError,
    });
    t.is(error.code, "config-invalid");
  });
}

test("readWaivers() reads what it is for, and refuses two keys of one name", (t) => {
  const good = wrapped({ import: "my.module.load" });
  t.deepEqual(readWaivers(Buffer.from(JSON.stringify(good))), [
    waiver({ import: "my.module.load" }),
  ]);
  const twice = '{"schema": "urn:mlsign:scan-waivers:v1", "waivers": [], "waivers": []}';
  t.is(
    t.throws(() => readWaivers(Buffer.from(twice)), { instanceOf: MlsignError }).code,
    "json-invalid",
  );
});

function wrapped(more: object): object {
  return { schema: "urn:mlsign:scan-waivers:v1", waivers: [{ ...waiver({}), ...more }] };
}

test("scanFiles() spills what it unpacks, and keeps little of it in memory", async (t) => {
  const numbers = npyOf("'|u1'", `(${200 * 1024 * 1024},)`, Buffer.alloc(200 * 1024 * 1024));
  const packed = gzipSync(numbers, { level: 1 });
  const before = process.memoryUsage().rss;
  const tree = await scan(t, { "a.npy.gz": packed });
  t.deepEqual(verdicts(tree), { "a.npy.gz": "safe-format" });
  t.true(process.memoryUsage().rss - before < 60 * 1024 * 1024);
});

test("scanFiles() reads a huge file of numbers by its header alone", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "scan-"));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const size = 40 * 1024 ** 3;
  const head = safetensors(
    { a: { dtype: "U8", shape: [size], data_offsets: [0, size] } },
    Buffer.alloc(0),
  );
  const file = join(folder, "huge.safetensors");
  const descriptor = openSync(file, "w");
  writeSync(descriptor, head);
  writeSync(descriptor, "x", head.length + size - 1);
  closeSync(descriptor);
  const started = performance.now();
  const { files } = await scanFiles([{ path: "huge", file, size }], { hash: false });
  t.is(files[0]?.verdict, "safe-format");
  t.is(files[0]?.sha256, "");
  t.true(performance.now() - started < 2000);
});
