import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { parseBundle } from "@mlsign/bundle";
import { MlsignError } from "@mlsign/core";
import test from "ava";
import { refusals, remarks, reroot, type Statement, verifyStory, write } from "./models.ts";
import { codesOf, make, minutes } from "./rules.ts";

test("threat 1: `verifyModel()` refuses files that were renamed or swapped under one root", async (t) => {
  let roots: unknown[] = [];
  const swapped = await verifyStory(t, {
    files: { a: "W", b: "{}" },
    statement: (s: Statement) => {
      roots = [s.subject[0]!.digest["sha256"]];
      const [a, b] = s.predicate.resources;
      [a!.name, b!.name] = [b!.name, a!.name];
      reroot(s);
      roots.push(s.subject[0]!.digest["sha256"]);
    },
  });
  t.is(roots[0], roots[1]);
  t.deepEqual(refusals(swapped), ["file-changed a", "file-changed b"]);
});

test("threat 5: `verifyModel()` refuses an injected file, and names each that its signer left out", async (t) => {
  const ignorePaths = ["model.sig", "loader.py", "registered_model_meta"];
  const inject =
    (...names: string[]) =>
    (directory: string) => {
      for (const name of names) write(directory, { [name]: "x" });
    };
  const injected = await verifyStory(t, {
    since: inject("registered_model_meta", "weights/loader.py"),
  });
  t.deepEqual(refusals(injected), [
    "file-extra registered_model_meta",
    "file-extra weights/loader.py",
  ]);
  const story = { serialization: { ignorePaths }, since: inject(...ignorePaths) };
  const told = await verifyStory(t, { ...story, options: { ownNames: ["model.sig"] } });
  t.deepEqual(remarks(told), ["warning file-uncovered loader.py"]);
  // Left out of every signature over a model of MLflow's: one that is not MLflow's own is no remark.
  t.deepEqual(refusals(told), ["file-uncovered registered_model_meta"]);
  const options = {
    ownNames: ["model.sig"],
    refuseSignerIgnores: true,
    ignorePaths: ["registered_model_meta"],
  };
  t.deepEqual(refusals(await verifyStory(t, { ...story, options })), ["file-uncovered loader.py"]);
});

test("threat 6: `verifyModel()` refuses weights that their signer chose to leave out", async (t) => {
  const result = await verifyStory(t, {
    files: { "config.json": "{}" },
    serialization: { ignorePaths: ["weights"] },
    since: (directory) => write(directory, { "weights/model.bin": "evil" }),
    options: { refuseSignerIgnores: true },
  });
  t.deepEqual(refusals(result), ["file-uncovered weights/model.bin"]);
});

test("threat 9: `parseBundle()` and `verifyModel()` refuse hostile JSON, quickly", async (t) => {
  const started = performance.now();
  const deep = "[".repeat(1_000_000);
  const envelope = (payload: string): string =>
    JSON.stringify({ ...make({ method: "key" }).json, dsseEnvelope: payload });
  for (const text of [
    deep,
    `{"mediaType":${deep}`,
    envelope(deep),
    `{"a":1,${'"a":1,'.repeat(100_000)}"b":1}`,
  ]) {
    const error = t.throws(() => parseBundle(Buffer.from(text)), { instanceOf: MlsignError });
    t.true(["json-invalid", "bundle-malformed"].includes(error.code));
  }
  t.throws(() => parseBundle(Buffer.alloc(65 * 1024 * 1024, 0x20)), {
    code: "json-invalid",
  } as object);
  const many = await verifyStory(t, {
    statement: (s) => (s.subject = Array(100_000).fill(s.subject[0]!)),
  });
  t.deepEqual(refusals(many), ["manifest-form"]);
  const nested = await verifyStory(t, {
    text: (json) => json.replace("{", `{"x":${"[".repeat(99)}${"]".repeat(99)},`),
  });
  t.deepEqual(refusals(nested), ["manifest-form"]);
  t.true(performance.now() - started < 20_000);
});

test("threat 10: `verifyModel()` refuses names and files that lead elsewhere, and tells names apart", async (t) => {
  const clash = await verifyStory(t, { files: { "\u00c5": "1", "A\u030a": "2", "\u212b": "3" } });
  t.deepEqual(remarks(clash), ["warning name-clash \u00c5", "warning name-clash \u212b"]);
  const other = await verifyStory(t, {
    files: { "\u00c5": "1" },
    statement: (s) => (s.predicate.resources[0]!.name = "A\u030a"),
  });
  t.deepEqual(refusals(other), ["file-renamed \u00c5"]);
  const climbing = await verifyStory(t, {
    statement: (s) => (s.predicate.resources[0]!.name = "../../etc/passwd"),
    options: { ignoreUnsignedFiles: true },
  });
  t.deepEqual(refusals(climbing), ["manifest-form"]);
  for (const target of ["/etc", "..", "weights"]) {
    const linked = await verifyStory(t, {
      since: (directory) => symlinkSync(target, join(directory, "l")),
    });
    t.deepEqual(refusals(linked), ["files-match"], target);
  }
  const fifo = await verifyStory(t, {
    since: (directory) => execFileSync("mkfifo", [join(directory, "pipe")]),
  });
  t.deepEqual(refusals(fifo), ["files-match"]);
});

test("threat 12: `verifyBundle()` takes a trusted time for the clock, and no time from the future", async (t) => {
  const expired = { options: { now: minutes(60 * 24 * 400) } };
  t.deepEqual(await codesOf(expired), []);
  t.deepEqual(await codesOf({ ...expired, method: "certificate" }), []);
  const untimed = { signing: { logs: [], timestamps: [] }, method: "certificate" } as const;
  t.deepEqual(await codesOf({ ...untimed, ...expired }), ["certificate-time"]);
  const early = { options: { now: minutes(-10) } };
  t.deepEqual(await codesOf(early), ["certificate-time", "log-entry", "timestamp-valid"]);
});
