import { randomBytes } from "node:crypto";
import { digestOf } from "@mlsign/oci";
import test from "ava";
import { bytesOf, repositoryAt, serve, wantsLogin } from "./server.ts";

const DATA = randomBytes(3 * 1024 * 1024);
const BLOB = { digest: digestOf(DATA), size: DATA.length };

test("blob() gives the bytes that a digest names", async (t) => {
  const host = await serve(t, (_request, response) => response.end(DATA));
  t.deepEqual(await bytesOf(repositoryAt(host).blob(BLOB)), DATA);
  const empty = { digest: digestOf(Buffer.alloc(0)), size: 0 };
  const none = await serve(t, (_request, response) => response.end());
  t.is((await bytesOf(repositoryAt(none).blob(empty))).length, 0);
});

const lies: [string, Buffer][] = [
  ["other bytes", Buffer.from(DATA).fill(1, 5, 6)],
  ["fewer bytes", DATA.subarray(1)],
  ["more bytes", Buffer.concat([DATA, DATA])],
];
for (const [what, body] of lies) {
  for (const told of [true, false]) {
    test(`blob() refuses ${what}, their number ${told ? "told" : "not told"}`, async (t) => {
      const host = await serve(t, (_request, response) => {
        if (told) response.setHeader("content-length", body.length);
        else response.setHeader("transfer-encoding", "chunked");
        response.end(body);
      });
      let got = 0;
      const error = await t.throwsAsync(async () => {
        for await (const piece of repositoryAt(host).blob(BLOB)) got += piece.length;
      });
      // A body that ends too soon looks like a connection that broke.
      const code = what === "fewer bytes" && !told ? "service-failed" : "service-lied";
      t.is((error as unknown as { code: string }).code, code);
      t.true(got < DATA.length, "never all of it");
    });
  }
}

for (const ranges of [true, false]) {
  test(`blob() goes on where a connection broke, ranges ${ranges ? "known" : "unknown"}`, async (t) => {
    let cut = 0;
    const host = await serve(t, (request, response) => {
      const start = ranges
        ? Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0)
        : 0;
      const rest = DATA.subarray(start);
      response.writeHead(start > 0 ? 206 : 200, {
        "content-length": rest.length,
        ...(start > 0 && { "content-range": `bytes ${start}-${DATA.length - 1}/${DATA.length}` }),
      });
      cut += 1;
      if (cut > 3) return response.end(rest);
      return response.write(rest.subarray(0, 700_000 * (ranges ? 1 : cut)), () =>
        setTimeout(() => response.destroy(), 20),
      );
    });
    t.deepEqual(await bytesOf(repositoryAt(host).blob(BLOB)), DATA);
    t.true(host.seen.length >= 4);
    t.is(host.seen[0]?.range, undefined);
    t.regex(host.seen.at(-1)?.range ?? "", /^bytes=[1-9]\d*-$/);
  });
}

test("blob() refuses a range that was not asked for, and gives up on what never ends", async (t) => {
  const odd = await serve(t, (request, response) => {
    if (request.headers.range === undefined) {
      response.writeHead(200, { "content-length": DATA.length });
      return response.write(DATA.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
    }
    response.writeHead(206, { "content-range": `bytes 5-${DATA.length - 1}/${DATA.length}` });
    return response.end(DATA.subarray(5));
  });
  await t.throwsAsync(bytesOf(repositoryAt(odd).blob(BLOB)), { code: "service-lied" } as object);
  const broken = await serve(t, (_request, response) => response.destroy());
  await t.throwsAsync(bytesOf(repositoryAt(broken).blob(BLOB)), {
    code: "service-failed",
  } as object);
  t.is(broken.seen.length, 6);
});

test("blob() follows a redirect to other storage without the login", async (t) => {
  const storage = await serve(t, (_request, response) => response.end(DATA));
  const host = await serve(t, (request, response) => {
    if (wantsLogin(request, response)) return;
    response.writeHead(307, { location: `http://${storage.host}/signed?x=1` }).end();
  });
  t.deepEqual(await bytesOf(repositoryAt(host).blob(BLOB)), DATA);
  t.is(host.seen.at(-1)?.authorization?.startsWith("Basic "), true);
  t.deepEqual(storage.seen, [
    { method: "GET", path: "/signed?x=1", authorization: undefined, range: undefined },
  ]);
});

test("blob() answers no challenge of other storage, nor takes the login back from there", async (t) => {
  let back = "";
  const storage = await serve(t, (request, response) => {
    if (request.url === "/back") response.writeHead(307, { location: back }).end();
    else response.writeHead(401, { "www-authenticate": 'Basic realm="models"' }).end();
  });
  const host = await serve(t, (request, response) => {
    if (request.url?.includes("/other/")) return response.end(DATA);
    if (wantsLogin(request, response)) return undefined;
    const to = request.url?.includes(BLOB.digest) ? "/challenge" : "/back";
    return response.writeHead(307, { location: `http://${storage.host}${to}` }).end();
  });
  back = `http://${host.host}/v2/other/secret/blobs/x`;
  const repository = repositoryAt(host);
  await t.throwsAsync(bytesOf(repository.blob(BLOB)), { code: "service-failed" } as object);
  const returning = { digest: `sha256:${"0".repeat(64)}`, size: DATA.length };
  await t.throwsAsync(bytesOf(repository.blob(returning)), { code: "service-lied" } as object);
  t.true(storage.seen.every(({ authorization }) => authorization === undefined));
  const asked = host.seen.filter(({ path }) => path.includes("/other/"));
  t.deepEqual(
    asked.map(({ authorization }) => authorization),
    [undefined],
  );
});

const places: [string, string][] = [
  ["plain http elsewhere", "http://storage.example/x"],
  ["a file", "file:///etc/passwd"],
  ["an address with a password", "https://a:b@storage.example/"],
  ["nothing", ""],
  ["itself for ever", "/v2/models/demo/blobs/again"],
];
for (const [what, location] of places) {
  test(`blob() does not follow a redirect to ${what}`, async (t) => {
    const host = await serve(t, (_request, response) => {
      response.writeHead(307, location === "" ? {} : { location }).end();
    });
    await t.throwsAsync(bytesOf(repositoryAt(host).blob(BLOB)), {
      code: "service-failed",
    } as object);
    t.true(host.seen.length <= 6);
  });
}

test("blob() refuses an encoded answer, and readBlob() what is too large", async (t) => {
  const host = await serve(t, (_request, response) => {
    response.writeHead(200, { "content-encoding": "gzip" }).end(DATA);
  });
  await t.throwsAsync(bytesOf(repositoryAt(host).blob(BLOB)), { code: "service-lied" } as object);
  await t.throwsAsync(repositoryAt(host).readBlob(BLOB, 1024), {
    code: "limit-exceeded",
  } as object);
  t.is(host.seen.length, 1);
});
