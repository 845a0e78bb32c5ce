import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type ExecutionContext } from "ava";
import { startGcs, startS3 } from "mlsign-test-stores";
import { type Shell, shell } from "./shell.ts";

const hasGit = (() => {
  try {
    execFileSync("git", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();
const withGit = hasGit ? test : test.skip;
const IMAGE = `registry.example/train@sha256:${"a".repeat(64)}`;
const RECORD = ["--data", "data.csv.dvc", "--container", IMAGE, "--key", "k.key"];

async function repository(
  t: ExecutionContext,
): Promise<Shell & { git: (...args: string[]) => void }> {
  const user = shell(t);
  const env = { PATH: process.env["PATH"] ?? "", HOME: user.cwd, GIT_CONFIG_NOSYSTEM: "1" };
  const git = (...args: string[]): void => {
    const who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
    execFileSync("git", [...who, ...args], { cwd: user.cwd, env, stdio: "pipe" });
  };
  await user.mlsign("keygen", "--out", "k");
  git("init", "-q", "-b", "main");
  git("remote", "add", "origin", "https://git.example/org/repo.git");
  writeFileSync(user.path(".gitignore"), "/data.csv\n/k.*\n/model*\n/eval.json\n");
  track(user, "a,b\n1,2\n");
  git("add", ".gitignore", "data.csv.dvc");
  git("commit", "-q", "-m", "data");
  return { ...user, git };
}

function track(user: Shell, content: string): void {
  writeFileSync(user.path("data.csv"), content);
  const md5 = createHash("md5").update(content).digest("hex");
  writeFileSync(user.path("data.csv.dvc"), `outs:\n- md5: ${md5}\n  hash: md5\n  path: data.csv\n`);
}

withGit("mlsign lineage record and verify agree, and say what nobody could look at", async (t) => {
  const user = await repository(t);
  const record = ["lineage", "record", "model.onnx", ...RECORD, "--json"];
  const recorded = await user.mlsign(...record, "--offline");
  t.is(recorded.exit, 0, recorded.err);
  t.deepEqual((JSON.parse(recorded.out) as { missing: unknown }).missing, []);
  const asked = JSON.parse((await user.mlsign(...record)).out) as { missing: unknown };
  t.deepEqual(asked.missing, ["the registry of the container could not be asked"]);
  const done = await user.mlsign("lineage", "verify", "model.onnx", "--key", "k.pub", "--offline");
  t.is(done.exit, 3, done.out);
  t.regex(done.out, /UNKNOWN +lineage-container/);
  t.regex(done.out, /PASS +lineage-data +"data\.csv" hashed again/);
});

withGit(
  "mlsign lineage verify refuses changed data, another key, two stories and none",
  async (t) => {
    const user = await repository(t);
    const verify = ["lineage", "verify", "model.onnx", "--offline", "--key"];
    t.is((await user.mlsign(...verify, "k.pub")).exit, 1);
    await user.mlsign("lineage", "record", "model.onnx", ...RECORD);
    writeFileSync(user.path("data.csv"), "poisoned");
    t.regex((await user.mlsign(...verify, "k.pub")).out, /FAIL +lineage-data/);
    await user.mlsign("keygen", "--out", "k.other");
    t.is((await user.mlsign(...verify, "k.other.pub")).exit, 1);
    track(user, "a,b\n1,2\n");
    await user.mlsign("lineage", "record", "model.onnx", ...RECORD.slice(0, 2), "--key", "k.key");
    t.regex((await user.mlsign(...verify, "k.pub")).out, /2 different lineages/);
  },
);

withGit("mlsign lineage record names what is missing and records it all the same", async (t) => {
  const user = await repository(t);
  writeFileSync(user.path("train.py"), "x");
  const done = await user.mlsign("lineage", "record", "model.onnx", "--key", "k.key");
  t.is(done.exit, 0);
  for (const what of ["the work tree", "no data", "no container"])
    t.true(done.err.includes(`missing: ${what}`), what);
  const verified = await user.mlsign(
    "lineage",
    "verify",
    "model.onnx",
    "--key",
    "k.pub",
    "--offline",
  );
  t.is(verified.exit, 1);
  t.regex(verified.out, /trained from a work tree of no\s+commit/);
});

withGit("mlsign lineage record --mlflow-run names the run, and what it contradicts", async (t) => {
  const user = await repository(t);
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    const tags = [{ key: "mlflow.source.git.commit", value: "b".repeat(40) }];
    response.end(JSON.stringify({ run: { info: { run_id: "r1" }, data: { tags } } }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  t.teardown(() => server.close());
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const record = ["lineage", "record", "model.onnx", ...RECORD, "--offline", "--mlflow-run"];
  const env = { HOME: user.cwd, MLFLOW_TRACKING_URI: uri, MLFLOW_TRACKING_TOKEN: "s3cr3t" };
  const { exit, out, err } = await user.as({ env }, ...record, "r1", "--json");
  t.is(exit, 0, err);
  t.deepEqual(asked, ["/api/2.0/mlflow/runs/get?run_id=r1 Bearer s3cr3t"]);
  t.regex(err, /missing: run r1 logged another commit/);
  const { predicate } = JSON.parse(out) as {
    predicate: { buildDefinition: { internalParameters: { mlflow: unknown } } };
  };
  t.deepEqual(predicate.buildDefinition.internalParameters.mlflow, {
    run_id: "r1",
    commit: "b".repeat(40),
  });
  t.false(`${out}${err}`.includes("s3cr3t"));
  t.is((await user.mlsign(...record, "r1")).exit, 2, "no server was named");
  t.is((await user.as({ env }, ...record, "r2")).exit, 3, "the server answered for another run");
});

/** A bucket that keeps versions, and what a caller needs to read it. */
interface VersionedBucket {
  readonly endpoint: string;
  readonly env: Readonly<Record<string, string>>;
  /** Writes a version, and says which. */
  readonly put: (key: string, content: string) => string;
  readonly remove: (key: string) => void;
}

const BUCKETS: Readonly<Record<"s3" | "gs", (t: ExecutionContext) => Promise<VersionedBucket>>> = {
  s3: async (t) => {
    const server = await startS3();
    t.teardown(() => server.close());
    const bucket = server.create("data", { versioning: "Enabled" });
    return {
      endpoint: server.endpoint,
      env: { AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "s3cr3t" },
      put: (key, content) => bucket.put(key, content).versionId,
      remove: (key) => {
        for (let it = bucket.find(key); it !== undefined; it = bucket.find(key))
          bucket.remove(key, it.versionId);
      },
    };
  },
  gs: async (t) => {
    const server = await startGcs();
    t.teardown(() => server.close());
    const bucket = server.create("data", { versioning: true });
    return {
      endpoint: server.endpoint,
      env: { GOOGLE_OAUTH_ACCESS_TOKEN: "s3cr3t" },
      put: (key, content) => String(bucket.write(key, Buffer.from(content)).generation),
      remove: (key) => {
        for (const it of bucket.generations.filter(({ name }) => name === key))
          bucket.remove(key, String(it.generation));
      },
    };
  },
};

for (const scheme of ["s3", "gs"] as const) {
  withGit(
    `mlsign lineage pins the ${scheme}:// remote's objects, and looks at them again`,
    async (t) => {
      const user = await repository(t);
      const bucket = await BUCKETS[scheme](t);
      const content = "a,b\n1,2\n";
      const md5 = createHash("md5").update(content).digest("hex");
      const key = `dvc/files/md5/${md5.slice(0, 2)}/${md5.slice(2)}`;
      const first = bucket.put(key, content);
      mkdirSync(user.path(".dvc"));
      const url = `${scheme}://data/dvc`;
      const config = `[core]\n    remote = store\n['remote "store"']\n    url = ${url}\n`;
      writeFileSync(user.path(".dvc/config"), config);
      user.git("add", ".dvc/config");
      user.git("commit", "-q", "-m", "remote");
      const env = { HOME: user.cwd, ...bucket.env };
      const at = ["--remote-endpoint", bucket.endpoint];
      const record = ["lineage", "record", "model.onnx", ...RECORD, "--offline"];
      const verify = ["lineage", "verify", "model.onnx", "--key", "k.pub", "--offline", "--json"];
      const found = async (...args: string[]) => {
        const { out } = await user.as({ env }, ...verify, ...args);
        const { findings } = JSON.parse(out) as { findings: { code: string; outcome: string }[] };
        return findings.flatMap((it) => (it.code === "lineage-remote" ? [it.outcome] : []));
      };
      t.is((await user.as({ env }, ...record)).exit, 0);
      t.deepEqual(await found("--remote", "store", ...at), [], "nothing was pinned");
      const recorded = await user.as({ env }, ...record, "--remote", "store", ...at, "--json");
      t.is(recorded.exit, 0, recorded.err);
      t.deepEqual((JSON.parse(recorded.out) as { missing: unknown }).missing, []);
      t.regex(recorded.out, new RegExp(`"mlsign\\.versionId":\\s*"${first}"`));
      t.false(`${recorded.out}${recorded.err}`.includes("s3cr3t"));
      t.deepEqual(await found("--remote", "store", ...at), ["pass"]);
      t.deepEqual(await found(), ["unknown"]);
      t.deepEqual(await found("--remote", `${url}/`, ...at), ["pass"]);
      const other = await found("--remote", `${scheme}://data/other`, ...at);
      t.deepEqual(other, ["unknown"], "another remote says nothing of this one");
      bucket.put(key, "a,b\n6,6\n");
      const shadowed = await found("--remote", "store", ...at);
      t.deepEqual(shadowed, ["fail"], "dvc pull would fetch other bytes");
      bucket.remove(key);
      t.deepEqual(await found("--remote", "store", ...at), ["fail"]);
    },
  );
}

withGit("mlsign lineage --remote asks no server that the repository names", async (t) => {
  const user = await repository(t);
  mkdirSync(user.path(".dvc"));
  const url = "    url = s3://data/dvc\n    endpointurl = https://evil.example\n";
  writeFileSync(user.path(".dvc/config"), `['remote "store"']\n${url}`);
  const record = ["lineage", "record", "model.onnx", ...RECORD, "--offline"];
  const uncommitted = await user.mlsign(...record, "--remote", "store");
  t.is(uncommitted.exit, 2);
  t.regex(uncommitted.err, /no \.dvc\/config is committed/);
  user.git("add", ".dvc/config");
  user.git("commit", "-q", "-m", "remote");
  const redirected = await user.mlsign(...record, "--remote", "store");
  t.is(redirected.exit, 2);
  t.regex(redirected.err, /names a server of its own[\s\S]*--remote-endpoint https:\/\/evil/);
  t.regex((await user.mlsign(...record, "--remote", "other")).err, /the commit has store/);
  t.is((await user.mlsign(...record, "--remote-endpoint", "https://s3.registry.example")).exit, 2);
  const variable = { HOME: user.cwd, AWS_ENDPOINT_URL: "https://evil.example" };
  const sent = await user.as({ env: variable }, ...record, "--remote", "s3://data/dvc");
  t.is(sent.exit, 2);
  t.regex(sent.err, /AWS_ENDPOINT_URL may name another server/);
});

for (const command of ["record", "verify", "log"]) {
  withGit(`mlsign lineage ${command} --help fits the page, and its examples work`, async (t) => {
    const user = await repository(t);
    const { out } = await user.mlsign("lineage", command, "--help");
    t.true(out.split("\n").every((line) => line.length <= 100));
    await user.mlsign("keygen", "--out", "demo");
    user.git("add", ".gitignore");
    writeFileSync(user.path(".gitignore"), "/data.csv\n/k.*\n/demo.*\n/model*\n/eval.json\n");
    user.git("commit", "-q", "-a", "-m", "keys");
    await user.mlsign(
      "lineage",
      "record",
      "model.onnx",
      ...RECORD.slice(0, 4),
      "--key",
      "demo.key",
    );
    const examples = [...out.matchAll(/^ {2}\$ mlsign (.+)$/gm)].map((match) => match[1] ?? "");
    t.true(examples.length > 0);
    for (const example of examples) {
      const { exit, out: told } = await user.mlsign(
        ...example.replace("IMAGE@DIGEST", IMAGE).split(" "),
      );
      // No registry has the example's image, which nobody could look at.
      t.is(exit, command === "verify" ? 3 : 0, told);
      t.false(told.includes("FAIL"), told);
    }
  });
}

withGit(
  "mlsign lineage log --audit-log names who pushed and who uploaded, and what is odd",
  async (t) => {
    const user = await repository(t);
    const after = execFileSync("git", ["rev-parse", "HEAD"], {
      cwd: user.cwd,
      encoding: "utf8",
    }).trim();
    const md5 = createHash("md5").update("a,b\n1,2\n").digest("hex");
    const activity = {
      activity_type: "push",
      actor: { login: "ana-gh" },
      timestamp: new Date(),
      after,
    };
    const written = (id: string) => ({
      eventSource: "s3.amazonaws.com",
      eventName: "PutObject",
      eventTime: new Date(),
      userIdentity: { arn: "arn:aws:iam::1:user/eve" },
      requestParameters: {
        bucketName: "b",
        key: `dvc/files/md5/${md5.slice(0, 2)}/${md5.slice(2)}`,
      },
      responseElements: { "x-amz-version-id": id },
    });
    writeFileSync(user.path("activity.json"), JSON.stringify([activity]));
    writeFileSync(
      user.path("trail.json"),
      JSON.stringify({ Records: [written("1"), written("2")] }),
    );
    const logs = ["--audit-log", "activity.json", "--audit-log", "trail.json"];
    const { exit, out, err } = await user.mlsign("lineage", "log", ...logs);
    t.is(exit, 0, err);
    for (const word of ["ana-gh", "aws:iam", "versions of one"])
      t.true(out.replaceAll(/\s+/g, " ").includes(word), out);
    t.true(out.split("\n").every((line) => line.length <= 80));
    t.regex(err, /activity\.json: 1 of 1 entries/);
    const { changes } = JSON.parse(
      (await user.mlsign("lineage", "log", ...logs, "--json")).out,
    ) as {
      changes: { audit: { push: { actor: string }; objects: unknown[]; oddities: string[] } }[];
    };
    t.is(changes[0]?.audit.push.actor, "ana-gh");
    t.is(changes[0]?.audit.objects.length, 2);

    // A new branch tells of its last commit alone: who pushed what leads to it, nobody said.
    track(user, "v2");
    user.git("commit", "-q", "-a", "-m", "v2");
    const tip = execFileSync("git", ["rev-parse", "HEAD"], {
      cwd: user.cwd,
      encoding: "utf8",
    }).trim();
    writeFileSync(user.path("activity.json"), JSON.stringify([{ ...activity, after: tip }]));
    const later = JSON.parse((await user.mlsign("lineage", "log", ...logs, "--json")).out) as {
      changes: { commit: string; audit: { push: unknown } }[];
    };
    t.deepEqual(
      later.changes.map(({ commit, audit }) => [commit === tip, audit.push !== null]),
      [
        [true, true],
        [false, false],
      ],
    );
    writeFileSync(user.path("trail.json"), "{");
    t.is((await user.mlsign("lineage", "log", ...logs)).exit, 2);
    t.is((await user.mlsign("lineage", "log", "--audit-log", "none.json")).exit, 2);
  },
);

withGit("mlsign lineage log prints each version of the data with its commit", async (t) => {
  const user = await repository(t);
  track(user, "v2");
  user.git("commit", "-q", "-a", "-m", "v2");
  const { out, exit } = await user.mlsign("lineage", "log");
  t.is(exit, 0);
  t.is(out.match(/data\.csv/g)?.length, 2);
  t.true(out.split("\n").every((line) => line.length <= 80));
  const { changes } = JSON.parse(
    (await user.mlsign("lineage", "log", "data.csv.dvc", "--json")).out,
  ) as {
    changes: { after: string; signature: string }[];
  };
  t.is(changes[0]?.after, createHash("md5").update("v2").digest("hex"));
  t.is(changes[0]?.signature, "none");
  t.regex(readFileSync(user.path("data.csv.dvc"), "utf8"), /md5/);
});
