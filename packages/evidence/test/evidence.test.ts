import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  appendClaims,
  attestClaim,
  claimSubject,
  matchSubject,
  readClaims,
  verifyClaims,
} from "@mlsign/evidence";
import { localSource, type Manifest, manifestOf } from "@mlsign/manifest";
import { keySigner } from "@mlsign/sign";
import test, { type ExecutionContext } from "ava";

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const other = generateKeyPairSync("ed25519");

interface Model {
  readonly dir: string;
  readonly file: string;
  readonly manifest: Manifest;
}

async function model(
  t: ExecutionContext,
  files: Record<string, string> = { a: "1", b: "2" },
): Promise<Model> {
  const dir = mkdtempSync(join(tmpdir(), "mlsign-evidence-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(dir, name), content);
  const source = localSource(dir);
  const serialization = {
    method: "files",
    hashType: "sha256",
    allowSymlinks: false,
    ignorePaths: [],
  } as const;
  const manifest = await manifestOf(source, await source.list({ ignorePaths: ["claims.jsonl"] }), {
    serialization,
  });
  return { dir, file: join(dir, "claims.jsonl"), manifest };
}

async function claim(
  { manifest }: Model,
  predicate: unknown = { x: 1 },
  key: KeyObject = privateKey,
): Promise<string> {
  const subject = claimSubject("m", manifest);
  const signer = keySigner(key, "claim");
  const { text } = await attestClaim(
    { predicateType: "urn:test:x", predicate: predicate as object as never },
    { subject, signer, witnesses: [] },
  );
  return text;
}

const identity = ({ manifest }: Model) => ({
  name: "m",
  root: manifest.root,
  dirHash1: manifest.dirHash1,
});
const check = async (it: Model, as: Model = it, manifestVerified = false): Promise<string[]> => {
  const trust = { method: "key", key: publicKey } as const;
  const claims = await verifyClaims(readClaims([it.file]), identity(as), {
    now: new Date(),
    trust,
    manifestVerified,
  });
  return claims.map(({ status }) => status);
};

test("appendClaims() keeps every byte that stands, and writes a claim of one signer once", async (t) => {
  const it = await model(t);
  t.is(appendClaims(it.file, [await claim(it)]), 1);
  const first = readFileSync(it.file, "utf8");
  t.is(appendClaims(it.file, [await claim(it)]), 0);
  t.is(readFileSync(it.file, "utf8"), first);
  t.is(
    appendClaims(it.file, [await claim(it, { x: 2 }), await claim(it, { x: 1 }, other.privateKey)]),
    2,
  );
  t.true(readFileSync(it.file, "utf8").startsWith(first));
});

test("readClaims() counts a line once, wherever it stands, and reports a damaged one", async (t) => {
  const it = await model(t);
  const text = await claim(it);
  writeFileSync(it.file, `${text}\nnonsense\n\n${text}\n`);
  const beside = `${it.dir}.claims.jsonl`;
  writeFileSync(beside, text);
  t.teardown(() => rmSync(beside));
  const lines = readClaims([it.file, beside, join(it.dir, "nothing")]);
  t.deepEqual(
    lines.map(({ bundle }) => bundle !== undefined),
    [true, false],
  );
  t.is(lines[1]?.line, 3);
});

test("verifyClaims() tells each line for what it is", async (t) => {
  const it = await model(t);
  const older = await model(t, { a: "0", b: "2" });
  appendClaims(it.file, [
    await claim(it),
    await claim(it, { x: 1 }, other.privateKey),
    await claim(older),
  ]);
  writeFileSync(it.file, `${readFileSync(it.file, "utf8")}{"half":\n`);
  t.deepEqual(await check(it), ["counts", "untrusted", "other-model", "damaged"]);
});

test("verifyClaims() refuses a tree with the same root under other names (threat 1)", async (t) => {
  const it = await model(t, { "config.json": "{}", "model.safetensors": "W" });
  const renamed = await model(t, { "config.json": "{}", "model.py": "W" });
  t.is(it.manifest.root, renamed.manifest.root);
  appendClaims(it.file, [await claim(it)]);
  t.deepEqual(await check(it, renamed), ["renamed"]);
});

test("verifyClaims() counts a claim without dirHash1 only beside a verified manifest", async (t) => {
  const it = await model(t);
  const subject = { name: "m", digest: { sha256: it.manifest.root } };
  const signer = keySigner(privateKey, "claim");
  const { text } = await attestClaim(
    { predicateType: "urn:test:x", predicate: {} },
    { subject, signer, witnesses: [] },
  );
  appendClaims(it.file, [text]);
  t.deepEqual(await check(it), ["unbound"]);
  t.deepEqual(await check(it, it, true), ["counts"]);
});

test("matchSubject() reads both spellings of the digest that binds names", async (t) => {
  const it = await model(t);
  const { root, dirHash1 = "" } = it.manifest;
  for (const key of ["dirHash1", "dirHash"]) {
    t.is(matchSubject({ digest: { sha256: root, [key]: dirHash1 } }, identity(it)), "both");
    t.is(matchSubject({ digest: { sha256: root, [key]: "0" } }, identity(it)), "renamed");
  }
  t.is(matchSubject({ digest: { sha1: root } }, identity(it)), "other");
});

test("appendClaims() lets two writers at once lose nothing", async (t) => {
  const it = await model(t);
  const claims = await Promise.all(Array.from({ length: 8 }, (_, n) => claim(it, { n })));
  await Promise.all(claims.map(async (text) => appendClaims(it.file, [text])));
  t.is(readClaims([it.file]).length, 8);
});

test("matchSubject() goes by the root where the caller has no names to compare", async (t) => {
  const it = await model(t);
  const subject = claimSubject("m", it.manifest);
  const rootOnly = { name: "", root: it.manifest.root, dirHash1: undefined, rootOnly: true };
  t.is(matchSubject(subject, rootOnly), "root");
  t.is(matchSubject(subject, { ...rootOnly, rootOnly: false }), "renamed");
  t.is(matchSubject(subject, { ...rootOnly, root: "0".repeat(64) }), "other");
});
