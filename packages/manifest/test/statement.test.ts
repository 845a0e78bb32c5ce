import type { JsonObject, JsonValue } from "@mlsign/core";
import { parseJson } from "@mlsign/core";
import { readModelStatement, rootOf } from "@mlsign/manifest";
import test from "ava";
import fc from "fast-check";

const A = "a".repeat(64);
const B = "b".repeat(64);

interface Parts {
  readonly resources?: JsonValue;
  readonly serialization?: JsonObject;
  readonly subject?: JsonValue;
  readonly predicate?: JsonValue;
  readonly top?: JsonObject;
}

const whole: JsonObject = {
  method: "files",
  hash_type: "sha256",
  allow_symlinks: false,
  ignore_paths: [],
};
const shards: JsonObject = { ...whole, method: "shards", shard_size: 10 };

function statement(parts: Parts = {}): JsonObject {
  const resources = parts.resources ?? [file("a"), file("b", B)];
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject: parts.subject ?? [{ name: "model", digest: { sha256: A } }],
    predicateType: "https://model_signing/signature/v1.0",
    predicate: parts.predicate ?? {
      resources,
      serialization: { ...(parts.serialization ?? whole) },
    },
    ...parts.top,
  };
}

function file(name: JsonValue, digest: JsonValue = A, algorithm: JsonValue = "sha256"): JsonObject {
  return { name, algorithm, digest };
}

test("`readModelStatement()` gives what is signed, in the order of the signature", (t) => {
  const signed = readModelStatement(statement({ resources: [file("b", B), file("a")] }));
  t.deepEqual(
    signed.files.map(({ path }) => path),
    ["b", "a"],
  );
  t.is(signed.subjectName, "model");
  t.is(signed.declaredRoot, A);
  t.is(signed.computedRoot, rootOf([{ digest: B }, { digest: A }]));
  t.false(signed.specOrder);
  t.true(readModelStatement(statement()).specOrder);
  t.deepEqual(signed.legacy, []);
});

/** Each is re-made from a good statement, with one thing wrong. */
const malformed: [string, JsonValue][] = [
  ["no object", []],
  ["null", null],
  ["another statement type", statement({ top: { _type: "https://in-toto.io/Statement/v0.1" } })],
  [
    "another predicate type",
    statement({ top: { predicateType: "https://slsa.dev/provenance/v1" } }),
  ],
  [
    "a later predicate type",
    statement({ top: { predicateType: "https://model_signing/signature/v2.0" } }),
  ],
  [
    "a predicate type of the wrong type",
    statement({ top: { predicateType: ["https://model_signing/signature/v1.0"] } }),
  ],
  ["no subject", statement({ subject: [] })],
  ["a subject that is no list", statement({ subject: { name: "m", digest: { sha256: A } } })],
  [
    "two subjects",
    statement({
      subject: [
        { name: "m", digest: { sha256: A } },
        { name: "n", digest: { sha256: A } },
      ],
    }),
  ],
  ["a subject without a name", statement({ subject: [{ digest: { sha256: A } }] })],
  ["a subject with an empty name", statement({ subject: [{ name: "", digest: { sha256: A } }] })],
  ["a subject without sha256", statement({ subject: [{ name: "m", digest: { sha512: A } }] })],
  [
    "a root in capitals",
    statement({ subject: [{ name: "m", digest: { sha256: "A".repeat(64) } }] }),
  ],
  ["a root that is too short", statement({ subject: [{ name: "m", digest: { sha256: "aa" } }] })],
  ["no predicate", statement({ top: { predicate: null } })],
  [
    "an unknown field of the predicate",
    statement({ predicate: { resources: [file("a")], serialization: whole, more: 1 } }),
  ],
  [
    "an unknown field of the serialization",
    statement({ serialization: { ...whole, follow: true } }),
  ],
  ["no resources", statement({ resources: [] })],
  ["resources that are no list", statement({ resources: {} })],
  ["a resource that is no object", statement({ resources: ["a"] })],
  ["a name that is no text", statement({ resources: [file(1)] })],
  ["a digest that is no text", statement({ resources: [file("a", 1)] })],
  ["a digest in capitals", statement({ resources: [file("a", "A".repeat(64))] })],
  ["a digest that is too short", statement({ resources: [file("a", "aa")] })],
  ["a digest of another length", statement({ resources: [file("a", "a".repeat(128))] })],
  ["an algorithm that is not the hash", statement({ resources: [file("a", A, "blake3")] })],
  [
    "a sharded algorithm without shards",
    statement({ resources: [file("a", A, "sha256-sharded-10")] }),
  ],
  [
    "a weak hash",
    statement({
      serialization: { ...whole, hash_type: "md5" },
      resources: [file("a", "a".repeat(32), "md5")],
    }),
  ],
  ["an unknown method", statement({ serialization: { ...whole, method: "chunks" } })],
  ["no method", statement({ serialization: { hash_type: "sha256", allow_symlinks: false } })],
  ["no allow_symlinks", statement({ serialization: { method: "files", hash_type: "sha256" } })],
  [
    "an allow_symlinks that is no boolean",
    statement({ serialization: { ...whole, allow_symlinks: "false" } }),
  ],
  ["ignore_paths that are no list", statement({ serialization: { ...whole, ignore_paths: "x" } })],
  ["an ignore path that is no text", statement({ serialization: { ...whole, ignore_paths: [1] } })],
  ["ignore_paths of null", statement({ serialization: { ...whole, ignore_paths: null } })],
  ["a shard size without shards", statement({ serialization: { ...whole, shard_size: 10 } })],
  ["two files of one name", statement({ resources: [file("a"), file("a", B)] })],
  ["a file in a file", statement({ resources: [file("a"), file("a/b")] })],
  ["`.` beside another", statement({ resources: [file("."), file("a")] })],
];
for (const [what, value] of malformed) refuses(what, value);

for (const name of [
  "/a",
  "../a",
  "a/../b",
  "a/..",
  "..",
  "./a",
  "a/.",
  "a//b",
  "a/",
  "a\\b",
  "a\0b",
  "\ud800",
]) {
  refuses(`the name ${JSON.stringify(name)}`, statement({ resources: [file(name)] }));
}

for (const path of ["", ".", "./", "/", "..", "../..", "./."]) {
  const serialization = { ...whole, ignore_paths: [path] };
  refuses(`to ignore ${JSON.stringify(path)}, the whole model`, statement({ serialization }));
}

for (const path of ["a", "a/", "./a", "d", "d/", "d/e"]) {
  const serialization = { ...whole, ignore_paths: ["x", path] };
  const resources = [file("a"), file("d/e/f")];
  refuses(`to ignore ${path}, which it signs`, statement({ serialization, resources }));
}

test("`readModelStatement()` tolerates ignored paths that can never match (oms.md 1.11)", (t) => {
  const ignore_paths = [
    "test/assets/models/simple/ignore-me",
    "/abs",
    "../up",
    "*.json",
    "sub\\x",
    "aa",
  ];
  const signed = readModelStatement(statement({ serialization: { ...whole, ignore_paths } }));
  t.deepEqual(signed.serialization.ignorePaths, ignore_paths);
});

test("`readModelStatement()` takes a statement without ignored paths, and says so", (t) => {
  const { ignore_paths: _, ...old } = whole;
  const signed = readModelStatement(statement({ serialization: old }));
  t.deepEqual(signed.serialization.ignorePaths, []);
  t.is(signed.legacy.length, 1);
});

test("`readModelStatement()` takes every hash of the specification at its length", (t) => {
  for (const [hash, length] of [
    ["sha256", 64],
    ["blake2b", 128],
    ["blake3", 64],
  ] as const) {
    const resources = [file("a", "c".repeat(length), hash)];
    const signed = readModelStatement(
      statement({ serialization: { ...whole, hash_type: hash }, resources }),
    );
    t.is(signed.serialization.hashType, hash);
  }
});

test("`readModelStatement()` takes a lone `.`, a lone base name and further fields of a resource", (t) => {
  for (const name of [".", "model.bin"]) {
    const resources = [{ ...file(name), mediaType: "x" }];
    t.is(readModelStatement(statement({ resources })).files[0]?.path, name);
  }
});

test("`readModelStatement()` joins shards in any order, and tells sizes", (t) => {
  const resources = [file("a:10:13", B), file("a:0:10"), file("b:0:10"), file("x:1:0:4")];
  const { files } = readModelStatement(statement({ serialization: shards, resources }));
  t.deepEqual(files, [
    { path: "a", size: 13, digests: [A, B] },
    { path: "b", size: 10, digests: [A] },
    { path: "x:1", size: 4, digests: [A] },
  ]);
});

test("`readModelStatement()` takes the other implementations' shards: 8.0 and `sha256-sharded-8`", (t) => {
  const text = JSON.stringify(
    statement({
      serialization: { ...shards, shard_size: 8 },
      resources: [file(".:0:8", A, "sha256-sharded-8"), file(".:8:9", A, "sha256-sharded-8")],
    }),
  ).replace('"shard_size":8', '"shard_size":8.0');
  const signed = readModelStatement(parseJson(text));
  t.is(signed.serialization.shardSize, 8);
  t.deepEqual(
    signed.resources.map(({ algorithm }) => algorithm),
    ["sha256", "sha256"],
  );
  t.regex(signed.legacy.join(), /sha256-sharded-8/);
});

const badShards: [string, readonly string[]][] = [
  ["a gap", ["a:0:10", "a:20:30"]],
  ["a gap at the start", ["a:10:20"]],
  ["an overlap", ["a:0:10", "a:5:15"]],
  ["a short one in the middle", ["a:0:5", "a:5:15"]],
  ["one that is too long", ["a:0:11"]],
  ["one that is twice there", ["a:0:10", "a:0:10"]],
  ["an empty one", ["a:0:0"]],
  ["one that runs backwards", ["a:10:0"]],
  ["no range", ["a"]],
  ["half a range", ["a:0"]],
  ["no path", [":0:10"]],
  ["a leading zero", ["a:00:10"]],
  ["a sign", ["a:+0:10"]],
  ["a negative start", ["a:-1:10"]],
  ["a fraction", ["a:0:9.5"]],
  ["an exponent", ["a:0:1e1"]],
  ["a space", ["a:0: 10"]],
  ["a number beyond counting", ["a:0:99999999999999999999"]],
  ["a path that goes up", ["../a:0:10"]],
  ["two spellings of one file", ["./a:0:10", "a:0:10"]],
];
for (const [what, names] of badShards) {
  const resources = names.map((name) => file(name));
  refuses(`shards with ${what}`, statement({ serialization: shards, resources }));
}
for (const shard_size of [0, -1, 8.5, "8", null, 2 ** 60, true]) {
  const serialization = { ...shards, shard_size };
  refuses(
    `the shard size ${JSON.stringify(shard_size)}`,
    statement({ serialization, resources: [file("a:0:1")] }),
  );
}
for (const algorithm of [
  "sha256-sharded-11",
  "blake2b-sharded-10",
  "sha256-sharded-10.0",
  "sha256-sharded-",
]) {
  const resources = [file("a:0:10", A, algorithm)];
  refuses(
    `the algorithm ${algorithm} for shards of 10`,
    statement({ serialization: shards, resources }),
  );
}

test("`readModelStatement()` reads release 0.2's form, which has no root", (t) => {
  const signed = readModelStatement(old([oldFile("a"), oldFile("b", B)]));
  t.deepEqual(signed.files, [
    { path: "a", size: undefined, digests: [A] },
    { path: "b", size: undefined, digests: [B] },
  ]);
  t.is(signed.declaredRoot, undefined);
  t.is(signed.legacy.length, 1);
});

const badOld: [string, JsonValue][] = [
  ["nothing", []],
  ["a file twice", [oldFile("a"), oldFile("a", B)]],
  ["a name that goes up", [oldFile("../a")]],
  ["another hash", [{ ...oldFile("a"), annotations: { actual_hash_algorithm: "file-blake2b" } }]],
  ["no annotation", [{ name: "a", digest: { sha256: A } }]],
  ["no digest", [{ name: "a", annotations: { actual_hash_algorithm: "file-sha256" } }]],
];
for (const [what, subject] of badOld) refuses(`release 0.2's form with ${what}`, old(subject));

test("`readModelStatement()` throws nothing but `manifest-invalid`, whatever it is given", (t) => {
  const values = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
  const paths = ["_type", "subject", "predicateType", "predicate"];
  const property = fc.property(fc.constantFrom(...paths), values, (key, value) => {
    try {
      readModelStatement(statement({ top: { [key]: value } }));
    } catch (error) {
      t.like(error, { code: "manifest-invalid" });
    }
  });
  t.notThrows(() => fc.assert(property));
});

function refuses(what: string, value: JsonValue): void {
  test(`\`readModelStatement()\` refuses ${what}`, (t) => {
    t.throws(() => readModelStatement(value), { code: "manifest-invalid" } as object);
  });
}

function old(subject: JsonValue): JsonObject {
  return {
    _type: "https://in-toto.io/Statement/v1",
    subject,
    predicateType: "https://model_signing/Digests/v0.1",
    predicate: { unused: "Unused, just passed due to API requirements" },
  };
}

function oldFile(name: string, sha256: string = A): JsonObject {
  return { name, digest: { sha256 }, annotations: { actual_hash_algorithm: "file-sha256" } };
}
