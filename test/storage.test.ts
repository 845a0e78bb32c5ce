import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import test, { type ExecutionContext } from "ava";
import { type Shell, shell } from "./shell.ts";

const MODE = "COMPLIANCE";
const UNTIL = "2100-01-01T00:00:00.000Z";

/** How a bucket behaves: honest, lying (it takes an earlier date), unlocked, or closed to the caller. */
type Manner = "honest" | "lying" | "unlocked" | "denied";

interface Store {
  readonly endpoint: string;
  /** Retention dates that were put, in order. */
  readonly put: string[];
  readonly methods: Set<string>;
}

/** A server with one object, as much of S3 as a check and its drill ask for. */
async function serve(t: ExecutionContext, manner: Manner): Promise<Store> {
  const put: string[] = [];
  const methods = new Set<string>();
  let until = UNTIL;
  const answer = (request: IncomingMessage, body: string, response: ServerResponse): void => {
    const { searchParams: query, pathname } = new URL(request.url ?? "/", "http://x");
    methods.add(request.method ?? "");
    const error = (status: number, code: string): void => {
      response.writeHead(status).end(`<Error><Code>${code}</Code></Error>`);
    };
    if (manner === "denied") return error(403, "AccessDenied");
    if (query.has("object-lock")) {
      if (manner === "unlocked") return error(404, "ObjectLockConfigurationNotFoundError");
      const lock = "<ObjectLockEnabled>Enabled</ObjectLockEnabled>";
      response.end(`<ObjectLockConfiguration>${lock}</ObjectLockConfiguration>`);
    } else if (query.has("versioning")) {
      const status = manner === "unlocked" ? "" : "<Status>Enabled</Status>";
      response.end(`<VersioningConfiguration>${status}</VersioningConfiguration>`);
    } else if (query.has("lifecycle")) error(404, "NoSuchLifecycleConfiguration");
    else if (query.has("retention") && request.method === "PUT") {
      const wanted = /<RetainUntilDate>([^<]+)</.exec(body)?.[1] ?? "";
      put.push(wanted);
      if (manner === "honest" && new Date(wanted) < new Date(until)) error(403, "AccessDenied");
      else {
        until = wanted;
        response.end();
      }
    } else if (query.has("retention")) {
      if (manner === "unlocked") return error(404, "NoSuchObjectLockConfiguration");
      const retained = `<Mode>${MODE}</Mode><RetainUntilDate>${until}</RetainUntilDate>`;
      response.end(`<Retention>${retained}</Retention>`);
    } else if (query.has("legal-hold")) error(404, "NoSuchObjectLockConfiguration");
    else if (query.has("versions")) {
      const version =
        "<Key>m/a.bin</Key><VersionId>v1</VersionId><IsLatest>true</IsLatest><Size>3</Size>";
      response.end(
        `<ListVersionsResult><IsTruncated>false</IsTruncated><Version>${version}</Version></ListVersionsResult>`,
      );
    } else if (request.method === "HEAD" && pathname.endsWith("/m/a.bin")) {
      response.setHeader("x-amz-version-id", "v1");
      response.setHeader("content-length", "3");
      response.setHeader("etag", '"900150983cd24fb0d6963f7d28e17f72"');
      response.end();
    } else error(404, "NoSuchKey");
  };
  const server = createServer((request, response) => {
    response.setHeader("content-type", "application/xml");
    let body = "";
    request.on("data", (chunk) => (body += String(chunk)));
    request.on("end", () => answer(request, body, response));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, put, methods };
}

function check(user: Shell, { endpoint }: Store, ...args: string[]) {
  const env = { HOME: user.cwd, AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "s3cr3t" };
  return user.as({ env }, "storage", "check", "s3://models/m", "--endpoint", endpoint, ...args);
}

test("mlsign storage check accepts what is locked long enough, and refuses what is not", async (t) => {
  const user = shell(t);
  const store = await serve(t, "honest");
  const good = await check(user, store, "--retain-until", "2099-01-01");
  t.is(good.exit, 0, good.out + good.err);
  t.is((await check(user, store, "--retain-until", "2101-01-01")).exit, 1);
  t.deepEqual([...store.methods].toSorted(), ["GET", "HEAD"], "a check changes nothing");
  const bare = await check(user, await serve(t, "unlocked"));
  t.is(bare.exit, 1, bare.out);
  t.true(bare.out.split("\n").every((line) => line.length <= 80));
});

test("mlsign storage check --drill believes a refusal, and no word of the server", async (t) => {
  const user = shell(t);
  const honest = await serve(t, "honest");
  const done = await check(user, honest, "--drill");
  t.is(done.exit, 0, done.out);
  t.true(honest.put.length > 0, "it was asked to let go");
  t.true(honest.put.every((date) => Math.abs(Date.parse(date) - Date.parse(UNTIL)) <= 1000));

  const lying = await serve(t, "lying");
  t.is((await check(user, lying)).exit, 0, "its words are as good as the honest one's");
  const caught = await check(user, lying, "--drill");
  t.is(caught.exit, 1, caught.out);
  t.regex(caught.out, /storage-drill-shorten/);
  t.is(Date.parse(lying.put.at(-1) ?? ""), Date.parse(UNTIL), "the date is put back");
});

test("mlsign storage check knows what it could not see, and prints no secret", async (t) => {
  const user = shell(t);
  const denied = await check(user, await serve(t, "denied"));
  t.is(denied.exit, 3, denied.out + denied.err);
  t.false(`${denied.out}${denied.err}`.includes("s3cr3t"));
  const gone = { ...(await serve(t, "honest")), endpoint: "http://127.0.0.1:1" };
  t.is((await check(user, gone)).exit, 3);
});

test("mlsign storage check refuses variables that name another server, and other stores", async (t) => {
  const user = shell(t);
  const env = {
    HOME: user.cwd,
    AWS_REGION: "eu-west-1",
    AWS_ENDPOINT_URL_S3: "http://evil.example",
  };
  const done = await user.as({ env }, "storage", "check", "s3://models/m");
  t.is(done.exit, 2);
  t.regex(done.err, /AWS_ENDPOINT_URL_S3/);
  for (const url of ["azure://models/m", "models", "s3://u:p@models/m"])
    t.is((await user.mlsign("storage", "check", url)).exit, 2, url);
  for (const flags of [
    ["--retain-until", "soon"],
    ["--min-retention", "1y"],
  ])
    t.is((await user.mlsign("storage", "check", "s3://models/m", ...flags)).exit, 2);
});
