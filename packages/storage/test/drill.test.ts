import { type ObjectStore, openStore } from "@mlsign/objects";
import test, { type ExecutionContext } from "ava";
import { type GcsServer, type S3Server, startGcs, startS3 } from "mlsign-test-stores";
import {
  type CheckedStorage,
  checkStorage,
  type DrillEntry,
  type DrillJournal,
  type DrillOptions,
} from "../src/index.ts";

const DAY = 86_400_000;
const KEY = "m/weights.bin";

interface Bench {
  readonly store: ObjectStore;
  readonly journal: DrillJournal & { readonly entries: Map<string, DrillEntry> };
  readonly check: (
    drill: Partial<Pick<DrillOptions, "shorten" | "canary">>,
  ) => Promise<CheckedStorage>;
}

function memoryJournal(): Bench["journal"] {
  const entries = new Map<string, DrillEntry>();
  return {
    entries,
    begin: (entry) => void entries.set(JSON.stringify(entry), entry),
    end: (entry) => void entries.delete(JSON.stringify(entry)),
    open: () => [...entries.values()],
  };
}

function bench(t: ExecutionContext, store: ObjectStore): Bench {
  t.teardown(() => store.close());
  const journal = memoryJournal();
  const check: Bench["check"] = async ({ shorten = false, canary = false }) =>
    checkStorage(store, {
      bucket: "models",
      prefix: "m",
      policy: { now: new Date(), requiredUntil: new Date(Date.now() + 90 * DAY) },
      drill: { shorten, canary, store, journal },
    });
  return { store, journal, check };
}

async function s3(
  t: ExecutionContext,
  options: { readonly lies?: boolean; readonly mode?: string; readonly byDefault?: boolean } = {},
): Promise<Bench & { readonly server: S3Server }> {
  const { lies = false, mode = "COMPLIANCE", byDefault = true } = options;
  const server = await startS3({ lies });
  t.teardown(() => server.close());
  const bucket = server.create("models", {
    lock: true,
    ...(byDefault && { defaultRetention: { mode, days: 365 } }),
  });
  bucket.put(KEY, "weights\n", {
    retention: { mode, until: new Date(Date.now() + 365 * DAY) },
  });
  const store = await openStore("s3", {
    endpoint: server.endpoint,
    env: { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
  });
  return { server, ...bench(t, store) };
}

async function gcs(
  t: ExecutionContext,
  lies: boolean,
  mode?: string,
): Promise<Bench & { readonly server: GcsServer }> {
  const server = await startGcs({ lies });
  t.teardown(() => server.close());
  const bucket = server.create("models", {
    retentionSeconds: 365 * 86_400,
    locked: true,
    objectRetention: true,
  });
  bucket.write(KEY, Buffer.from("weights\n"));
  const retainUntilTime = new Date(Date.now() + 400 * DAY).toISOString();
  if (mode !== undefined) bucket.update(KEY, null, { retention: { mode, retainUntilTime } }, false);
  const store = await openStore("gs", {
    endpoint: server.endpoint,
    env: { GOOGLE_OAUTH_ACCESS_TOKEN: "token" },
  });
  return { server, ...bench(t, store) };
}

function reasonsOf({ findings }: CheckedStorage): string[] {
  return findings
    .flatMap(({ evidence }) => (typeof evidence?.reason === "string" ? [evidence.reason] : []))
    .filter((it) => !it.startsWith("overwrite-"))
    .toSorted();
}

test("the shorten drill of S3 believes a refusal", async (t) => {
  const { check, journal, server } = await s3(t);
  const checked = await check({ shorten: true });
  t.is(checked.storage, "protected");
  t.deepEqual(reasonsOf(checked), []);
  t.is(journal.entries.size, 0);
  const changes = server.asked.filter((it) => !/^(?:GET|HEAD) /.test(it));
  t.true(changes.length === 2 && changes.every((it) => it.includes("?retention")));
});

test("the shorten drill of S3 catches a server that says COMPLIANCE, and puts the date back", async (t) => {
  const { check, journal, server } = await s3(t, { lies: true });
  const before = server.buckets.get("models")?.find(KEY)?.retention?.until;
  t.is((await check({})).storage, "protected", "its words are as good as an honest one's");
  const checked = await check({ shorten: true });
  t.is(checked.storage, "unprotected");
  t.deepEqual(reasonsOf(checked), ["drill-shorten-accepted"]);
  const after = server.buckets.get("models")?.find(KEY)?.retention?.until;
  t.true(Math.abs((after?.getTime() ?? 0) - (before?.getTime() ?? 1)) < 1000);
  t.is(journal.entries.size, 0);
});

test("the shorten drill of S3 tells who may bypass GOVERNANCE", async (t) => {
  const { check, server } = await s3(t, { mode: "GOVERNANCE" });
  t.deepEqual(reasonsOf(await check({ shorten: true })), [
    "drill-bypass-accepted",
    "governance-mode-bypassable",
  ]);
  server.denied.add("s3:BypassGovernanceRetention");
  t.deepEqual(reasonsOf(await check({ shorten: true })), ["governance-mode-bypassable"]);
});

test("a lost answer is looked after: the date is put back, and nothing is believed", async (t) => {
  const { check, journal, server } = await s3(t, { lies: true });
  const before = server.buckets.get("models")?.find(KEY)?.retention?.until;
  let lost = 0;
  server.intercept(({ method }) => (method === "PUT" && lost++ < 5 ? "lose" : undefined));
  const checked = await check({ shorten: true });
  t.true(lost > 5);
  t.is(checked.storage, "unknown");
  t.deepEqual(reasonsOf(checked), ["drill-failed"]);
  const after = server.buckets.get("models")?.find(KEY)?.retention?.until;
  t.true((after?.getTime() ?? 0) >= (before?.getTime() ?? 1) - 1000);
  t.is(journal.entries.size, 0);
});

test("a date that cannot be put back is told with the command, kept in the journal, and mended later", async (t) => {
  const { check, journal, server } = await s3(t, { lies: true });
  let puts = 0;
  server.intercept(({ method }) => (method === "PUT" && puts++ > 0 ? "cut" : undefined));
  const checked = await check({ shorten: true });
  t.is(checked.storage, "unprotected");
  t.true(reasonsOf(checked).includes("drill-not-restored"));
  const told = checked.findings.find(({ evidence }) => evidence?.reason === "drill-not-restored");
  t.regex(told?.fix ?? "", /^aws s3api put-object-retention --bucket models --key m\/weights\.bin/);
  t.is(journal.entries.size, 1);
  server.intercept(undefined);
  const again = await check({});
  t.deepEqual(reasonsOf(again), ["drill-interrupted-restored"]);
  t.is(journal.entries.size, 0);
});

test("the canary of S3 is written once, refused everything, and never deleted", async (t) => {
  const { check, server } = await s3(t);
  const first = await check({ canary: true });
  t.is(first.storage, "protected", JSON.stringify(first.findings));
  t.deepEqual(reasonsOf(first), ["create-only-refused"]);
  t.true(
    first.findings.some(
      ({ code, outcome }) => code === "storage-drill-canary" && outcome === "pass",
    ),
  );
  const id = server.buckets.get("models")?.find("m/.mlsign/canary")?.versionId;
  t.deepEqual(reasonsOf(await check({ canary: true, shorten: true })), ["create-only-refused"]);
  const versions = server.buckets.get("models")?.list("m/.mlsign/") ?? [];
  t.deepEqual(
    versions.map(({ version }) => version.versionId),
    [id],
  );
  t.is(first.objects.protected, 1, "the canary is not counted");
  const gone = server.asked.filter((it) => it.startsWith("DELETE"));
  t.true(gone.every((it) => it.includes("canary") && it.includes(`versionId=${id}`)));
});

test("the canary catches a server that deletes what it says is locked, and is not written anew", async (t) => {
  const { check, server } = await s3(t, { lies: true });
  const checked = await check({ canary: true });
  t.is(checked.storage, "unprotected");
  t.deepEqual(reasonsOf(checked), ["canary-delete-accepted", "create-only-refused"]);
  t.is(server.buckets.get("models")?.find("m/.mlsign/canary"), undefined);
  t.truthy(server.buckets.get("models")?.find(KEY), "the model's own object stays");
});

test("the canary tells who may bypass GOVERNANCE", async (t) => {
  const open = await s3(t, { mode: "GOVERNANCE" });
  const reasons = reasonsOf(await open.check({ canary: true }));
  t.true(reasons.includes("canary-bypass-delete-accepted"));
  t.true(reasons.includes("pipeline-may-bypass"));
  const closed = await s3(t, { mode: "GOVERNANCE" });
  closed.server.denied.add("s3:BypassGovernanceRetention");
  t.deepEqual(reasonsOf(await closed.check({ canary: true })), [
    "create-only-refused",
    "governance-mode-bypassable",
  ]);
});

test("nothing is tried on a canary that nothing retains", async (t) => {
  const { check, server } = await s3(t, { byDefault: false });
  const checked = await check({ canary: true });
  t.is(checked.verdict, "undecided");
  t.true(reasonsOf(checked).includes("canary-not-retained"));
  t.true(server.asked.every((it) => !it.startsWith("DELETE")));
});

test("the drill uses the pipeline's credentials, and the check the reader's", async (t) => {
  const { store, journal } = await s3(t);
  const tried: string[] = [];
  const pipeline: ObjectStore = {
    ...store,
    retain: async (name, until, how) => {
      tried.push("retain");
      return store.retain(name, until, how);
    },
  };
  const checked = await checkStorage(store, {
    bucket: "models",
    prefix: "m",
    policy: { now: new Date() },
    drill: { shorten: true, canary: false, store: pipeline, journal },
  });
  t.is(checked.storage, "protected");
  t.deepEqual(tried, ["retain", "retain"]);
});

for (const [mode, lies, reasons] of [
  ["Locked", false, []],
  ["Locked", true, ["drill-shorten-accepted"]],
  ["Unlocked", false, ["drill-bypass-accepted"]],
] as const) {
  test(`the shorten drill of GCS: ${mode}, ${lies ? "lying" : "honest"}`, async (t) => {
    const { check, server } = await gcs(t, lies, mode);
    const before = server.buckets.get("models")?.find(KEY)?.retention?.retainUntilTime;
    t.deepEqual(reasonsOf(await check({ shorten: true })), [...reasons]);
    t.is(server.buckets.get("models")?.find(KEY)?.retention?.retainUntilTime, before);
  });
}

test("the canary of GCS is refused by a locked policy, and deleted by a liar", async (t) => {
  const honest = await gcs(t, false);
  const checked = await honest.check({ canary: true });
  t.is(checked.storage, "protected");
  t.deepEqual(reasonsOf(checked), ["create-only-refused"]);
  const lying = await gcs(t, true);
  t.deepEqual(reasonsOf(await lying.check({ canary: true })), [
    "canary-delete-accepted",
    "create-only-refused",
  ]);
});
