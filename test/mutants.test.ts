import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseBundle } from "@mlsign/bundle";
import test from "ava";
import { startSigstore } from "mlsign-test-sigstore";
import { shell } from "./shell.ts";

/** A small generator with a seed, so that a failure can be repeated. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** One to four random edits: a flipped bit, a cut, a repetition, a foreign piece. */
function mutate(bytes: Buffer, next: () => number): Buffer {
  const at = (length: number): number => Math.floor(next() * length);
  let result: Buffer = Buffer.from(bytes);
  for (let edits = 1 + at(4); edits > 0; edits -= 1) {
    const place = at(result.length + 1);
    const piece = PIECES[at(PIECES.length)] ?? "";
    const head = result.subarray(0, place);
    switch (at(5)) {
      case 0:
        if (place < result.length) result[place] = (result[place] ?? 0) ^ (1 << at(8));
        break;
      case 1:
        result = Buffer.concat([head, result.subarray(place + at(40))]);
        break;
      case 2:
        result = Buffer.concat([head, Buffer.from(piece), result.subarray(place)]);
        break;
      case 3:
        result = Buffer.concat([result.subarray(0, place + at(100)), result.subarray(place)]);
        break;
      default:
        result = head;
    }
  }
  return result;
}

const PIECES = [
  "{",
  "}",
  "[",
  "]",
  '"',
  ",",
  ":",
  "null",
  "-1",
  "1e999",
  "\\u0000",
  "\ud83d\ude00",
  "../",
  "A==",
  "\0",
  "[".repeat(200),
  '{"a":'.repeat(70),
];

/**
 * A bundle without what no signature covers: white space, the hint and keyid that only name a key,
 * a log's own repetitions of what its signed checkpoint and proof already say, and the parts of a
 * timestamp around its signed part (the authority's certificate there is not used).
 */
function authenticated(bytes: Buffer): unknown {
  const { material, content, tlogEntries, timestamps } = parseBundle(bytes);
  return {
    timestamps: timestamps.length,
    material: material.kind === "certificate" ? material : material.kind,
    content: { ...content, keyid: undefined },
    tlogEntries: tlogEntries.map(({ logId, kindVersion, canonicalizedBody, inclusionProof }) => ({
      logId,
      kindVersion,
      canonicalizedBody,
      hashes: inclusionProof?.hashes,
      // Other signatures below the note are cosignatures, which are not asked for.
      checkpoint: inclusionProof?.checkpoint.envelope.split("\n\n")[0],
    })),
  };
}

interface Target {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly runs: number;
}

test("10,000 mutated inputs end in a clear refusal: no stack trace, no hang, no exit 70", async (t) => {
  t.timeout(300_000);
  const user = shell(t);
  const sigstore = await startSigstore();
  t.teardown(() => sigstore.close());
  writeFileSync(user.path("token"), sigstore.token({ email: "ci@example.com" }));
  writeFileSync(
    user.path("trust.json"),
    JSON.stringify(sigstore.clientTrustConfig({ rekor: 2, tsa: true })),
  );
  writeFileSync(user.path("root.json"), JSON.stringify(sigstore.trustedRoot));
  writeFileSync(
    user.path("config.yaml"),
    "key: k.pub\nignore-path:\n  - notes.txt\nlegacy: true\n",
  );
  mkdirSync(user.path("keyless"));
  writeFileSync(user.path("keyless/a"), "a");
  await user.mlsign("keygen", "--out", "k");
  await user.mlsign("sign", "model", "--key", "k.key");
  await user.mlsign(
    "sign",
    "keyless",
    "--trust-config",
    "trust.json",
    "--identity-token",
    "@token",
  );
  const identity = [
    "--certificate-identity",
    "ci@example.com",
    "--certificate-oidc-issuer",
    sigstore.urls.oidc,
  ];
  const targets: Target[] = [
    {
      name: "a key's bundle",
      file: "model/model.sig",
      args: ["verify", "model", "--key", "k.pub"],
      runs: 4000,
    },
    {
      name: "a keyless bundle",
      file: "keyless/model.sig",
      args: ["verify", "keyless", "--trusted-root", "root.json", ...identity],
      runs: 2500,
    },
    {
      name: "a bundle to inspect",
      file: "keyless/model.sig",
      args: ["inspect", "keyless"],
      runs: 1500,
    },
    {
      name: "a trusted root",
      file: "root.json",
      args: ["verify", "keyless", "--trusted-root", "root.json", ...identity],
      runs: 700,
    },
    { name: "a public key", file: "k.pub", args: ["verify", "model", "--key", "k.pub"], runs: 500 },
    {
      name: "a private key",
      file: "k.key",
      args: ["sign", "model", "--key", "k.key", "--signature", "x.sig"],
      runs: 300,
    },
    {
      name: "a token",
      file: "token",
      args: ["sign", "keyless", "--signing-config", "nothing.json", "--identity-token", "@token"],
      runs: 200,
    },
    {
      name: "a configuration",
      file: "config.yaml",
      args: ["verify", "model", "--config", "config.yaml"],
      runs: 300,
    },
  ];
  const next = random(20_261_124);
  let total = 0;
  for (const { name, file, args, runs } of targets) {
    const original = readFileSync(user.path(file));
    const exits = new Map<number, number>();
    for (let run = 0; run < runs; run += 1) {
      const mutant = mutate(original, next);
      writeFileSync(user.path(file), mutant);
      const started = performance.now();
      const { exit, err } = await user.mlsign(...args);
      const ms = performance.now() - started;
      if (exit === 70 || / {4}at /.test(err) || ms > 2000) {
        t.fail(`${name}: exit ${exit}, ${Math.round(ms)} ms, ${err}\n${mutant.toString("base64")}`);
      }
      if (exit === 0 && args[0] === "verify" && file.endsWith("model.sig")) {
        t.deepEqual(
          authenticated(mutant),
          authenticated(original),
          mutant.toString("base64").slice(0, 200),
        );
      }
      exits.set(exit, (exits.get(exit) ?? 0) + 1);
      total += 1;
    }
    writeFileSync(user.path(file), original);
    t.log(`${name}: ${[...exits].map(([exit, count]) => `exit ${exit} x ${count}`).join(", ")}`);
  }
  t.is(total, 10_000);
});
