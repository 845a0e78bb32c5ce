import { createHash } from "node:crypto";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer, request as forward } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, relative } from "node:path";
import test, { type ExecutionContext } from "ava";
import { startGcs, startS3 } from "mlsign-test-stores";
import { type Shell, shell } from "./shell.ts";

const COMMIT = "0123456789abcdef0123456789abcdef01234567";

interface Bucket {
  readonly endpoint: string;
  readonly env: Record<string, string>;
  readonly put: (key: string, content: Buffer) => void;
}

const stores = {
  s3: async (t: ExecutionContext): Promise<Bucket> => {
    const server = await startS3({ pageSize: 2 });
    t.teardown(() => server.close());
    const bucket = server.create("models", {});
    const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    return { endpoint: server.endpoint, env, put: (key, content) => void bucket.put(key, content) };
  },
  gs: async (t: ExecutionContext): Promise<Bucket> => {
    const server = await startGcs({ pageSize: 2 });
    t.teardown(() => server.close());
    const bucket = server.create("models", {});
    const env = { GOOGLE_OAUTH_ACCESS_TOKEN: "token" };
    return {
      endpoint: server.endpoint,
      env,
      put: (key, content) =>
        void bucket.write(key, content, { ifGenerationMatch: null, mayDelete: true }),
    };
  },
} as const;

for (const scheme of ["s3", "gs"] as const) {
  test(`mlsign verify streams a model from ${scheme}://`, async (t) => {
    const user = await signed(t);
    const { endpoint, env, put } = await stores[scheme](t);
    for (const name of filesOf(user.path("model")))
      put(`prod/m/${name}`, read(user, `model/${name}`));
    put("prod/m/", Buffer.alloc(0));
    put("prod/m2/stranger.bin", Buffer.from("x"));
    for (const name of ["model.onnx", "model.onnx.sig"]) put(`prod/${name}`, read(user, name));
    const verify = async (url: string, ...more: string[]) =>
      user.as(
        { env: { ...env, HOME: user.cwd } },
        "verify",
        url,
        "--key",
        "k.pub",
        "--storage-endpoint",
        endpoint,
        ...more,
      );
    for (const url of [
      `${scheme}://models/prod/m`,
      `${scheme}://models/prod/m/`,
      `${scheme}://models/prod/model.onnx`,
    ]) {
      const { exit, out, err } = await verify(url);
      t.is(exit, 0, out + err);
      t.notRegex(out, /bytes-read/);
    }
    const copied = await verify(`${scheme}://models/prod/m`, "--into", "copy");
    t.is(copied.exit, 0, copied.out + copied.err);
    t.deepEqual(read(user, "copy/sub/weights.bin"), read(user, "model/sub/weights.bin"));
    put("prod/m/sub/weights.bin", Buffer.alloc(5000, 8));
    put("prod/m/extra.py", Buffer.from("import os"));
    const changed = await verify(`${scheme}://models/prod/m`, "--into", "none");
    t.is(changed.exit, 1);
    t.regex(flat(changed.out), /file-changed +"sub\/weights\.bin"/);
    t.regex(flat(changed.out), /file-extra +"extra\.py"/);
    t.false(readdirSync(user.cwd).some((name) => name.startsWith("none")));
    t.is((await verify(`${scheme}://models/prod/none`)).exit, 1, "unsigned");
    put("prod/m/../up", Buffer.from("x"));
    const escaping = await verify(`${scheme}://models/prod/m`);
    t.is(escaping.exit, 1);
    t.regex(flat(escaping.out), /its name has/);
  });
}

test("mlsign verify goes on where a store's connection broke", async (t) => {
  const user = await signed(t);
  const { endpoint, env, put } = await stores.s3(t);
  const weights = Buffer.alloc(3_000_000, 7);
  writeFileSync(user.path("model/sub/weights.bin"), weights);
  await user.mlsign("sign", "model", "--key", "k.key");
  for (const name of filesOf(user.path("model"))) put(`m/${name}`, read(user, `model/${name}`));
  let cuts = 0;
  const ranges: (string | undefined)[] = [];
  const proxy = createServer((request, response) => {
    const { method, url, headers } = request;
    const { hostname, port } = new URL(endpoint);
    const passed = forward({ hostname, port, path: url, method, headers }, (got) => {
      response.writeHead(got.statusCode ?? 502, got.headers);
      if (!url?.includes("weights.bin") || cuts >= 2) return got.pipe(response);
      ranges.push(headers.range);
      cuts += 1;
      let sent = 0;
      return got.on("data", (piece: Buffer) => {
        if (sent > 900_000) return;
        sent += piece.length;
        response.write(piece, () => sent > 900_000 && setTimeout(() => response.destroy(), 20));
      });
    });
    request.pipe(passed);
  });
  await new Promise<void>((done) => proxy.listen(0, "127.0.0.1", done));
  t.teardown(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  const at = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const { exit, out, err } = await user.as(
    { env: { ...env, HOME: user.cwd } },
    "verify",
    "s3://models/m",
    "--key",
    "k.pub",
    "--storage-endpoint",
    at,
  );
  t.is(exit, 0, out + err);
  t.is(cuts, 2);
});

test("mlsign verify reads a Hugging Face snapshot through its links, and nowhere else", async (t) => {
  const user = await signed(t);
  const snapshot = cached(user);
  const verify = async () => user.mlsign("verify", relative(user.cwd, snapshot), "--key", "k.pub");
  const good = await verify();
  t.is(good.exit, 0, good.out + good.err);
  // A blob that is not what its name says, though it is what was signed, and the other way round.
  const link = join(snapshot, "notes.txt");
  const wrong = join(dirname(dirname(snapshot)), "blobs", "f".repeat(40));
  writeFileSync(wrong, "notes\n");
  rmSync(link);
  symlinkSync(`../../blobs/${"f".repeat(40)}`, link);
  const misnamed = await verify();
  t.is(misnamed.exit, 1);
  t.regex(flat(misnamed.out), /blob-name +"notes\.txt" is not what the cache calls it/);
  for (const target of [
    "/etc/passwd",
    "../../../notes",
    "../../blobs/../blobs2/x",
    "../../blobs/plain",
  ]) {
    rmSync(link, { force: true });
    symlinkSync(target, link);
    const { exit, out } = await verify();
    t.is(exit, 1, target);
    t.regex(flat(out), /does not lead into the cache's blobs/);
  }
});

test("mlsign verify refuses a changed blob of a snapshot", async (t) => {
  const user = await signed(t);
  const snapshot = cached(user);
  const blobs = join(dirname(dirname(snapshot)), "blobs");
  const [large] = readdirSync(blobs).filter((name) => name.length === 64);
  writeFileSync(join(blobs, large ?? ""), Buffer.alloc(5000, 8));
  const { exit, out } = await user.mlsign("verify", snapshot, "--key", "k.pub");
  t.is(exit, 1);
  t.regex(flat(out), /file-changed +"sub\/weights\.bin"/);
  t.regex(flat(out), /blob-name +"sub\/weights\.bin"/);
});

test("mlsign verify --pointers takes an LFS pointer for its file, and says so", async (t) => {
  const user = await signed(t);
  const weights = user.path("model/sub/weights.bin");
  const oid = createHash("sha256").update(readFileSync(weights)).digest("hex");
  const pointer = (digest: string, size: number): string =>
    `version https://git-lfs.github.com/spec/v1\noid sha256:${digest}\nsize ${size}\n`;
  writeFileSync(weights, pointer(oid, 5000));
  const verify = async (...more: string[]) =>
    user.mlsign("verify", "model", "--key", "k.pub", ...more);
  t.is((await verify()).exit, 1, "a pointer is no model unless the caller says so");
  const { exit, out, err } = await verify("--pointers");
  t.is(exit, 0, out + err);
  t.regex(
    flat(out),
    /bytes-read +from digests: the bytes of 1 of 3 files \(4\.9 KiB\) were not read/,
  );
  t.is((await verify("--pointers", "--into", "copy")).exit, 2);
  for (const text of [
    pointer("0".repeat(64), 5000),
    `${pointer(oid, 5000)}x`,
    pointer(oid, 5000).replace("\n", "\r\n"),
  ]) {
    writeFileSync(weights, text);
    t.is((await verify("--pointers")).exit, 1, text);
  }
});

test("mlsign verify --pointers does not decide by DVC's md5", async (t) => {
  const user = await signed(t);
  const weights = user.path("model/sub/weights.bin");
  const md5 = createHash("md5").update(readFileSync(weights)).digest("hex");
  rmSync(weights);
  const text = `outs:\n- md5: ${md5}\n  size: 5000\n  hash: md5\n  path: weights.bin\n`;
  writeFileSync(`${weights}.dvc`, text);
  const { exit, out, err } = await user.mlsign("verify", "model", "--key", "k.pub", "--pointers");
  t.is(exit, 3, out + err);
  t.regex(flat(out), /there is no SHA-256 of "sub\/weights\.bin"/);
  writeFileSync(user.path("model/more.bin.dvc"), text.replace("weights", "more"));
  const extra = await user.mlsign("verify", "model", "--key", "k.pub", "--pointers");
  t.is(extra.exit, 1, "a file too many is refused, whatever cannot be told");
  t.regex(flat(extra.out), /file-extra +"more\.bin"/);
});

async function signed(t: ExecutionContext): Promise<Shell> {
  const user = shell(t);
  await user.mlsign("keygen", "--out", "k");
  for (const model of ["model", "model.onnx"])
    t.is((await user.mlsign("sign", model, "--key", "k.key", "--allow-unsafe", "test")).exit, 0);
  return user;
}

/** The model as `huggingface_hub` keeps it: links into blobs, large files by SHA-256. */
function cached(user: Shell): string {
  const repository = user.path("hub/models--org--demo");
  const snapshot = join(repository, "snapshots", COMMIT);
  mkdirSync(join(repository, "blobs"), { recursive: true });
  for (const name of filesOf(user.path("model"))) {
    const data = read(user, `model/${name}`);
    const git = createHash("sha1").update(`blob ${data.length}\0`).update(data).digest("hex");
    const lfs = createHash("sha256").update(data).digest("hex");
    const blob = join(repository, "blobs", name.endsWith(".bin") ? lfs : git);
    writeFileSync(blob, data);
    mkdirSync(dirname(join(snapshot, name)), { recursive: true });
    symlinkSync(relative(dirname(join(snapshot, name)), blob), join(snapshot, name));
  }
  return snapshot;
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
    statSync(join(folder, name)).isFile(),
  );
}

/** Without the line breaks of the page. */
function flat(text: string): string {
  return text.replace(/\s+/g, " ");
}

function read(user: Shell, name: string): Buffer {
  return readFileSync(user.path(name));
}
