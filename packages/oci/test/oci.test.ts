import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fetchManifest, isPinned, parseReference } from "@mlsign/oci";
import test, { type ExecutionContext } from "ava";

const HEX = "a".repeat(64);
const references: [string, object][] = [
  ["python", { registry: "docker.io", repository: "library/python", tag: undefined }],
  ["python:3.12", { repository: "library/python", tag: "3.12" }],
  ["org/app:v1", { registry: "docker.io", repository: "org/app", tag: "v1" }],
  ["ghcr.io/org/app", { registry: "ghcr.io", repository: "org/app" }],
  ["localhost:5000/app:x", { registry: "localhost:5000", repository: "app", tag: "x" }],
  [`ghcr.io/o/a:v1@sha256:${HEX}`, { repository: "o/a", tag: "v1", digest: `sha256:${HEX}` }],
];
for (const [text, wanted] of references) {
  test(`parseReference() reads ${text.slice(0, 40)}`, (t) => {
    const reference = parseReference(text);
    t.like(reference, wanted);
    t.is(isPinned(reference), text.includes("@"));
  });
}
for (const text of [
  "",
  "UPPER/x",
  "a//b",
  "a/../b",
  "-a",
  `a@sha256:${"A".repeat(64)}`,
  "a@sha256:123",
  `a@md5:${"a".repeat(32)}`,
  `a@sha256:${HEX}@sha256:${HEX}`,
  "a:b:c",
  "a b",
  "https://x/y",
  `x/${"a".repeat(300)}`,
]) {
  test(`parseReference() refuses ${JSON.stringify(text.slice(0, 40))}`, (t) => {
    t.throws(() => parseReference(text), { code: "reference-invalid" } as object);
  });
}

async function registry(
  t: ExecutionContext,
  answer: (request: IncomingMessage, response: ServerResponse, origin: string) => void,
) {
  const seen: { path: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    seen.push({ path: request.url ?? "", authorization: request.headers.authorization });
    answer(request, response, `http://${request.headers.host}`);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { host: `127.0.0.1:${port}`, seen, options: { insecure: () => true } };
}

const digestOf = (body: Buffer): string =>
  `sha256:${createHash("sha256").update(body).digest("hex")}`;
const BODY = Buffer.from('{"schemaVersion":2,"manifests":[]}');
const DIGEST = digestOf(BODY);
const UNKNOWN = '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}';

test("fetchManifest() believes a manifest by its bytes", async (t) => {
  const { host, options } = await registry(t, (_request, response) => response.end(BODY));
  const info = await fetchManifest(parseReference(`${host}/a@${DIGEST}`), options);
  t.is(info?.digest, DIGEST);
  await t.throwsAsync(fetchManifest(parseReference(`${host}/a@sha256:${HEX}`), options), {
    code: "service-lied",
  } as object);
});

test("fetchManifest() tells absent from failed", async (t) => {
  const { host, options } = await registry(t, (request, response) => {
    const gone = request.url?.includes("/gone/");
    response.statusCode = gone || request.url?.includes("/web/") ? 404 : 500;
    response.end(gone ? UNKNOWN : "<html>not found</html>");
  });
  t.is(await fetchManifest(parseReference(`${host}/gone@${DIGEST}`), options), undefined);
  for (const name of ["a", "web"]) {
    await t.throwsAsync(
      fetchManifest(parseReference(`${host}/${name}@${DIGEST}`), options),
      { code: "service-failed" } as object,
      name,
    );
  }
  await t.throwsAsync(fetchManifest(parseReference(`${host}/a:latest`), options), {
    code: "reference-invalid",
  } as object);
});

test("fetchManifest() follows no redirect, and sends a password to no stranger", async (t) => {
  const elsewhere = await registry(t, (_request, response) => response.end('{"token":"t"}'));
  const redirecting = await registry(t, (_request, response) => {
    response.writeHead(307, { location: `http://${elsewhere.host}/x` });
    response.end();
  });
  const credentials = async () => ({
    kind: "password" as const,
    username: "me",
    password: "hunter2",
  });
  await t.throwsAsync(
    fetchManifest(parseReference(`${redirecting.host}/a@${DIGEST}`), {
      ...redirecting.options,
      credentials,
    }),
    { code: "service-failed" } as object,
  );
  t.is(elsewhere.seen.length, 0);
  const challenging = await registry(t, (_request, response) => {
    response.writeHead(401, {
      "www-authenticate": `Bearer realm="http://${elsewhere.host}/token",service="x"`,
    });
    response.end();
  });
  await t.throwsAsync(
    fetchManifest(parseReference(`${challenging.host}/a@${DIGEST}`), {
      ...challenging.options,
      credentials,
    }),
    { code: "service-failed" } as object,
  );
  t.is(elsewhere.seen.length, 0, "not even asked: it speaks plain http");
});

const impostors: [string, string][] = [
  ["an image's configuration", '{"architecture":"amd64","rootfs":{"type":"layers"}}'],
  ["JSON that is cut off", '{"schemaVersion":2,"manifests":['],
  ["a manifest without layers", '{"schemaVersion":2,"config":{}}'],
  ["a list of anything", '{"schemaVersion":2,"manifests":[1]}'],
  ["a schema 1 manifest", '{"schemaVersion":1,"manifests":[]}'],
];
for (const [what, text] of impostors) {
  test(`fetchManifest() takes ${what} for no image, though its digest is right`, async (t) => {
    const { host, options } = await registry(t, (_request, response) => response.end(text));
    const reference = parseReference(`${host}/a@${digestOf(Buffer.from(text))}`);
    await t.throwsAsync(fetchManifest(reference, options), { code: "service-lied" } as object);
  });
}

test("fetchManifest() reads an answer up to its limit", async (t) => {
  const { host, options } = await registry(t, (_request, response) => {
    response.end(Buffer.alloc(5 * 1024 * 1024));
  });
  await t.throwsAsync(fetchManifest(parseReference(`${host}/a@${DIGEST}`), options), {
    code: "service-failed",
    message: /more than/,
  } as object);
});

test("fetchManifest() does the token dance with its own registry", async (t) => {
  const { host, options, seen } = await registry(t, (request, response, origin) => {
    if (request.url?.startsWith("/token")) return response.end('{"token":"abc"}');
    if (request.headers.authorization === "Bearer abc") return response.end(BODY);
    response.writeHead(401, {
      "www-authenticate": `Bearer realm="${origin}/token",service="s",scope="repository:a:pull"`,
    });
    return response.end();
  });
  const credentials = async () => ({ kind: "password" as const, username: "me", password: "pw" });
  t.truthy(await fetchManifest(parseReference(`${host}/a@${DIGEST}`), { ...options, credentials }));
  t.regex(seen[1]?.path ?? "", /scope=repository%3Aa%3Apull/);
  t.regex(seen[1]?.authorization ?? "", /^Basic /);
});

for (const [kind, header] of [
  ["none", ""],
  ["an unknown", 'Negotiate realm="x"'],
  ["a damaged", 'Bearer realm="x", realm="y"'],
] as const) {
  test(`fetchManifest() shows a password to no registry that offers ${kind} challenge`, async (t) => {
    const { host, options, seen } = await registry(t, (_request, response) => {
      response.writeHead(401, header === "" ? {} : { "www-authenticate": header });
      response.end();
    });
    const credentials = async () => ({ kind: "password" as const, username: "me", password: "pw" });
    const reference = parseReference(`${host}/a@${DIGEST}`);
    await t.throwsAsync(fetchManifest(reference, { ...options, credentials }), {
      code: "service-failed",
    } as object);
    t.deepEqual(
      seen.map(({ authorization }) => authorization),
      [undefined],
    );
  });
}

test("fetchManifest() exchanges an identity token, and shows a registry token as it is", async (t) => {
  let form = "";
  const { host, options, seen } = await registry(t, (request, response, origin) => {
    if (request.url === "/token") {
      request.on("data", (chunk: Buffer) => (form += chunk.toString()));
      return request.on("end", () => response.end('{"access_token":"abc"}'));
    }
    if (request.headers.authorization?.startsWith("Bearer ")) return response.end(BODY);
    response.writeHead(401, {
      "www-authenticate": `Bearer realm="${origin}/token",service="s",scope="repository:a:pull"`,
    });
    return response.end();
  });
  const reference = parseReference(`${host}/a@${DIGEST}`);
  const identity = async () => ({ kind: "identity-token" as const, token: "long-lived" });
  t.truthy(await fetchManifest(reference, { ...options, credentials: identity }));
  t.is(new URLSearchParams(form).get("refresh_token"), "long-lived");
  t.is(seen[2]?.authorization, "Bearer abc");
  const shown = async () => ({ kind: "registry-token" as const, token: "ready" });
  t.truthy(await fetchManifest(reference, { ...options, credentials: shown }));
  t.is(seen.at(-1)?.authorization, "Bearer ready");
});

test("fetchManifest() quotes no token of a service's, however malformed", async (t) => {
  const { host, options } = await registry(t, (request, response, origin) => {
    if (request.url?.startsWith("/token")) return response.end('{"token":"sesame\\nopen"}');
    response.writeHead(401, { "www-authenticate": `Bearer realm="${origin}/token"` });
    return response.end();
  });
  const error = await t.throwsAsync(fetchManifest(parseReference(`${host}/a@${DIGEST}`), options), {
    code: "service-failed",
  } as object);
  t.notRegex(`${error.message} ${String(error.cause)}`, /sesame/);
});
