import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import test, { type ExecutionContext } from "ava";
import { ancestry, bundlesOf, checkStore, openStore, type Store } from "../src/index.ts";
import { card, digest, signature } from "./claims.ts";
import { fill, NOW, QUESTIONS } from "./questions.ts";

async function filled(t: ExecutionContext): Promise<{ store: Store; folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "mlsign-store-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const store = await openStore(folder, { create: true });
  t.teardown(() => store.close());
  await fill(store);
  return { store, folder };
}

for (const [title, ask] of QUESTIONS) {
  test(title, async (t) => ask(t, (await filled(t)).store));
}

test("add() of the same bundles changes nothing; another verdict is a new line", async (t) => {
  const { store, folder } = await filled(t);
  const lines = () => readFileSync(join(folder, "journal.jsonl"), "utf8").split("\n").length - 1;
  t.is(lines(), 9);
  t.deepEqual(await store.add([signature("m", ["a", "b"])], NOW), {
    added: 0,
    judged: 0,
    unchanged: 1,
  });
  // What could not be verified now says nothing against what was.
  await store.add([signature("m", ["a", "b"], { status: "unverified" })], NOW);
  t.is(lines(), 9);
  t.is((await store.add([signature("m", ["a", "b"], { status: "failed" })], NOW)).judged, 1);
  t.is(lines(), 10);
  const graph = await ancestry(store, { value: "m" });
  t.is(graph.edges.find(({ relation }) => relation === "signed")?.status, "failed");
});

test("an index that is missing, damaged or forged is made anew, and never believed", async (t) => {
  const { store, folder } = await filled(t);
  await store.close();
  const file = join(folder, "index.sqlite");
  const status = async () => {
    const again = await openStore(folder, { create: false });
    const { edges } = await ancestry(again, { value: digest("n") });
    await again.close();
    return edges.find(({ relation }) => relation === "has bill of materials")?.status;
  };
  for (const harm of [
    () => rmSync(file),
    () => writeFileSync(file, "not a database at all ".repeat(1000)),
    () => truncateSync(file, 8192),
    () => {
      const database = new DatabaseSync(file);
      database.exec("UPDATE claim SET status = 'verified'");
      database.close();
    },
    () => {
      const database = new DatabaseSync(file);
      database.exec("INSERT OR IGNORE INTO subject SELECT s.thing, c.id FROM subject s, claim c");
      database.close();
    },
  ]) {
    harm();
    t.is(await status(), "unverified");
  }
});

test("a journal that was edited, cut or glued to is told with its place", async (t) => {
  const { store, folder } = await filled(t);
  const file = join(folder, "journal.jsonl");
  const whole = readFileSync(file, "utf8");
  const lines = whole.split("\n");
  const check = async () =>
    (await checkStore(store)).findings.filter((it) => it.outcome === "fail");
  writeFileSync(file, whole.replace('"status":"unverified"', '"status":"verified"'));
  const [edited] = await check();
  t.is(edited?.code, "store-journal");
  t.regex(edited?.message ?? "", /line 9 \(byte \d+\)/);
  await t.throwsAsync(store.reindex(), { code: "store-broken", message: /line 9/ });
  writeFileSync(file, lines.toSpliced(3, 1).join("\n"));
  t.regex((await check())[0]?.message ?? "", /line 4 /);
  writeFileSync(file, lines.slice(0, 4).join("\n") + "\n");
  await t.throwsAsync(ancestry(store, { value: "m" }), { code: "store-broken" });
  // Half a line is what a crash leaves: nobody was told of it, and it goes.
  writeFileSync(file, whole);
  appendFileSync(file, '{"at":"2026');
  await store.add([card("m")], NOW);
  t.deepEqual(await check(), []);
});

test("a bundle with other bytes is told", async (t) => {
  const { store, folder } = await filled(t);
  const [first] = await bundlesOf(store, { value: "m" });
  const hex = first?.sha256 ?? "";
  const path = join(folder, "objects/sha256", hex.slice(0, 2), hex);
  rmSync(path);
  writeFileSync(path, "{}");
  await t.throwsAsync(ancestry(store, { value: "m" }), { code: "store-broken" });
  const failed = (await checkStore(store)).findings.filter((it) => it.outcome === "fail");
  t.is(failed[0]?.code, "store-object");
});

test("writers at once lose nothing and keep one chain", async (t) => {
  const { store, folder } = await filled(t);
  const others = await Promise.all([1, 2, 3].map(() => openStore(folder, { create: false })));
  await Promise.all(
    others.flatMap((other, w) =>
      [0, 1, 2].map((i) => other.add([card(`w${w}-${i}`), card("same")], NOW)),
    ),
  );
  for (const other of others) await other.close();
  const { findings, lines } = await checkStore(store);
  t.deepEqual(
    findings.filter((it) => it.outcome === "fail" && it.code !== "store-index"),
    [],
  );
  t.is(lines, 9 + 9 + 1);
});

test("openStore() makes no store where one was asked for", async (t) => {
  await t.throwsAsync(openStore(join(tmpdir(), "mlsign-no-store"), { create: false }), {
    code: "store-missing",
  });
});
