/** The store over PostgreSQL: the same answers as over SQLite, and many writers of whom one is killed. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { checkStore, openStore } from "@mlsign/store";
import test, { type ExecutionContext } from "ava";
import { fill, QUESTIONS } from "../../packages/store/test/questions.ts";
import { type Postgres, postgresPrograms, startPostgres } from "../../scripts/peers/postgres.ts";

async function server(t: ExecutionContext): Promise<Postgres | undefined> {
  const found = await postgresPrograms();
  if ("reason" in found) {
    t.log(`skipped: PostgreSQL: ${found.reason}`);
    t.pass();
    return undefined;
  }
  const dir = mkdtempSync(join(tmpdir(), "mlsign-postgres-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const postgres = await startPostgres(found.bin, dir);
  t.teardown(postgres.stop);
  return postgres;
}

test("a store in PostgreSQL answers as one in a folder does", async (t) => {
  const postgres = await server(t);
  if (postgres === undefined) return;
  const store = await openStore(postgres.url, { create: true });
  t.teardown(() => store.close());
  await fill(store);
  for (const [, ask] of QUESTIONS) await ask(t, store);
  await store.reindex();
  for (const [, ask] of QUESTIONS) await ask(t, store);
  const { findings, lines } = await checkStore(store);
  t.deepEqual(
    findings.filter(({ outcome }) => outcome !== "pass"),
    [],
  );
  t.is(lines, 9);
});

const WRITERS = 8;
const CLAIMS = 300;
const PACKAGE = resolve(import.meta.dirname, "../../packages/store");

/** Adds claims that the other writers add too, and some of its own, one after the other. */
const WRITER = `
import { openStore } from ${JSON.stringify(join(PACKAGE, "src/index.ts"))};
import { card } from ${JSON.stringify(join(PACKAGE, "test/claims.ts"))};
const [url, name] = process.argv.slice(2);
const store = await openStore(url, { create: true });
for (let i = 0; i < ${CLAIMS}; i += 10) {
  const some = Array.from({ length: 10 }, (_, at) => card("shared-" + (i + at)));
  await store.add([...some, card(name + "-" + i)], new Date());
  if (i === 50) console.log("under way");
}
await store.close();
`;

test(`${WRITERS} writers at once, one of them killed, leave every claim once and one chain`, async (t) => {
  const postgres = await server(t);
  if (postgres === undefined) return;
  const dir = mkdtempSync(join(tmpdir(), "mlsign-writers-"));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, "writer.ts"), WRITER);
  await (await openStore(postgres.url, { create: true })).close();
  const children = Array.from({ length: WRITERS }, (_, at): ChildProcess =>
    spawn(process.execPath, [join(dir, "writer.ts"), postgres.url, `writer-${at}`], {
      stdio: ["ignore", "pipe", "inherit"],
    }),
  );
  const ends = children.map((child) => once(child, "exit") as Promise<[number | null, string]>);
  const [victim] = children;
  if (victim?.stdout) await once(victim.stdout, "data");
  await sleep(20);
  victim?.kill("SIGKILL");
  const exits = await Promise.all(ends);
  t.is(exits[0]?.[1], "SIGKILL", "it was killed while it wrote");
  for (const [code] of exits.slice(1)) t.is(code, 0);
  const store = await openStore(postgres.url, { create: false });
  t.teardown(() => store.close());
  const { findings, lines } = await checkStore(store);
  // Who is killed between a bundle and its line leaves a bundle that nobody was told of.
  const wrong = findings.filter(
    ({ outcome, severity }) => outcome !== "pass" && severity !== "note",
  );
  t.deepEqual(wrong, []);
  const own = (CLAIMS / 10) * (WRITERS - 1);
  const killed = lines - CLAIMS - own;
  t.true(killed >= 1 && killed < CLAIMS / 10, `${killed} of the killed one`);
});
