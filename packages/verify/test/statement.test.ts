import { sha256 } from "@mlsign/core";
import test from "ava";
import { refusals, remarks, reroot, type Statement, type Story, verifyStory } from "./models.ts";

/** Statements that were signed as they are: only their form can refuse them. */
const refused: [name: string, change: (statement: Statement) => unknown, codes?: string[]][] = [
  [
    "another predicate type",
    (s) => (s.predicateType = "https://slsa.dev/provenance/v1"),
    ["predicate-type"],
  ],
  ["a predicate type that goes on", (s) => (s.predicateType += "1"), ["predicate-type"]],
  ["another statement type", (s) => (s._type = "https://in-toto.io/Statement/v0.1")],
  ["an unknown statement type", (s) => (s._type = "https://in-toto.io/Statement/v2")],
  ["no subject", (s) => (s.subject = [])],
  ["two subjects", (s) => s.subject.push(s.subject[0]!)],
  ["a subject without a name", (s) => (s.subject[0]!.name = "")],
  ["a subject without sha256", (s) => (s.subject[0]!.digest = { sha512: "00" })],
  [
    "a root that is not of the list",
    (s) => (s.subject[0]!.digest = { sha256: "0".repeat(64) }),
    ["root-match"],
  ],
  ["no predicate", (s) => (s.predicate = null as never)],
  ["an unknown field in the predicate", (s) => Object.assign(s.predicate, { card: {} })],
  ["an empty list", (s) => (s.predicate.resources = [])],
  ["a name twice", resources((list) => list.push(list[0]!))],
  [
    "a name twice, with two digests",
    resources((list) => list.push({ ...list[0]!, digest: "0".repeat(64) })),
  ],
  ["a name without text", rename("")],
  ["an absolute name", rename("/etc/passwd")],
  ["a name that climbs", rename("../config.json")],
  ["a name that climbs within", rename("weights/../config.json")],
  ["a name with a dot for a part", rename("./config.json")],
  ["a name with an empty part", rename("weights//config.json")],
  ["a name with a slash behind it", rename("config.json/")],
  ["a name with a backslash", rename("..\\config.json")],
  ["a name with a NUL", rename("config.json\0.txt")],
  ["a dot among other names", rename(".")],
  ["a file that is a directory as well", rename("weights")],
  ["a digest in upper case", digest((hex) => hex.toUpperCase())],
  ["a digest that is too short", digest((hex) => hex.slice(2))],
  ["a digest that is no text", resources((list) => Object.assign(list[0]!, { digest: 7 }))],
  ["an algorithm that is not the list's", resources((list) => (list[0]!.algorithm = "blake2b"))],
  ["an unknown algorithm", resources((list) => list.forEach((one) => (one.algorithm = "md5")))],
  ["an unknown method", serialization({ method: "zip" })],
  ["an unknown hash", serialization({ hash_type: "sha1" })],
  ["no hash", serialization({ hash_type: undefined })],
  ["symlinks that are no truth value", serialization({ allow_symlinks: "false" })],
  ["ignored paths that are no list", serialization({ ignore_paths: "x" })],
  ["an ignored path that is no text", serialization({ ignore_paths: [1] })],
  ["an ignored path for the whole model", serialization({ ignore_paths: ["."] })],
  ["an ignored path for the whole model, spelled longer", serialization({ ignore_paths: ["./"] })],
  ["an ignored path that climbs out of the model", serialization({ ignore_paths: [".."] })],
  ["an ignored path for a listed file", serialization({ ignore_paths: ["config.json"] })],
  [
    "an ignored path for a listed file's directory",
    serialization({ ignore_paths: ["./weights/"] }),
  ],
  ["a shard size and whole files", serialization({ shard_size: 8 })],
  ["an unknown field in the serialization", serialization({ follow: true })],
];
for (const [name, change, codes = ["manifest-form"]] of refused) {
  test(`\`verifyModel()\` refuses a signed statement with ${name}`, async (t) => {
    t.deepEqual(refusals(await verifyStory(t, {})), [], "the right one is accepted");
    const result = await verifyStory(t, { statement: (s) => void change(s) });
    t.deepEqual(refusals(result), codes);
    t.true(result.valid, "its signature is good");
  });
}

const shards: Story = {
  files: { "a.bin": "0123456789abcdefghij", "b:1:2.bin": "01234567" },
  serialization: { method: "shards", shardSize: 8 },
};
const badShards: [name: string, change: (statement: Statement) => unknown][] = [
  ["a gap", resources((list) => list.splice(2, 1))],
  ["no start", resources((list) => list.splice(0, 1))],
  ["an overlap", resources((list) => (list[1]!.name = "a.bin:4:16"))],
  ["a shard twice", resources((list) => list.push(list[1]!))],
  ["a shard of another size", resources((list) => (list[0]!.name = "a.bin:0:7"))],
  ["an end before its start", resources((list) => (list[0]!.name = "a.bin:8:0"))],
  ["an empty shard", resources((list) => (list[0]!.name = "a.bin:0:0"))],
  ["a range that is no range", resources((list) => (list[0]!.name = "a.bin:0:8x"))],
  ["a range with leading zeros", resources((list) => (list[0]!.name = "a.bin:00:08"))],
  [
    "a range beyond what is countable",
    resources((list) => (list[0]!.name = "a.bin:0:99999999999999999999")),
  ],
  ["a whole file", resources((list) => (list[0]!.name = "a.bin"))],
  ["no shard size", serialization({ shard_size: undefined })],
  ["a shard size of nothing", serialization({ shard_size: 0 })],
  ["a shard size that is no whole number", serialization({ shard_size: 8.5 })],
  ["a shard size of another list", serialization({ shard_size: 4 })],
  [
    "an algorithm of another shard size",
    resources((list) => (list[0]!.algorithm = "sha256-sharded-4")),
  ],
];
for (const [name, change] of badShards) {
  test(`\`verifyModel()\` refuses signed shards with ${name}`, async (t) => {
    t.deepEqual(refusals(await verifyStory(t, shards)), [], "the right ones are accepted");
    const result = await verifyStory(t, { ...shards, statement: (s) => void change(s) });
    t.deepEqual(refusals(result), ["manifest-form"]);
  });
}

test("`verifyModel()` refuses a signed payload of another type", async (t) => {
  for (const payloadType of ["application/json", "application/vnd.in-toto+json;v=1"]) {
    t.deepEqual(refusals(await verifyStory(t, { payloadType })), ["payload-type"]);
  }
});

const texts: [name: string, text: (json: string) => string][] = [
  ["a duplicate key", (json) => json.replace("{", '{"_type":"https://in-toto.io/Statement/v1",')],
  ["data behind it", (json) => `${json}{}`],
  ["a byte order mark", (json) => `\ufeff${json}`],
  ["a lone surrogate", (json) => json.replace("config.json", "\\ud800")],
  ["no JSON", () => "<html>"],
  ["a list", () => "[]"],
];
for (const [name, text] of texts) {
  test(`\`verifyModel()\` refuses a signed payload with ${name}`, async (t) => {
    t.deepEqual(refusals(await verifyStory(t, { text })), ["manifest-form"]);
  });
}

test("`verifyModel()` accepts the algorithm and shard size as the Python signer writes them", async (t) => {
  const result = await verifyStory(t, {
    ...shards,
    statement: (s) => {
      for (const one of s.predicate.resources) one.algorithm = "sha256-sharded-8";
    },
  });
  t.deepEqual(refusals(result), []);
  t.deepEqual(remarks(result), ["note bundle-legacy"]);
});

test("`verifyModel()` notes an order that is not the specification's, and accepts it", async (t) => {
  const result = await verifyStory(t, {
    files: { "a.b": "1", "a/b": "2" },
    statement: (s) => {
      s.predicate.resources.reverse();
      reroot(s);
    },
  });
  t.deepEqual(refusals(result), []);
  t.deepEqual(remarks(result), ["note manifest-order"]);
});

test("`verifyModel()` binds the names too, where the root binds contents alone", async (t) => {
  const files = { a: "W", b: "{}" };
  const result = await verifyStory(t, {
    files,
    statement: (s) => {
      const root = s.subject[0]!.digest["sha256"];
      const [a, b] = s.predicate.resources;
      [a!.name, b!.name] = ["c", "d"];
      reroot(s);
      t.is(s.subject[0]!.digest["sha256"], root, "the root is the same");
    },
  });
  t.deepEqual(refusals(result), ["file-renamed a", "file-renamed b"]);
});

test("`verifyModel()` reports every fault in one run", async (t) => {
  const result = await verifyStory(t, {
    signing: { hash: "sha512" },
    statement: (s) => (s.subject[0]!.digest = { sha256: sha256(Buffer.of()).toString("hex") }),
    files: { a: "1" },
  });
  t.deepEqual(refusals(result), ["root-match", "signature-valid"]);
});

function resources(
  change: (list: Statement["predicate"]["resources"]) => unknown,
): (statement: Statement) => void {
  return (statement) => {
    change(statement.predicate.resources);
    try {
      reroot(statement);
    } catch {
      // A root of what is no digest: the list is refused before it is looked at.
    }
  };
}

function rename(name: string): (statement: Statement) => void {
  return resources((list) => (list[0]!.name = name));
}

function digest(change: (hex: string) => string): (statement: Statement) => void {
  return resources((list) => (list[0]!.digest = change(list[0]!.digest)));
}

function serialization(more: object): (statement: Statement) => void {
  return (statement) => void Object.assign(statement.predicate.serialization, more);
}
