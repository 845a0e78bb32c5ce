/** Object Lock as real servers have it: one that enforces it, one that lies, and one that half knows it. */
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type ObjectStore, openStore } from "@mlsign/objects";
import { type CheckedStorage, checkStorage, type DrillOptions } from "@mlsign/storage";
import test, { type ExecutionContext } from "ava";
import {
  type Arranged,
  Arrangement,
  BYTES,
  KEY,
  S3_SCENARIOS,
  type S3Bench,
  type S3Credentials,
  startGcsCrowd,
  startS3,
  YEAR,
} from "mlsign-test-stores";
import { radosPackages, startRadosGateway } from "../../scripts/peers/radosgw.ts";
import { startMoto, startVersity, versityProgram } from "../../scripts/peers/s3-servers.ts";

type Name = "radosgw" | "versitygw" | "moto";

interface Server extends S3Bench {
  /** Who may do to a bucket what its policy lets them. */
  readonly pipeline?: S3Credentials;
  readonly stop: () => Promise<void>;
}

const DAY = 86_400_000;
const dir = mkdtempSync(join(tmpdir(), "mlsign-stores-"));
const servers = new Map<Name, Server | { readonly reason: string }>();

test.before(async () => {
  servers.set("radosgw", await radosgw());
  servers.set("versitygw", await versitygw());
  servers.set("moto", await moto());
});

test.after.always(async () => {
  for (const server of servers.values()) if ("stop" in server) await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

async function radosgw(): Promise<Server | { readonly reason: string }> {
  const packages = await radosPackages();
  if ("reason" in packages) return packages;
  const { endpoint, admin, pipeline, stop } = await startRadosGateway(
    packages.folder,
    join(dir, "radosgw"),
  );
  const limited = async (bucket: string): Promise<S3Credentials> => {
    const arrangement = new Arrangement({ endpoint, admin, sleep }, bucket);
    await arrangement.policy(allow(bucket, READ));
    arrangement.close();
    return pipeline;
  };
  return { endpoint, admin, pipeline, limited, sleep, stop };
}

async function versitygw(): Promise<Server | { readonly reason: string }> {
  const found = await versityProgram();
  if ("reason" in found) return found;
  return { ...(await startVersity(found.program, join(dir))), sleep };
}

async function moto(): Promise<Server | { readonly reason: string }> {
  const started = await startMoto(dir);
  return "reason" in started ? started : { ...started, sleep };
}

/** The server, or why the test is skipped: in CI it fails. */
function server(t: ExecutionContext, name: Name): Server | undefined {
  const found = servers.get(name) ?? { reason: "it was not started" };
  if (!("reason" in found)) return found;
  if (process.env.CI) t.fail(found.reason);
  else t.log(`skipped: ${found.reason}`);
  t.pass();
  return undefined;
}

/** What a server's own way makes of a scenario, where it is not as Amazon documents it. */
type Differences = Readonly<
  Record<string, readonly [verdict: CheckedStorage["storage"], reasons: readonly string[]]>
>;

const DIFFERENCES: Readonly<Record<Name, Differences>> = {
  radosgw: {},
  // A bucket's default is enforced there, and shown on no version.
  versitygw: { "5b": ["unprotected", ["version-has-no-retention"]] },
  // Asked for a version's retention it sends the object: nothing is known to retain it.
  moto: {
    "5b": ["unprotected", ["version-has-no-retention"]],
    "6": ["unprotected", ["version-has-no-retention"]],
    "7": ["unprotected", ["version-has-no-retention"]],
    "8": ["unprotected", ["version-has-no-retention"]],
    "9": ["tampered", ["newer-version-shadows-pinned", "version-has-no-retention"]],
    "10": ["tampered", ["delete-marker-hides-object", "version-has-no-retention"]],
    "12": ["weak", ["legal-hold-only"]],
    "13": ["unprotected", ["version-has-no-retention"]],
    "13b": ["weak", ["legal-hold-only"]],
    "19": ["unprotected", ["unpinned-key-has-older-versions", "version-has-no-retention"]],
  },
};

/** States that a server cannot be brought into. */
const IMPOSSIBLE: Readonly<Record<Name, readonly string[]>> = {
  radosgw: [],
  versitygw: [],
  // It takes a default for an empty bucket alone.
  moto: ["5"],
};

for (const name of ["radosgw", "versitygw", "moto"] as const) {
  for (const scenario of S3_SCENARIOS) {
    if (IMPOSSIBLE[name].includes(scenario.state.split(" ")[0] ?? "")) continue;
    const [verdict, reasons] = DIFFERENCES[name][scenario.state.split(" ")[0] ?? ""] ?? [
      scenario.verdict,
      scenario.reasons,
    ];
    test(`checkStorage() of ${name}: ${scenario.state}: ${verdict}`, async (t) => {
      const bench = server(t, name);
      if (bench === undefined) return;
      const arrangement = arranging(t, bench);
      const arranged = await scenario.arrange(arrangement);
      if (scenario.verdict === "unknown" && bench.limited === undefined) {
        t.log("this server knows one caller alone");
        return t.pass();
      }
      const checked = await look(t, arrangement, arranged);
      t.deepEqual([checked.storage, reasonsOf(checked)], [verdict, [...reasons].toSorted()]);
    });
  }
}

test("checkStorage() of radosgw: 16 a multipart upload that asked for COMPLIANCE in vain", async (t) => {
  const bench = server(t, "radosgw");
  if (bench === undefined) return;
  const arrangement = arranging(t, bench);
  await arrangement.create(true);
  const versionId = await arrangement.multipart(BYTES, YEAR);
  const checked = await look(t, arrangement, { key: KEY, expected: { versionId } });
  t.deepEqual(reasonsOf(checked), ["version-has-no-retention"]);
});

for (const name of ["radosgw", "versitygw", "moto"] as const) {
  test(`checkStorage() of ${name}: 17 a bucket that is not there is the caller's mistake`, async (t) => {
    const bench = server(t, name);
    if (bench === undefined) return;
    const arrangement = arranging(t, bench);
    await t.throwsAsync(look(t, arrangement, { key: KEY, expected: {} }), {
      code: "storage-bucket-missing",
    });
  });
}

test("checkStorage() of a server that answers every question of a lock with nothing: 18", async (t) => {
  const ignorer = await startS3({ ignores: true });
  t.teardown(() => ignorer.close());
  const admin = { accessKeyId: "a", secretAccessKey: "b" };
  const arrangement = arranging(t, { endpoint: ignorer.endpoint, admin, sleep });
  await arrangement.create(true);
  const versionId = await arrangement.put(BYTES, YEAR);
  const checked = await look(t, arrangement, { key: KEY, expected: { versionId } });
  t.is(checked.storage, "unprotected");
  t.deepEqual(reasonsOf(checked), ["object-lock-api-ignored", "version-has-no-retention"]);
});

test("the drills at radosgw: everything is refused, and nothing is changed", async (t) => {
  const bench = server(t, "radosgw");
  if (bench === undefined) return;
  const arrangement = arranging(t, bench);
  await arrangement.create(true);
  await arrangement.byDefault("COMPLIANCE", 365);
  const versionId = await arrangement.put();
  const arranged = { key: KEY, expected: { versionId } };
  for (const turn of ["written", "found again", "and again"]) {
    const checked = await look(t, arrangement, arranged, {
      kinds: { shorten: true, canary: true },
    });
    t.is(checked.storage, "protected", `${turn}: ${JSON.stringify(checked.findings)}`);
    t.deepEqual(reasonsOf(checked), [], turn);
    t.true(codes(checked).includes("storage-drill-canary pass"), turn);
    const told = checked.findings.map(({ evidence }) => evidence?.reason);
    t.true(told.includes("create-only-ignored"), turn);
  }
  // On a bucket that keeps versions, this server does not know If-None-Match: one more is written.
  const store = await open(t, bench, bench.admin);
  const listed: [string, number][] = [];
  for await (const { key, versions = [] } of store.list(arrangement.bucket, "m/"))
    listed.push([key, versions.length]);
  t.deepEqual(listed, [
    ["m/.mlsign/canary", 2],
    [KEY, 1],
  ]);
});

test("the drills at radosgw: GOVERNANCE is what its owner may bypass, and a stranger may not", async (t) => {
  const bench = server(t, "radosgw");
  if (bench === undefined) return;
  const arrangement = arranging(t, bench);
  await arrangement.create(true);
  await arrangement.byDefault("GOVERNANCE", 365);
  const versionId = await arrangement.put();
  const arranged = { key: KEY, expected: { versionId } };
  const owner = await look(t, arrangement, arranged, { kinds: { shorten: true, canary: true } });
  t.deepEqual(reasonsOf(owner), [
    "canary-bypass-delete-accepted",
    "drill-bypass-accepted",
    "governance-mode-bypassable",
    "pipeline-may-bypass",
  ]);
  t.is(owner.storage, "weak");
  await arrangement.policy(allow(arrangement.bucket, [...READ, "s3:PutObjectRetention"]));
  const stranger = await look(t, arrangement, arranged, {
    kinds: { shorten: true },
    as: bench.pipeline,
  });
  t.deepEqual(reasonsOf(stranger), ["governance-mode-bypassable"]);
});

test("the drill at versitygw: it says COMPLIANCE, and takes an earlier date, which is put back", async (t) => {
  const bench = server(t, "versitygw");
  if (bench === undefined) return;
  const arrangement = arranging(t, bench);
  await arrangement.create(true);
  const arranged = { key: KEY, expected: { versionId: await arrangement.put(BYTES, YEAR) } };
  t.is((await look(t, arrangement, arranged)).storage, "protected");
  const store = await open(t, bench, bench.admin);
  const until = async (): Promise<unknown> => {
    const facts = await store.object({
      bucket: arrangement.bucket,
      ...arranged,
      ...arranged.expected,
    });
    return (
      facts.provider === "s3" && facts.retention.kind === "value" && facts.retention.value.until
    );
  };
  const before = await until();
  const checked = await look(t, arrangement, arranged, { kinds: { shorten: true } });
  t.is(checked.storage, "unprotected");
  t.deepEqual(reasonsOf(checked), ["drill-shorten-accepted"]);
  t.is(await until(), before);
});

/** A bucket's name of its own, that nobody has made yet. */
function arranging(t: ExecutionContext, bench: S3Bench): Arrangement {
  const arrangement = new Arrangement(bench, `b-${randomUUID()}`);
  t.teardown(() => arrangement.close());
  return arrangement;
}

function codes({ findings }: CheckedStorage): string[] {
  return findings.map(({ code, outcome }) => `${code} ${outcome}`);
}

// The whole number takes five minutes: MLSIGN_OBJECTS=200000 asks for it.
const MANY = Number(process.env["MLSIGN_OBJECTS"] ?? 50_000);

test(`checkStorage() holds as much of ${MANY} objects as of a tenth, and takes ten times as long`, async (t) => {
  t.timeout(1_800_000);
  const small = await crowd(MANY / 10);
  t.log(`${MANY / 10} objects: ${JSON.stringify(small)}`);
  const large = await crowd(MANY);
  t.log(`${MANY} objects: ${JSON.stringify(large)}`);
  t.is(large.protected, MANY);
  t.true(large.heldMiB <= 1.1 * small.heldMiB);
  // 1 where the time is linear; a busy machine is not even.
  const slope = large.seconds / small.seconds / 10;
  t.true(slope > 0.5 && slope < 2, `${slope}`);
});

interface Crowd {
  readonly protected: number;
  /** The most that was still held when what is garbage was collected. */
  readonly heldMiB: number;
  readonly residentMiB: number;
  readonly seconds: number;
}

/** Checks so many made-up objects in a process of its own, which measures itself. */
async function crowd(count: number): Promise<Crowd> {
  const bucket = await startGcsCrowd(count);
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--expose-gc", "--input-type=module", "-e", CLIENT, bucket.endpoint],
      { cwd: resolve(import.meta.dirname, ".."), timeout: 1_500_000 },
    );
    return JSON.parse(stdout) as Crowd;
  } finally {
    await bucket.close();
  }
}

const CLIENT = `
import { openStore } from "@mlsign/objects";
import { checkStorage } from "@mlsign/storage";
const env = { GOOGLE_OAUTH_ACCESS_TOKEN: "token" };
const store = await openStore("gs", { endpoint: process.argv[1], env });
const begun = performance.now();
let held = 0;
const measure = ({ done }) => {
  if (done % 2000 !== 0) return;
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  held = Math.max(held, heapUsed + external);
};
const { objects } = await checkStorage(store, {
  bucket: "models",
  prefix: "m/",
  policy: { now: new Date() },
  onProgress: measure,
});
console.log(JSON.stringify({
  protected: objects.protected,
  heldMiB: Math.round(held / 104857.6) / 10,
  residentMiB: Math.round(process.resourceUsage().maxRSS / 1024),
  seconds: Math.round((performance.now() - begun) / 1000),
}));
`;

const READ = ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket", "s3:ListBucketVersions"];

/** To `pipeline`, in Ceph's and Amazon's way of writing it. */
function allow(bucket: string, actions: readonly string[]): object {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: ["arn:aws:iam:::user/pipeline"] },
        Action: actions,
        Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
      },
    ],
  };
}

async function open(
  t: ExecutionContext,
  { endpoint }: S3Bench,
  { accessKeyId, secretAccessKey }: S3Credentials,
): Promise<ObjectStore> {
  const env = { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
  const store = await openStore("s3", { endpoint, env });
  t.teardown(() => store.close());
  return store;
}

/** Checks what was arranged, with 90 days required; a drill uses `as`, or the administrator. */
async function look(
  t: ExecutionContext,
  { bench, bucket }: Arrangement,
  { key, expected, reader }: Arranged,
  drill?: { readonly kinds: Partial<DrillOptions>; readonly as?: S3Credentials | undefined },
): Promise<CheckedStorage> {
  const store = await open(t, bench, reader ?? bench.admin);
  const now = new Date();
  return checkStorage(store, {
    bucket,
    prefix: "m",
    targets: [{ key, expected }],
    policy: { now, requiredUntil: new Date(now.getTime() + 90 * DAY) },
    drill: drill && {
      shorten: false,
      canary: false,
      ...drill.kinds,
      store: await open(t, bench, drill.as ?? bench.admin),
    },
  });
}

/** Codes of what stands against it, without the notes on the bucket. */
function reasonsOf({ findings }: CheckedStorage): string[] {
  const notes = ["storage-default-retention", "storage-overwrite", "storage-lifecycle"];
  return findings
    .flatMap(({ evidence, code }) =>
      typeof evidence?.reason === "string" && !notes.includes(code) ? [evidence.reason] : [],
    )
    .toSorted();
}
