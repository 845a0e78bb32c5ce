import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type ExecutionContext } from "ava";
import { openStore, type ObjectStore } from "../src/index.ts";

test("list() joins a key's versions across pages, and backs off when asked to", async (t) => {
  let asked = 0;
  const store = await storeOf(t, (url, response) => {
    asked += 1;
    if (asked === 1) {
      response.writeHead(503).end("<Error><Code>SlowDown</Code></Error>");
      return;
    }
    const second = url.searchParams.get("key-marker") === "b";
    response.end(
      second
        ? page(version("b", "2", false) + version("c", "3", true))
        : page(
            version("a", "0", true) + version("b", "1", true),
            "<IsTruncated>true</IsTruncated><NextKeyMarker>b</NextKeyMarker><NextVersionIdMarker>1</NextVersionIdMarker>",
          ),
    );
  });
  const listed: unknown[] = [];
  for await (const { key, versions = [] } of store.list("models", ""))
    listed.push([key, versions.map(({ versionId }) => versionId)]);
  t.deepEqual(listed, [
    ["a", ["0"]],
    ["b", ["1", "2"]],
    ["c", ["3"]],
  ]);
  t.is(asked, 3);
});

test("list() refuses a server that sends the same page for ever", async (t) => {
  const store = await storeOf(t, (_url, response) =>
    response.end(
      page(
        version("a", "0", true),
        "<IsTruncated>true</IsTruncated><NextKeyMarker>a</NextKeyMarker><NextVersionIdMarker>0</NextVersionIdMarker>",
      ),
    ),
  );
  const error = await t.throwsAsync(async () => {
    for await (const { key } of store.list("models", "")) t.is(key, "a");
  });
  t.is((error as { code?: string }).code, "service-lied");
});

test("bucket() does not take an empty answer for a lock", async (t) => {
  const store = await storeOf(t, (_url, response) => response.end(""));
  const facts = await store.bucket("models");
  t.true(facts.provider === "s3");
  if (facts.provider === "s3") t.deepEqual(facts.lock, { kind: "unsupported", how: "ignored" });
});

async function storeOf(
  t: ExecutionContext,
  answer: (url: URL, response: ServerResponse) => void,
): Promise<ObjectStore> {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/xml");
    answer(new URL(request.url ?? "/", "http://127.0.0.1"), response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  const store = await openStore("s3", { endpoint: `http://127.0.0.1:${port}`, env });
  t.teardown(() => {
    store.close();
    server.closeAllConnections();
    server.close();
  });
  return store;
}

function page(items: string, more = "<IsTruncated>false</IsTruncated>"): string {
  return `<?xml version="1.0"?><ListVersionsResult>${more}${items}</ListVersionsResult>`;
}

function version(key: string, id: string, latest: boolean): string {
  return `<Version><Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>${latest}</IsLatest><Size>1</Size></Version>`;
}
