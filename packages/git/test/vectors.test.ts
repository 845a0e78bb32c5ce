/** Commits that git, ssh-keygen and gpg made once: SSH needs none of them to be judged. */
import { readFileSync } from "node:fs";
import { MlsignError } from "@mlsign/core";
import { openKeyring, parseAllowedSigners, verifyCommit } from "@mlsign/git";
import test from "ava";
import fc from "fast-check";
import { parseCommit } from "../src/objects.ts";
import { oidOf } from "../src/oid.ts";
import { has } from "./programs.ts";

interface SshVector {
  readonly what: string;
  /** Empty where the commit was changed after it was signed. */
  readonly oid: string;
  readonly commit: string;
  readonly allowedSigners: string;
  readonly expect: { readonly status: string; readonly principal?: string };
}

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));

for (const { what, oid, commit, allowedSigners, expect } of read(
  "ssh-vectors.json",
) as SshVector[]) {
  test(`verifyCommit() finds ${what} ${expect.status}`, async (t) => {
    const bytes = Buffer.from(commit);
    if (oid !== "") t.is(oidOf("commit", bytes, "0".repeat(40)), oid);
    const signature = await verifyCommit(parseCommit("0".repeat(40), bytes), {
      allowedSigners: parseAllowedSigners(allowedSigners, "vector"),
    });
    t.like({ ...signature }, expect as object, signature.why);
  });
}

test("verifyCommit() finds no vector good once any byte of its signature is another", async (t) => {
  const vectors = read("ssh-vectors.json") as SshVector[];
  for (const { what, commit, allowedSigners } of vectors.filter(
    ({ expect }) => expect.status === "good",
  )) {
    const parsed = parseCommit("0".repeat(40), Buffer.from(commit));
    const trust = { allowedSigners: parseAllowedSigners(allowedSigners, "vector") };
    const body = Buffer.from((parsed.signature ?? "").replace(/-----.*-----|\n/g, ""), "base64");
    const judge = async (bytes: Buffer) => {
      const armour = `-----BEGIN SSH SIGNATURE-----\n${bytes.toString("base64")}\n-----END SSH SIGNATURE-----`;
      return (await verifyCommit({ ...parsed, signature: armour }, trust)).status;
    };
    t.is(await judge(body), "good", what);
    for (let at = 0; at < body.length; at += 1) {
      const changed = Buffer.from(body);
      changed[at] = (changed[at] ?? 0) ^ 0x40;
      t.not(await judge(changed), "good", `${what}, byte ${at}`);
    }
    t.is(await judge(body.subarray(0, -1)), "bad", what);
    t.is(await judge(Buffer.concat([body, Buffer.alloc(1)])), "bad", what);
  }
});

test("parseAllowedSigners() reads or refuses any text, and does nothing else", (t) => {
  const words = fc.constantFrom(
    "a",
    '"',
    ",",
    "=",
    " ",
    "\t",
    "\n",
    "#",
    "cert-authority",
    "ssh-rsa",
  );
  const text = fc.array(fc.oneof(words, fc.string())).map((parts) => parts.join(""));
  const property = fc.property(text, (file) => {
    try {
      parseAllowedSigners(file, "test");
    } catch (error) {
      if (!(error instanceof MlsignError) || error.code !== "config-invalid") throw error;
    }
  });
  fc.assert(property, { numRuns: 2000 });
  t.pass();
});

const withGpg = has("gpg") ? test : test.skip;

withGpg("verifyCommit() finds an OpenPGP key good, by the key of the vector alone", async (t) => {
  const { oid, commit, keys } = read("openpgp-vector.json") as {
    readonly oid: string;
    readonly commit: string;
    readonly keys: string;
  };
  const bytes = Buffer.from(commit);
  t.is(oidOf("commit", bytes, "0".repeat(40)), oid);
  const env = { PATH: process.env["PATH"] };
  const keyring = await openKeyring(Buffer.from(keys), { source: "vector", env });
  t.teardown(() => keyring.close());
  const parsed = parseCommit(oid, bytes);
  t.like(await verifyCommit(parsed, { keyring }), { status: "good", principal: "ana@example.com" });
  const changed = parseCommit(oid, Buffer.from(commit.replace("author Ana", "author Eve")));
  t.like(await verifyCommit(changed, { keyring }), { status: "bad" });
});
