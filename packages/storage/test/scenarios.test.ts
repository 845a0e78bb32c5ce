import { openStore } from "@mlsign/objects";
import test, { type ExecutionContext } from "ava";
import { Arrangement, type GcsServer, S3_SCENARIOS, startGcs, startS3 } from "mlsign-test-stores";
import { type CheckedStorage, checkStorage, type Expectation } from "../src/index.ts";

const DAY = 86_400_000;

/** Codes of what stands against it, without the notes on the bucket. */
function reasonsOf({ findings }: CheckedStorage): string[] {
  const codes = findings.flatMap(({ evidence, code }) =>
    typeof evidence?.reason === "string" &&
    !["storage-default-retention", "storage-overwrite", "storage-lifecycle"].includes(code)
      ? [evidence.reason]
      : [],
  );
  return codes.toSorted();
}

for (const { state, arrange, verdict, reasons } of S3_SCENARIOS) {
  test(`checkStorage() of S3: ${state}: ${verdict}`, async (t) => {
    const server = await startS3();
    t.teardown(() => server.close());
    const admin = { accessKeyId: "admin", secretAccessKey: "secret" };
    const arrangement = new Arrangement(
      {
        endpoint: server.endpoint,
        admin,
        limited: async () => {
          for (const action of [
            "s3:GetBucketObjectLockConfiguration",
            "s3:GetBucketVersioning",
            "s3:GetObjectRetention",
            "s3:GetObjectLegalHold",
          ])
            server.denied.add(action);
          return Promise.resolve(admin);
        },
        sleep: async (ms) => {
          server.sleep(ms);
          return Promise.resolve();
        },
      },
      "models",
    );
    t.teardown(() => arrangement.close());
    const { key, expected } = await arrange(arrangement);
    const store = await openStore("s3", {
      endpoint: server.endpoint,
      env: { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
    });
    t.teardown(() => store.close());
    const now = new Date();
    const checked = await checkStorage(store, {
      bucket: "models",
      prefix: "m",
      targets: [{ key, expected }],
      policy: { now, requiredUntil: new Date(now.getTime() + 90 * DAY) },
    });
    t.is(checked.storage, verdict);
    t.deepEqual(reasonsOf(checked), [...reasons].toSorted());
    t.is(checked.objects[verdict], 1);
  });
}

interface GcsScenario {
  readonly state: string;
  readonly arrange: (server: GcsServer) => Expectation;
  readonly verdict: CheckedStorage["storage"];
  readonly reasons: readonly string[];
}

const YEAR = 365 * 86_400;
const KEY = "m/weights.bin";
const BYTES = Buffer.from("weights\n");

const GCS_SCENARIOS: readonly GcsScenario[] = [
  {
    state: "nothing retains it",
    arrange: (server) => {
      server.create("models").write(KEY, BYTES);
      return {};
    },
    verdict: "unprotected",
    reasons: ["no-retention"],
  },
  {
    state: "soft delete only",
    arrange: (server) => {
      server.create("models", { softDeleteSeconds: 604_800 }).write(KEY, BYTES);
      return {};
    },
    verdict: "unprotected",
    reasons: ["recoverable-not-immutable"],
  },
  {
    state: "an unlocked policy, and a caller who may remove it",
    arrange: (server) => {
      server.create("models", { retentionSeconds: YEAR }).write(KEY, BYTES);
      return {};
    },
    verdict: "weak",
    reasons: ["bucket-policy-unlocked", "pipeline-can-remove-retention"],
  },
  {
    state: "an unlocked policy, and a caller who may not remove it",
    arrange: (server) => {
      server.create("models", { retentionSeconds: YEAR }).write(KEY, BYTES);
      server.denied.add("storage.buckets.update");
      return {};
    },
    verdict: "weak",
    reasons: ["bucket-policy-unlocked"],
  },
  {
    state: "a locked policy, the pinned generation is live",
    arrange: (server) => {
      const bucket = server.create("models", { retentionSeconds: YEAR, locked: true });
      return { versionId: String(bucket.write(KEY, BYTES).generation) };
    },
    verdict: "protected",
    reasons: [],
  },
  {
    state: "a locked policy and versioning, another generation on top",
    arrange: (server) => {
      const bucket = server.create("models", {
        retentionSeconds: YEAR,
        locked: true,
        versioning: true,
      });
      const versionId = String(bucket.write(KEY, BYTES).generation);
      bucket.write(KEY, Buffer.from("other"));
      return { versionId };
    },
    verdict: "tampered",
    reasons: ["newer-generation-shadows-pinned"],
  },
  {
    state: "the pinned generation is deleted",
    arrange: (server) => {
      const bucket = server.create("models");
      const versionId = String(bucket.write(KEY, BYTES).generation);
      bucket.remove(KEY, null);
      return { versionId };
    },
    verdict: "tampered",
    reasons: ["generation-missing"],
  },
  {
    state: "the pinned generation is noncurrent, and none is live",
    arrange: (server) => {
      const bucket = server.create("models", {
        retentionSeconds: YEAR,
        locked: true,
        versioning: true,
      });
      const versionId = String(bucket.write(KEY, BYTES).generation);
      bucket.remove(KEY, null);
      return { versionId };
    },
    verdict: "tampered",
    reasons: ["generation-noncurrent"],
  },
  {
    state: "the pinned generation is soft-deleted",
    arrange: (server) => {
      const bucket = server.create("models", { softDeleteSeconds: 604_800 });
      const versionId = String(bucket.write(KEY, BYTES).generation);
      bucket.remove(KEY, versionId);
      return { versionId };
    },
    verdict: "tampered",
    reasons: ["generation-soft-deleted"],
  },
  {
    state: "a locked policy that ends early",
    arrange: (server) => {
      server.create("models", { retentionSeconds: 30 * 86_400, locked: true }).write(KEY, BYTES);
      return {};
    },
    verdict: "weak",
    reasons: ["retention-ends-early"],
  },
  {
    state: "locked object retention",
    arrange: (server) => retainedObject(server, "Locked"),
    verdict: "protected",
    reasons: [],
  },
  {
    state: "unlocked object retention",
    arrange: (server) => retainedObject(server, "Unlocked"),
    verdict: "weak",
    reasons: ["object-retention-unlocked"],
  },
  {
    state: "a temporary hold only",
    arrange: (server) => {
      const bucket = server.create("models");
      bucket.write(KEY, BYTES);
      bucket.update(KEY, null, { temporaryHold: true }, false);
      return {};
    },
    verdict: "weak",
    reasons: ["hold-only"],
  },
  {
    state: "an event-based hold and a locked policy",
    arrange: (server) => {
      const options = { retentionSeconds: YEAR, locked: true, defaultEventBasedHold: true };
      server.create("models", options).write(KEY, BYTES);
      return {};
    },
    verdict: "protected",
    reasons: [],
  },
  {
    state: "older than the policy's period",
    arrange: (server) => {
      server.create("models", { retentionSeconds: 60, locked: true }).write(KEY, BYTES);
      server.sleep(61_000);
      return {};
    },
    verdict: "unprotected",
    reasons: ["retention-expired"],
  },
  {
    state: "buckets.get is refused, and the object says that it is retained",
    arrange: (server) => {
      server.create("models", { retentionSeconds: YEAR, locked: true }).write(KEY, BYTES);
      server.denied.add("storage.buckets.get");
      return {};
    },
    verdict: "weak",
    reasons: ["bucket-policy-lock-unknown"],
  },
  {
    state: "buckets.get is refused, and nothing retains the object",
    arrange: (server) => {
      server.create("models").write(KEY, BYTES);
      server.denied.add("storage.buckets.get");
      return {};
    },
    verdict: "unknown",
    reasons: ["bucket-metadata-unreadable"],
  },
  {
    state: "other bytes",
    arrange: (server) => {
      server.create("models", { retentionSeconds: YEAR, locked: true }).write(KEY, BYTES);
      return { md5: "00000000000000000000000000000000" };
    },
    verdict: "tampered",
    reasons: ["etag-md5-differs"],
  },
];

function retainedObject(server: GcsServer, mode: string): Expectation {
  const bucket = server.create("models", { objectRetention: true });
  bucket.write(KEY, BYTES);
  const retainUntilTime = new Date(Date.now() + YEAR * 1000).toISOString();
  bucket.update(KEY, null, { retention: { mode, retainUntilTime } }, false);
  return {};
}

for (const { state, arrange, verdict, reasons } of GCS_SCENARIOS) {
  test(`checkStorage() of GCS: ${state}: ${verdict}`, async (t) => {
    const { checked } = await checkGcs(t, arrange);
    t.is(checked.storage, verdict);
    t.deepEqual(reasonsOf(checked), [...reasons].toSorted());
  });
}

async function checkGcs(
  t: ExecutionContext,
  arrange: (server: GcsServer) => Expectation,
): Promise<{ checked: CheckedStorage; server: GcsServer }> {
  const server = await startGcs();
  t.teardown(() => server.close());
  const expected = arrange(server);
  const store = await openStore("gs", {
    endpoint: server.endpoint,
    env: { GOOGLE_OAUTH_ACCESS_TOKEN: "token" },
  });
  const now = new Date();
  const checked = await checkStorage(store, {
    bucket: "models",
    prefix: "m",
    targets: [{ key: KEY, expected }],
    policy: { now, requiredUntil: new Date(now.getTime() + 90 * DAY) },
  });
  return { checked, server };
}
