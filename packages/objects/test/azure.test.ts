import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type ExecutionContext } from "ava";
import { loadSdk } from "../src/azure/sdk.ts";
import { type ObjectStore, openStore } from "../src/index.ts";

const NAME = { bucket: "models", key: "m/a b.bin" };

test("an Azure store tells a version's policy, and which version the name means", async (t) => {
  const { store } = await storeOf(t);
  t.like(await store.bucket("models"), {
    provider: "azure",
    container: { kind: "value", value: { policy: false, legalHold: false, versionLevel: true } },
  });
  const facts = await store.object({ ...NAME, versionId: "v1" });
  t.like(facts, {
    provider: "azure",
    head: {
      kind: "value",
      value: {
        versionId: "v1",
        size: 3,
        md5: undefined,
        noncurrent: true,
        retention: { mode: "locked", until: "2100-01-01T00:00:00.000Z" },
        legalHold: true,
      },
    },
  });
  if (facts.provider === "azure" && facts.versions.kind === "value")
    t.deepEqual(
      facts.versions.value.map(({ versionId, isLatest }) => [versionId, isLatest]),
      [
        ["v2", true],
        ["v1", false],
      ],
    );
  else t.fail();
});

test("an Azure store lists names with their versions, and reads bounded", async (t) => {
  const { store } = await storeOf(t);
  const listed: [string, number][] = [];
  for await (const { key, versions = [] } of store.list("models", "m/"))
    listed.push([key, versions.length]);
  t.deepEqual(listed, [
    ["m/a b.bin", 2],
    ["m/c.bin", 1],
  ]);
  t.is(Buffer.from(await store.read(NAME, 3)).toString(), "abc");
  await t.throwsAsync(store.read(NAME, 2), { code: "limit-exceeded" });
});

test("an Azure store knows what is not there, and what it may not see, and tries nothing", async (t) => {
  const { store, asked } = await storeOf(t);
  t.is((await store.object({ bucket: "models", key: "gone" })).head.kind, "none");
  t.deepEqual((await store.object({ bucket: "models", key: "secret" })).head, {
    kind: "denied",
    status: 403,
  });
  await t.throwsAsync(store.bucket("nowhere"), { code: "storage-bucket-missing" });
  const until = new Date();
  const tried = [
    store.retain(NAME, until, { mode: "Locked", bypass: false }),
    store.removeVersion(NAME, { bypass: false }),
    store.create(NAME, Buffer.from("x")),
  ];
  for (const attempt of tried) await t.throwsAsync(attempt, { code: "usage" });
  t.true(asked.every((it) => /^(?:GET|HEAD) /.test(it)));
});

test("an Azure store puts no signature into what it says", async (t) => {
  const { store } = await storeOf(t, { AZURE_STORAGE_SAS_TOKEN: "sv=1&sig=s3cr3t" });
  t.false(store.endpoint.includes("s3cr3t"));
  const error = await t.throwsAsync(async () => {
    for await (const { key } of store.list("nowhere", "")) t.fail(key);
  });
  t.false(`${error?.message} ${String(error?.cause)}`.includes("s3cr3t"));
});

test("openStore() of Azure wants an account", async (t) => {
  await t.throwsAsync(openStore("azure", { env: {} }), { code: "usage" });
});

test("loadSdk() gives the package that is described", async (t) => {
  const { AnonymousCredential, BlobServiceClient } = await import("@azure/storage-blob");
  const loaded: object = await loadSdk();
  t.like(loaded, { AnonymousCredential, BlobServiceClient });
});

test("an Azure store says which optional package it wants", async (t) => {
  const error = await t.throwsAsync(loadSdk("@azure/not-installed"), {
    code: "storage-sdk-missing",
  });
  t.is((error as unknown as { hint?: string }).hint, "npm install @azure/not-installed@12");
});

async function storeOf(
  t: ExecutionContext,
  env: Record<string, string> = {},
): Promise<{ readonly store: ObjectStore; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    asked.push(`${request.method} ${url.pathname}`);
    response.setHeader("x-ms-request-id", `request-${asked.length}`);
    answer(url, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}/account`;
  return { store: await openStore("azure", { endpoint, env }), asked };
}

function answer({ pathname, searchParams: query }: URL, response: ServerResponse): void {
  const headers = (all: Record<string, string>): void => {
    for (const [name, value] of Object.entries(all)) response.setHeader(name, value);
  };
  const path = decodeURIComponent(pathname);
  const error = (status: number, code: string): void => {
    response.setHeader("x-ms-error-code", code);
    response.writeHead(status).end();
  };
  if (!path.startsWith("/account/models")) return error(404, "ContainerNotFound");
  if (query.get("comp") === "list") {
    response.setHeader("content-type", "application/xml");
    response.end(
      `<?xml version="1.0"?><EnumerationResults ServiceEndpoint="http://x/" ContainerName="models"><Blobs>${[
        blob("m/a b.bin", "v1", false),
        blob("m/a b.bin", "v2", true),
        blob("m/c.bin", "v3", true),
      ]
        .filter((it) => it.includes(`<Name>${query.get("prefix") ?? ""}`))
        .join("")}</Blobs><NextMarker /></EnumerationResults>`,
    );
  } else if (query.get("restype") === "container") {
    headers({
      "x-ms-has-immutability-policy": "false",
      "x-ms-has-legal-hold": "false",
      "x-ms-immutable-storage-with-versioning-enabled": "true",
    });
    response.end();
  } else if (path.endsWith("/m/a b.bin")) {
    const version = query.get("versionid") ?? "v2";
    headers({
      "x-ms-version-id": version,
      "x-ms-is-current-version": String(version === "v2"),
      "x-ms-immutability-policy-mode": "locked",
      "x-ms-immutability-policy-until-date": "Fri, 01 Jan 2100 00:00:00 GMT",
      "x-ms-legal-hold": "true",
      "content-length": "3",
      etag: '"0x1"',
    });
    response.end("abc");
  } else if (path.endsWith("/secret")) error(403, "AuthorizationPermissionMismatch");
  else error(404, "BlobNotFound");
}

function blob(name: string, version: string, current: boolean): string {
  const is = current ? "<IsCurrentVersion>true</IsCurrentVersion>" : "";
  return `<Blob><Name>${name}</Name><VersionId>${version}</VersionId>${is}<Properties><Content-Length>3</Content-Length><Etag>0x1</Etag></Properties></Blob>`;
}
