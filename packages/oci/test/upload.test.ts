import { randomBytes } from "node:crypto";
import { digestOf } from "@mlsign/oci";
import test, { type ExecutionContext } from "ava";
import { type Host, repositoryAt, serve, wantsLogin } from "./server.ts";

const DATA = randomBytes(1_000_000);
const BLOB = {
  digest: digestOf(DATA),
  size: DATA.length,
  read: async (start: number, length: number) => DATA.subarray(start, start + length),
};
const PIECES = { pieceBytes: 300_000 };

interface Faults {
  /** Breaks the connection of this PATCH (counted from 1), once what was sent is kept. */
  readonly cutPatch?: number;
  /** Forgets all that was sent at this PATCH. */
  readonly forgetAt?: number;
  readonly location?: (path: string) => string;
  readonly storedDigest?: string;
  readonly login?: boolean;
}

/** A registry that takes blobs as the distribution specification has it, with faults on request. */
async function taking(t: ExecutionContext, faults: Faults = {}) {
  const blobs = new Map<string, Buffer>();
  let upload = Buffer.alloc(0);
  let patches = 0;
  let session = 0;
  const host: Host = await serve(t, (request, response, body) => {
    const { method = "", url = "" } = request;
    if (faults.login === true && wantsLogin(request, response)) return undefined;
    const place = `/v2/models/demo/blobs/uploads/${session}?_state=a%2Bb`;
    const location = faults.location?.(place) ?? place;
    const state = { location, range: `0-${Math.max(upload.length - 1, 0)}` };
    const digest =
      new URL(url, "http://x").searchParams.get("digest") ?? url.split("/").at(-1) ?? "";
    if (method === "HEAD") return response.writeHead(blobs.has(digest) ? 200 : 404).end();
    if (method === "POST") {
      session += 1;
      upload = Buffer.alloc(0);
      const fresh = `/v2/models/demo/blobs/uploads/${session}?_state=a%2Bb`;
      return response
        .writeHead(202, { location: faults.location?.(fresh) ?? fresh, range: "0-0" })
        .end();
    }
    if (!url.includes(`/uploads/${session}?_state=a%2Bb`)) return response.writeHead(404).end();
    if (method === "GET") return response.writeHead(204, state).end();
    if (method === "PATCH") {
      patches += 1;
      if (patches === faults.forgetAt) {
        session += 1;
        return response.destroy();
      }
      const start = Number((request.headers["content-range"] ?? "").split("-")[0]);
      if (start !== upload.length) return response.writeHead(416, state).end();
      upload = Buffer.concat([
        upload,
        body.subarray(0, patches === faults.cutPatch ? 1234 : undefined),
      ]);
      if (patches === faults.cutPatch) return response.destroy();
      return response.writeHead(202, { location, range: `0-${upload.length - 1}` }).end();
    }
    const all = Buffer.concat([upload, body]);
    if (digestOf(all) !== digest) return response.writeHead(400).end();
    blobs.set(digest, all);
    return response
      .writeHead(201, { "docker-content-digest": faults.storedDigest ?? digest })
      .end();
  });
  return { host, blobs };
}

test("putBlob() sends a blob at once or in pieces, and never again", async (t) => {
  for (const options of [{}, PIECES]) {
    const { host, blobs } = await taking(t, { login: true });
    let bytes = 0;
    const how = { ...options, onBytes: (count: number) => (bytes += count) };
    t.is(await repositoryAt(host).putBlob(BLOB, how), "sent");
    t.deepEqual(blobs.get(BLOB.digest), DATA);
    t.is(bytes, DATA.length);
    const sent = host.seen.filter(({ method }) => method === "PATCH").length;
    t.is(sent, "pieceBytes" in options ? 4 : 0);
    t.is(await repositoryAt(host).putBlob(BLOB, how), "present");
    t.is(host.seen.filter(({ method }) => method === "POST").length, 1);
  }
});

test("putBlob() goes on at the byte that the registry has", async (t) => {
  const { host, blobs } = await taking(t, { cutPatch: 2 });
  let read = 0;
  const counting = {
    ...BLOB,
    read: async (start: number, length: number) => {
      read += length;
      return BLOB.read(start, length);
    },
  };
  t.is(await repositoryAt(host).putBlob(counting, PIECES), "sent");
  t.deepEqual(blobs.get(BLOB.digest), DATA);
  t.is(host.seen.filter(({ method }) => method === "POST").length, 1);
  t.is(read, DATA.length + 300_000 - 1234, "only what was lost is read again");
});

test("putBlob() begins again where the registry forgot all", async (t) => {
  const { host, blobs } = await taking(t, { forgetAt: 3 });
  t.is(await repositoryAt(host).putBlob(BLOB, PIECES), "sent");
  t.deepEqual(blobs.get(BLOB.digest), DATA);
  t.is(host.seen.filter(({ method }) => method === "POST").length, 2);
});

test("putBlob() shows the login to no other host that it is sent to", async (t) => {
  const storage = await taking(t);
  const { host } = await taking(t, {
    login: true,
    location: (path) => `http://${storage.host.host}${path}`,
  });
  // The storage has no such upload: what counts is what it saw.
  await t.throwsAsync(repositoryAt(host).putBlob(BLOB), { code: "service-failed" } as object);
  t.true(storage.host.seen.length > 0);
  t.true(storage.host.seen.every(({ authorization }) => authorization === undefined));
});

test("putBlob() sends nothing to plain http elsewhere", async (t) => {
  const { host } = await taking(t, { location: (path) => `http://storage.example${path}` });
  await t.throwsAsync(repositoryAt(host).putBlob(BLOB), { code: "service-failed" } as object);
  t.deepEqual(
    host.seen.map(({ method }) => method),
    ["HEAD", "POST"],
  );
});

test("putBlob() refuses a registry that stored something else", async (t) => {
  const { host } = await taking(t, { storedDigest: `sha256:${"0".repeat(64)}` });
  await t.throwsAsync(repositoryAt(host).putBlob(BLOB), { code: "service-lied" } as object);
});

test("putBlob() refuses a registry that claims to have more than was sent", async (t) => {
  const host = await serve(t, (request, response) => {
    if (request.method === "HEAD") return response.writeHead(404).end();
    const location = "/v2/models/demo/blobs/uploads/1";
    return response.writeHead(202, { location, range: "0-999998" }).end();
  });
  await t.throwsAsync(repositoryAt(host).putBlob(BLOB, PIECES), { code: "service-lied" } as object);
});

test("putBlob() ends where a login is refused midway", async (t) => {
  const host = await serve(t, (request, response) => {
    if (request.method === "HEAD") response.writeHead(404).end();
    else response.writeHead(401, { "www-authenticate": 'Basic realm="models"' }).end();
  });
  const error = await t.throwsAsync(repositoryAt(host).putBlob(BLOB), {
    code: "service-failed",
  } as object);
  t.notRegex(`${error.message} ${String(error.cause)}`, /hunter2/);
});
