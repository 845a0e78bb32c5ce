/** Real DVC pushes data, a server of other people keeps its versions, and lineage pins them. */
import { cpSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  CreateBucketCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import test from "ava";
import { isolated, run } from "../../scripts/peers.ts";
import { startMoto } from "../../scripts/peers/s3-servers.ts";
import { available, MLSIGN, NODE } from "./cells.ts";
import { repository } from "./dvc-repository.ts";

const NEEDS = { peers: ["dvc", "moto"] } as const;
const IMAGE = `registry.example/train@sha256:${"6".repeat(64)}`;

interface Recorded {
  readonly missing: readonly string[];
  readonly predicate: {
    readonly buildDefinition: {
      readonly resolvedDependencies: readonly {
        readonly downloadLocation?: string;
        readonly annotations: {
          readonly "mlsign.remote"?: { readonly objects: readonly Pinned[] };
        };
      }[];
    };
  };
}
interface Pinned {
  readonly key: string;
  readonly versionId: string;
}

test("what DVC pushed is pinned object by object, and a replaced object is told", async (t) => {
  if (!(await available(t, NEEDS))) return;
  const repo = await repository(t);
  mkdirSync(repo.path(".moto"));
  const server = await startMoto(repo.path(".moto"));
  if ("reason" in server) return t.fail(server.reason);
  t.teardown(() => server.stop());
  const { endpoint, admin } = server;
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: admin,
  });
  const Bucket = "data";
  await client.send(new CreateBucketCommand({ Bucket }));
  const VersioningConfiguration = { Status: "Enabled" } as const;
  await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));

  for (const [name, content] of [
    ["a.csv", "1"],
    ["b/c.csv", "2"],
    ["b/d.csv", "1"],
    ["ü.csv", "3"],
  ] as const)
    repo.write(`set/${name}`, content);
  mkdirSync(repo.path(".remote"));
  await repo.dvc("add", "set");
  await repo.dvc("remote", "add", "-d", "here", repo.path(".remote"));
  await repo.dvc("push");
  const put = async (Key: string, Body: Buffer): Promise<void> =>
    void (await client.send(new PutObjectCommand({ Bucket, Key, Body })));
  const pushed = readdirSync(repo.path(".remote"), { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile(),
  );
  const keys = pushed.map((entry) =>
    join(entry.parentPath, entry.name).slice(repo.path(".remote").length + 1),
  );
  for (const key of keys) await put(`dvc/${key}`, readFileSync(repo.path(`.remote/${key}`)));
  t.is(keys.length, 4, "the list, and three contents");

  repo.write("model.bin", "weights");
  repo.write(".gitignore", "/set\n/model.bin*\n/k.*\n/.remote\n/.moto\n/.sigstore\n/.cache\n");
  cpSync(repo.path(".dvc/config"), repo.path("k.config"));
  await repo.ok("git", "init", "--quiet");
  await repo.ok("git", "add", ".gitignore", "set.dvc");
  const who = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
  await repo.ok("git", who, "commit", "--quiet", "--message", "data");
  await repo.ok(NODE, MLSIGN, "keygen", "--out", "k");
  const remote = ["--remote", "s3://data/dvc", "--remote-endpoint", endpoint];
  const env = {
    AWS_ACCESS_KEY_ID: admin.accessKeyId,
    AWS_SECRET_ACCESS_KEY: admin.secretAccessKey,
  };
  const mlsign = async (...args: string[]) =>
    run(NODE, [MLSIGN, ...args], { cwd: repo.dir, env: { ...isolated(repo.dir), ...env } });
  const data = ["--data", "set.dvc", "--container", IMAGE, "--offline"];
  const signed = [...data, ...remote, "--key", "k.key", "--json"];
  const record = await mlsign("lineage", "record", "model.bin", ...signed);
  t.is(record.code, 0, record.stderr);
  const recorded = JSON.parse(record.stdout) as Recorded;
  const [dataset] = recorded.predicate.buildDefinition.resolvedDependencies.filter(
    ({ downloadLocation }) => downloadLocation !== undefined,
  );
  const pinned = dataset?.annotations["mlsign.remote"]?.objects ?? [];
  t.deepEqual(pinned.map(({ key }) => key).toSorted(), keys.map((key) => `dvc/${key}`).toSorted());
  t.regex(dataset?.downloadLocation ?? "", /^s3:\/\/data\/dvc\/files\/md5\/.*\.dir$/);

  const verify = async (): Promise<string> => {
    const { stdout } = await mlsign(
      "lineage",
      "verify",
      "model.bin",
      "--key",
      "k.pub",
      "--offline",
      ...remote,
    );
    return stdout;
  };
  t.regex(await verify(), /PASS +lineage-remote +all 4 pinned objects/);
  await put(pinned[1]?.key ?? "", Buffer.from("9"));
  t.regex(await verify(), /WARN\w* +lineage-remote +the remote has newer versions/);
});
