import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EvidenceArchive, packEvidence, readEvidence } from "@mlsign/evidence";
import test, { type ExecutionContext } from "ava";
import { Header } from "tar";

const ARCHIVE: EvidenceArchive = {
  index: {
    model: "model",
    directory: true,
    target: "prod",
    exportedAt: "2026-11-24T00:00:00Z",
    files: [
      { path: "a/weights.bin", size: 5, sha256: "a".repeat(64) },
      { path: "config.json", size: 2, sha256: "b".repeat(64) },
    ],
    ignored: ["notes.txt"],
  },
  parts: new Map([
    ["policy.yaml", Buffer.from("name: prod\n")],
    ["claims.jsonl", Buffer.from("{}\n")],
  ]),
};

function file(t: ExecutionContext, data: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), "mlsign-evidence-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "evidence.tar");
  writeFileSync(path, data);
  return path;
}

test("packEvidence() and readEvidence() agree, and the same input gives the same bytes", async (t) => {
  const packed = await packEvidence(ARCHIVE);
  t.deepEqual(packed, await packEvidence(ARCHIVE));
  const read = await readEvidence(file(t, packed));
  t.deepEqual(read.index, ARCHIVE.index);
  t.deepEqual(Object.fromEntries(read.parts), Object.fromEntries(ARCHIVE.parts));
});

/** A tar with these entries, as anybody could make one. */
function tar(entries: readonly (readonly [path: string, data: string | Buffer])[]): Buffer {
  const blocks = entries.flatMap(([path, data]) => {
    const body = Buffer.from(data);
    const header = Buffer.alloc(512);
    new Header({ path, size: body.length, mode: 0o644, type: "File" }).encode(header);
    return [header, body, Buffer.alloc(-body.length & 511)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const INDEX = { schema: "urn:mlsign:evidence:v1", ...ARCHIVE.index, parts: {} };
const withIndex = (change: object, ...more: readonly (readonly [string, string])[]): Buffer =>
  tar([["evidence.json", JSON.stringify({ ...INDEX, ...change })], ...more]);
const FILE = { path: "a", size: 1, sha256: "a".repeat(64) };

const ATTACKS: readonly (readonly [what: string, archive: Buffer, code: string])[] = [
  ["no archive", Buffer.from("no tar at all"), "archive-invalid"],
  ["no index", tar([["policy.yaml", "x"]]), "archive-invalid"],
  ["an index that is no JSON", tar([["evidence.json", "{"]]), "json-invalid"],
  [
    "an index with a key twice",
    tar([["evidence.json", '{"schema":"urn:mlsign:evidence:v1","schema":"x"}']]),
    "json-invalid",
  ],
  ["another schema", withIndex({ schema: "urn:mlsign:evidence:v2" }), "archive-invalid"],
  ["a strange part", withIndex({}, ["weights.bin", "x"]), "archive-invalid"],
  ["a part that leads out", withIndex({}, ["../policy.yaml", "x"]), "archive-invalid"],
  ["a part that the index does not name", withIndex({}, ["policy.yaml", "x"]), "archive-invalid"],
  [
    "a part of other bytes",
    withIndex({ parts: { "policy.yaml": "a".repeat(64) } }, ["policy.yaml", "x"]),
    "archive-invalid",
  ],
  [
    "a part that is missing",
    withIndex({ parts: { "policy.yaml": "a".repeat(64) } }),
    "archive-invalid",
  ],
  ["no files", withIndex({ files: [] }), "archive-invalid"],
  ["a file that leads out", withIndex({ files: [{ ...FILE, path: "../a" }] }), "archive-invalid"],
  ["a file twice", withIndex({ files: [FILE, FILE] }), "archive-invalid"],
  ["a negative size", withIndex({ files: [{ ...FILE, size: -1 }] }), "archive-invalid"],
  ["a short digest", withIndex({ files: [{ ...FILE, sha256: "a" }] }), "archive-invalid"],
  ["a single file with a name", withIndex({ directory: false, files: [FILE] }), "archive-invalid"],
  ["an index of the wrong form", withIndex({ ignored: [1] }), "archive-invalid"],
];
for (const [what, archive, code] of ATTACKS) {
  test(`readEvidence() refuses ${what}`, async (t) => {
    await t.throwsAsync(readEvidence(file(t, archive)), { code });
  });
}

test("readEvidence() reads the parts that its index names by their digests", async (t) => {
  const cut = (await packEvidence(ARCHIVE)).subarray(0, -1500);
  await t.throwsAsync(readEvidence(file(t, cut)), { code: "archive-invalid" });
});
