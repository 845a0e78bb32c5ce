import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseBundle } from "@mlsign/bundle";
import { decide, MlsignError } from "@mlsign/core";
import { localSource } from "@mlsign/manifest";
import { verifyModel } from "@mlsign/verify";
import test from "ava";
import { generateKeys, signBundle } from "mlsign-test-sigstore";
import { FILES, refusals, remarks, type Story, temporary, verifyStory, write } from "./models.ts";
import { ARTIFACT, instance, make, NOW } from "./rules.ts";

const put =
  (name: string, text = "x") =>
  (directory: string) =>
    void write(directory, { [name]: text });
const drop = (name: string) => (directory: string) => rmSync(join(directory, name));

const stories: [name: string, story: Story, refused: string[], remarked?: string[]][] = [
  ["a model as it was signed", {}, []],
  ["a changed file", { since: put("config.json", "{ }") }, ["file-changed config.json"]],
  ["a file that was emptied", { since: put("config.json", "") }, ["file-changed config.json"]],
  ["a missing file", { since: drop("config.json") }, ["file-missing config.json"]],
  ["an extra file", { since: put("evil.py") }, ["file-extra evil.py"]],
  ["an extra empty file", { since: put("evil.py", "") }, ["file-extra evil.py"]],
  ["an extra hidden file", { since: put("weights/.hidden") }, ["file-extra weights/.hidden"]],
  [
    "a renamed file",
    { since: (d) => renameSync(join(d, "config.json"), join(d, "config.py")) },
    ["file-renamed config.py"],
  ],
  [
    "a moved directory",
    { since: (d) => renameSync(join(d, "weights"), join(d, "w")) },
    ["file-renamed w/model.bin"],
  ],
  [
    "two files that changed places",
    { since: swap("config.json", "weights/model.bin") },
    ["file-changed config.json", "file-changed weights/model.bin"],
  ],
  [
    "nothing that is left",
    { since: (d) => Object.keys(FILES).forEach((name) => rmSync(join(d, name))) },
    ["file-missing config.json", "file-missing weights/model.bin"],
  ],
  [
    "git's own files, which nobody signs",
    { since: (d) => [put(".gitattributes")(d), put(".git/config")(d), put(".github/x")(d)] },
    [],
  ],
  [
    "git's files below the top",
    { since: put("weights/.gitattributes") },
    ["file-extra weights/.gitattributes"],
  ],
  ["an empty directory", { since: (d) => mkdirSync(join(d, "empty")) }, []],
  ["a symbolic link", { since: link("config.json", "link") }, ["files-match"]],
  [
    "a file that became a link",
    { since: (d) => [drop("config.json")(d), link("weights/model.bin", "config.json")(d)] },
    ["files-match"],
  ],
  [
    "a link out of the model where links were allowed",
    { serialization: { allowSymlinks: true }, since: link("/etc/passwd", "link") },
    ["files-match"],
  ],
  [
    "a link in the model where links were allowed",
    { serialization: { allowSymlinks: true }, files: FILES, since: link("config.json", "link") },
    ["file-extra link"],
  ],

  [
    "what the signer left out",
    { serialization: { ignorePaths: ["notes.txt"] }, since: put("notes.txt") },
    [],
    ["warning file-uncovered notes.txt"],
  ],
  [
    "what the signer left out and is not there",
    { serialization: { ignorePaths: ["notes.txt"] } },
    [],
  ],
  [
    "a whole directory that the signer left out",
    { serialization: { ignorePaths: ["code"] }, since: put("code/a/b.py") },
    [],
    ["warning file-uncovered code/a/b.py"],
  ],
  [
    "what the signer left out, where that is refused",
    {
      serialization: { ignorePaths: ["notes.txt"] },
      since: put("notes.txt"),
      options: { refuseSignerIgnores: true },
    },
    ["file-uncovered notes.txt"],
  ],
  [
    "what the signer left out, where the caller allows it",
    {
      serialization: { ignorePaths: ["notes.txt"] },
      since: put("notes.txt"),
      options: { refuseSignerIgnores: true, ignorePaths: ["notes.txt"] },
    },
    [],
  ],
  [
    "what the signer left out, where the caller allows its directory",
    {
      serialization: { ignorePaths: ["code"] },
      since: put("code/a.py"),
      options: { refuseSignerIgnores: true, ignorePaths: ["code/"] },
    },
    [],
  ],
  [
    "what the signer left out, where the caller allows another",
    {
      serialization: { ignorePaths: ["code"] },
      since: put("code/a.py"),
      options: { refuseSignerIgnores: true, ignorePaths: ["code/b.py"] },
    },
    ["file-uncovered code/a.py"],
  ],
  [
    "mlsign's own files",
    {
      serialization: { ignorePaths: ["model.sig", "claims.jsonl"] },
      since: (d) => [put("model.sig")(d), put("claims.jsonl")(d)],
      options: { refuseSignerIgnores: true, ownNames: ["model.sig", "claims.jsonl"] },
    },
    [],
  ],
  [
    "mlsign's own names below the top",
    { since: put("weights/model.sig"), options: { ownNames: ["model.sig"] } },
    ["file-extra weights/model.sig"],
  ],
  [
    "what the caller leaves out",
    { since: put("notes.txt"), options: { ignorePaths: ["notes.txt"] } },
    [],
  ],
  [
    "a signed file that the caller would leave out",
    { options: { ignorePaths: ["config.json"] } },
    ["file-missing config.json"],
  ],
  [
    "a changed file that the caller would leave out",
    { since: put("config.json", "x"), options: { ignorePaths: ["config.json"] } },
    ["file-missing config.json"],
  ],

  [
    "unsigned files, which the caller ignores",
    { since: put("notes.txt"), options: { ignoreUnsignedFiles: true } },
    [],
  ],
  [
    "a changed file beside unsigned ones",
    {
      since: (d) => [put("notes.txt")(d), put("config.json", "x")(d)],
      options: { ignoreUnsignedFiles: true },
    },
    ["file-changed config.json"],
  ],
  [
    "a missing file beside unsigned ones",
    { since: drop("config.json"), options: { ignoreUnsignedFiles: true } },
    ["file-missing config.json"],
  ],

  [
    "names that differ by case",
    { files: { "a.bin": "1", "A.bin": "2" } },
    [],
    ["warning name-clash a.bin"],
  ],
  [
    "names that differ by their Unicode form",
    { files: { "\u00e9.bin": "1", "e\u0301.bin": "2" } },
    [],
    ["warning name-clash \u00e9.bin"],
  ],

  ["one file", { files: { "m.bin": "W" }, model: "m.bin" }, []],
  [
    "one file that changed",
    { files: { "m.bin": "W" }, model: "m.bin", since: put("m.bin", "X") },
    ["file-changed m.bin"],
  ],
  [
    "one file beside others",
    { files: { "m.bin": "W" }, model: "m.bin", since: put("evil.py") },
    [],
  ],
  [
    "one file by its base name, as Go's signer writes it",
    {
      files: { "m.bin": "W" },
      model: "m.bin",
      statement: (s) => (s.predicate.resources[0]!.name = "m.bin"),
    },
    [],
  ],

  ["shards", shards({}), []],
  [
    "a changed byte in a shard",
    shards({ since: put("a.bin", "0123456789abcdefghiJ") }),
    ["file-changed a.bin"],
  ],
  [
    "a file that grew by a shard",
    shards({ since: put("a.bin", "0123456789abcdefghij0123") }),
    ["file-changed a.bin"],
  ],
  [
    "a file that lost a shard",
    shards({ since: put("a.bin", "0123456789abcdef") }),
    ["file-changed a.bin"],
  ],
  [
    "a renamed file in shards",
    shards({ since: (d) => renameSync(join(d, "a.bin"), join(d, "b.bin")) }),
    ["file-renamed b.bin"],
  ],
  [
    "an empty file, which shards do not cover",
    shards({ since: put("empty", "") }),
    [],
    ["warning shards-blind empty"],
  ],
  ["an extra file beside shards", shards({ since: put("evil.py") }), ["file-extra evil.py"]],
];
for (const [name, story, refused, remarked = []] of stories) {
  const rule = refused.length === 0 ? "accepts" : "refuses";
  test(`\`verifyModel()\` ${rule} ${name}`, async (t) => {
    const result = await verifyStory(t, story);
    t.deepEqual(refusals(result), refused);
    t.deepEqual(remarks(result), remarked);
    t.is(decide(result.findings), refused.length === 0 ? "accepted" : "refused");
  });
}

for (const hashType of ["sha256", "blake2b", "blake3"] as const) {
  for (const method of ["files", "shards"] as const) {
    test(`\`verifyModel()\` takes ${hashType} and ${method} from the signature`, async (t) => {
      const serialization = { hashType, method, ...(method === "shards" && { shardSize: 3 }) };
      const files = { "a.bin": "0123456789" };
      t.deepEqual(refusals(await verifyStory(t, { files, serialization })), []);
      const changed = await verifyStory(t, {
        files,
        serialization,
        since: put("a.bin", "0123456788"),
      });
      t.deepEqual(refusals(changed), ["file-changed a.bin"]);
    });
  }
}

test("`verifyModel()` copies what it verified, byte for byte, where told so", async (t) => {
  const into = join(temporary(t), "copy");
  mkdirSync(into);
  const result = await verifyStory(t, { since: put(".gitattributes"), options: { into } });
  t.deepEqual(refusals(result), []);
  for (const [name, text] of Object.entries(FILES))
    t.is(readFileSync(join(into, name), "utf8"), String(text));
  t.throws(() => readFileSync(join(into, ".gitattributes")), { code: "ENOENT" });
});

test("`verifyModel()` reports files and signature in one run", async (t) => {
  const result = await verifyStory(t, { since: put("evil.py"), signing: { hash: "sha512" } });
  t.deepEqual(refusals(result), ["file-extra evil.py", "signature-valid"]);
  t.false(result.valid);
});

test("`verifyModel()` refuses a message signature", async (t) => {
  const directory = write(temporary(t), { "m.bin": ARTIFACT });
  const { json, trust } = make({ method: "key", content: { artifact: ARTIFACT } });
  const bundle = parseBundle(Buffer.from(JSON.stringify(json)));
  const result = await verifyModel(localSource(join(directory, "m.bin")), bundle, trust, {
    now: NOW,
  });
  t.deepEqual(refusals(result), ["predicate-type"]);
});

test("`verifyModel()` throws where there is no model, or it cannot be read", async (t) => {
  const payload = Buffer.from("{}");
  const keys = generateKeys();
  const json = signBundle(instance, { payload }, { keys, material: "key" });
  const bundle = parseBundle(Buffer.from(JSON.stringify(json)));
  const trust = { method: "key", key: keys.publicKey } as const;
  const none = localSource(join(temporary(t), "none"));
  // A statement that is refused is not compared with any file.
  t.deepEqual(refusals(await verifyModel(none, bundle, trust, { now: NOW })), ["manifest-form"]);
  const missing = verifyStory(t, { model: "m.bin", files: { "m.bin": "W" }, since: drop("m.bin") });
  const error = await t.throwsAsync(missing, { instanceOf: MlsignError });
  t.is(error.code, "model-missing");
});

test("`verifyModel()` throws where the caller leaves out everything", async (t) => {
  const error = await t.throwsAsync(verifyStory(t, { options: { ignorePaths: ["."] } }), {
    instanceOf: MlsignError,
  });
  t.is(error.code, "usage");
});

test("`verifyModel()` stops where it is told to", async (t) => {
  const signal = AbortSignal.abort(new Error("stopped"));
  await t.throwsAsync(verifyStory(t, { options: { signal } }), { message: "stopped" });
});

function shards(more: Story): Story {
  const files = { "a.bin": "0123456789abcdefghij" };
  return { files, serialization: { method: "shards", shardSize: 8 }, ...more };
}

function swap(one: string, other: string): (directory: string) => void {
  return (directory) => {
    const [a, b] = [one, other].map((name) => readFileSync(join(directory, name)));
    writeFileSync(join(directory, one), b!);
    writeFileSync(join(directory, other), a!);
  };
}

function link(target: string, name: string): (directory: string) => void {
  return (directory) => symlinkSync(target, join(directory, name));
}
