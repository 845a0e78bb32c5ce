import test, { type ExecutionContext } from "ava";
import { startGcs, startS3 } from "mlsign-test-stores";
import {
  type ObjectStore,
  openStore,
  type StorageLocation,
  type StoreOptions,
} from "../src/index.ts";

/** What a test does to a bucket, whoever keeps it. */
interface Bench {
  readonly store: ObjectStore;
  readonly open: (options: Partial<StoreOptions>) => Promise<ObjectStore>;
  readonly endpoint: string;
  /** Writes a version that is locked for a day, and says which. */
  readonly put: (key: string, content: string) => string;
  readonly remove: (key: string) => void;
  readonly deny: (what: "bucket" | "object" | "list") => void;
  readonly fail: (status: number, times: number) => void;
  readonly sleep: (ms: number) => void;
  readonly asked: readonly string[];
}

const DAY = 86_400_000;

async function s3(t: ExecutionContext, lies = false): Promise<Bench> {
  const server = await startS3({ pageSize: 2, lies });
  const bucket = server.create("models", {
    lock: true,
    defaultRetention: { mode: "COMPLIANCE", days: 1 },
    owner: "111122223333",
  });
  const open = async (options: Partial<StoreOptions>): Promise<ObjectStore> =>
    openStore("s3", {
      endpoint: server.endpoint,
      env: { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
      ...options,
    });
  t.teardown(() => server.close());
  return {
    ...server,
    store: await open({}),
    open,
    put: (key, content) => bucket.put(key, content).versionId,
    remove: (key) => void bucket.remove(key, undefined),
    deny: (what) => {
      const actions = {
        bucket: "s3:GetBucketObjectLockConfiguration",
        object: "s3:GetObject",
        list: "s3:ListBucketVersions",
      };
      server.denied.add(actions[what]);
    },
  };
}

async function gcs(t: ExecutionContext, lies = false): Promise<Bench> {
  const server = await startGcs({ pageSize: 2, lies });
  const bucket = server.create("models", {
    objectRetention: true,
    versioning: true,
  });
  const open = async (options: Partial<StoreOptions>): Promise<ObjectStore> =>
    openStore("gs", {
      endpoint: server.endpoint,
      env: { GOOGLE_OAUTH_ACCESS_TOKEN: "token" },
      ...options,
    });
  t.teardown(() => server.close());
  return {
    ...server,
    store: await open({}),
    open,
    put: (key, content) => {
      const { generation } = bucket.write(key, Buffer.from(content));
      const retainUntilTime = new Date(server.now().getTime() + DAY).toISOString();
      bucket.update(
        key,
        String(generation),
        { retention: { mode: "Locked", retainUntilTime } },
        false,
      );
      return String(generation);
    },
    remove: (key) => bucket.remove(key, null),
    deny: (what) => {
      const permissions = {
        bucket: "storage.buckets.get",
        object: "storage.objects.get",
        list: "storage.objects.list",
      };
      server.denied.add(permissions[what]);
    },
  };
}

const BENCHES: readonly [
  StorageLocation["scheme"],
  (t: ExecutionContext, lies?: boolean) => Promise<Bench>,
  mode: string,
][] = [
  ["s3", s3, "COMPLIANCE"],
  ["gs", gcs, "Locked"],
];

for (const [scheme, bench, mode] of BENCHES) {
  test(`object() of ${scheme} tells of the version that the key means, or that is named`, async (t) => {
    const { store, put, asked } = await bench(t);
    const first = put("m/a b#1?.bin", "hello");
    const second = put("m/a b#1?.bin", "other");
    const name = { bucket: "models", key: "m/a b#1?.bin" };
    const now = await store.object(name);
    t.like(now.head, { kind: "value", value: { versionId: second, size: 5 } });
    const then = await store.object({ ...name, versionId: first });
    t.like(then.head, {
      kind: "value",
      value: { versionId: first, md5: "5d41402abc4b2a76b9719d911017c592" },
    });
    t.true(then.reads.length > 0);
    for (const { op, status, at } of then.reads) {
      t.true(status === 200 || status === 404, op);
      t.is(new Date(at).toISOString(), at);
    }
    t.true(
      asked.every((it) => /^(?:GET|HEAD) /.test(it)),
      "a reader changes nothing",
    );
  });

  test(`object() of ${scheme} knows what is not there, and what it may not see`, async (t) => {
    const { store, put, deny } = await bench(t);
    put("m/a", "x");
    const name = { bucket: "models", key: "m" };
    t.is((await store.object(name)).head.kind, "none", "a key that begins alike is another");
    deny("object");
    const { head } = await store.object({ bucket: "models", key: "m/a" });
    t.deepEqual(head, { kind: "denied", status: 403 });
  });

  test(`bucket() of ${scheme} knows what it may not see, and a bucket that is not there`, async (t) => {
    const { store, deny } = await bench(t);
    deny("bucket");
    const facts = await store.bucket("models");
    const policy =
      facts.provider === "gcs" ? facts.metadata : facts.provider === "s3" ? facts.lock : undefined;
    t.deepEqual(policy, { kind: "denied", status: 403 });
    await t.throwsAsync(store.bucket("nowhere"), { code: "storage-bucket-missing" });
  });

  test(`list() of ${scheme} joins versions across pages, hidden ones too, and backs off`, async (t) => {
    const { store, put, remove, fail } = await bench(t);
    for (const key of ["m/a", "m/b", "m/b", "m/b", "m/c", "n"]) put(key, key);
    remove("m/c");
    fail(503, 1);
    const listed: [string, number, boolean][] = [];
    for await (const { key, versions = [] } of store.list("models", "m/")) {
      const live = versions.some(({ isLatest, isMarker }) => isLatest && !isMarker);
      listed.push([key, versions.filter(({ isMarker }) => !isMarker).length, live]);
    }
    t.deepEqual(listed, [
      ["m/a", 1, true],
      ["m/b", 3, true],
      ["m/c", 1, false],
    ]);
  });

  test(`list() of ${scheme} fails where it is refused, and is never empty instead`, async (t) => {
    const { store, deny } = await bench(t);
    deny("list");
    await t.throwsAsync(
      async () => {
        for await (const { key } of store.list("models", "")) t.fail(key);
      },
      { code: "service-failed" },
    );
  });

  test(`read() of ${scheme} is bounded`, async (t) => {
    const { store, put } = await bench(t);
    const versionId = put("m/a", "12345");
    put("m/a", "67890");
    const name = { bucket: "models", key: "m/a" };
    t.is(Buffer.from(await store.read({ ...name, versionId }, 5)).toString(), "12345");
    t.is(Buffer.from(await store.read(name, 5)).toString(), "67890");
    await t.throwsAsync(store.read(name, 4), { code: "limit-exceeded" });
    await t.throwsAsync(store.read({ bucket: "models", key: "no" }, 4), {
      code: "storage-object-missing",
    });
  });

  test(`stream() of ${scheme} gives an exact version, from any byte on`, async (t) => {
    const { store, put } = await bench(t);
    const versionId = put("m/a", "12345");
    put("m/a", "67890");
    const all = async (start: number): Promise<string> => {
      const pieces: Uint8Array[] = [];
      const name = { bucket: "models", key: "m/a", versionId };
      for await (const piece of store.stream(name, start)) pieces.push(piece);
      return Buffer.concat(pieces).toString();
    };
    t.is(await all(0), "12345");
    t.is(await all(3), "45");
    await t.throwsAsync(
      async () => {
        for await (const piece of store.stream({ bucket: "models", key: "no" }, 0))
          t.fail(piece.toString());
      },
      { code: "storage-object-missing" },
    );
  });

  test(`attempts at ${scheme} are refused by a lock, and tell by what`, async (t) => {
    const { store, put } = await bench(t);
    const versionId = put("m/a", "x");
    const name = { bucket: "models", key: "m/a", versionId };
    const soon = new Date(Date.now() + 1000);
    for (const bypass of [false, true]) {
      t.like(await store.retain(name, soon, { mode, bypass }), {
        refused: true,
        failed: false,
        status: 403,
        refusedBy: "lock",
      });
      t.like(await store.removeVersion(name, { bypass }), { refused: true, refusedBy: "lock" });
    }
    t.like(await store.create(name, Buffer.from("y")), {
      refused: true,
      status: 412,
      refusedBy: "condition",
    });
    const later = new Date(Date.now() + 2 * DAY);
    t.like(await store.retain(name, later, { mode, bypass: false }), { refused: false });
    const made = await store.create({ bucket: "models", key: "m/new" }, Buffer.from("y"));
    t.like(made, { refused: false, failed: false });
    const { head } = await store.object({ bucket: "models", key: "m/new" });
    t.like(head, { kind: "value", value: { versionId: made.versionId } });
  });

  test(`attempts at ${scheme} succeed where the server lies`, async (t) => {
    const { store, put } = await bench(t, true);
    const versionId = put("m/a", "x");
    const name = { bucket: "models", key: "m/a", versionId };
    const soon = new Date(Date.now() + 5000);
    t.like(await store.retain(name, soon, { mode, bypass: false }), { refused: false });
    t.like(await store.removeVersion(name, { bypass: false }), { refused: false, failed: false });
    t.is((await store.object(name)).head.kind, "none");
  });

  test(`an attempt at ${scheme} is made once, and a server's failure proves nothing`, async (t) => {
    const { store, put, fail, asked } = await bench(t);
    const versionId = put("m/a", "x");
    fail(500, scheme === "s3" ? 5 : 1);
    const before = asked.length;
    const name = { bucket: "models", key: "m/a", versionId };
    t.like(await store.removeVersion(name, { bypass: false }), { refused: false, failed: true });
    if (scheme === "gs") t.is(asked.length, before + 1);
  });

  test(`serverTime() of ${scheme} is the server's`, async (t) => {
    const { store, sleep } = await bench(t);
    t.is(store.serverTime(), undefined);
    sleep(10 * DAY);
    await store.bucket("models");
    t.true((store.serverTime()?.getTime() ?? 0) > Date.now() + 9 * DAY);
  });

  test(`openStore() of ${scheme} asks the endpoint that it is given, whatever the environment says`, async (t) => {
    const { open, put } = await bench(t);
    put("m/a", "x");
    const names = ["STORAGE_EMULATOR_HOST", "AWS_ENDPOINT_URL_S3"] as const;
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = "http://127.0.0.1:1";
    t.teardown(() =>
      names.forEach((name, at) => {
        if (before[at] === undefined) Reflect.deleteProperty(process.env, name);
        else process.env[name] = before[at];
      }),
    );
    const store = await open({});
    t.like((await store.object({ bucket: "models", key: "m/a" })).head, { kind: "value" });
  });

  test(`openStore() of ${scheme} refuses what is no endpoint`, async (t) => {
    const { open } = await bench(t);
    for (const endpoint of ["ftp://x", "https://u:p@x", "x"])
      await t.throwsAsync(open({ endpoint }), { code: "usage" }, endpoint);
  });
}

test("bucket() of s3 tells a bucket of another account, where one is expected", async (t) => {
  const { open } = await s3(t);
  const own = await (await open({ expectedOwner: "111122223333" })).bucket("models");
  t.like(own, { otherOwner: false, lock: { kind: "value" } });
  const other = await (await open({ expectedOwner: "999999999999" })).bucket("models");
  t.like(other, { otherOwner: true, lock: { kind: "denied" } });
});
