import { digestOf, OCI_MANIFEST } from "@mlsign/oci";
import test, { type ExecutionContext } from "ava";
import { repositoryAt, serve } from "./server.ts";

const TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
const SUBJECT = `sha256:${"a".repeat(64)}`;
const TAG = `sha256-${"a".repeat(64)}`;
const INDEX = "application/vnd.oci.image.index.v1+json";
const BODY = Buffer.from('{"schemaVersion":2}');
const REFERRER = {
  body: BODY,
  descriptor: {
    mediaType: OCI_MANIFEST,
    digest: digestOf(BODY),
    size: BODY.length,
    artifactType: TYPE,
  },
};
const entry = (letter: string, artifactType: string = TYPE) => ({
  mediaType: OCI_MANIFEST,
  digest: `sha256:${letter.repeat(64)}`,
  size: 10,
  artifactType,
});
const indexOf = (...manifests: object[]): string =>
  JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
const UNKNOWN = '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}';

test("referrers() follows pages, and filters where the registry does not", async (t) => {
  const host = await serve(t, (request, response) => {
    const url = new URL(request.url ?? "", "http://x");
    const page = Number(url.searchParams.get("page") ?? 1);
    if (page < 3)
      response.setHeader(
        "link",
        `</v2/models/demo/referrers/${SUBJECT}?page=${page + 1}>; rel="next"`,
      );
    response.end(indexOf(entry(String(page)), entry("f", "something/else"), { mediaType: 1 }));
  });
  const found = await repositoryAt(host).referrers(SUBJECT, TYPE);
  t.deepEqual(
    found.map(({ digest }) => digest.at(-1)),
    ["1", "2", "3"],
  );
  t.regex(host.seen[0]?.path ?? "", /artifactType=application%2Fvnd\.dev/);
});

const lists: [string, (page: number) => string | undefined, string][] = [
  ["without end", (page) => `?page=${page + 1}`, "limit-exceeded"],
  ["in a circle", (page) => `?page=${page === 1 ? 2 : 1}`, "service-lied"],
  ["that go on elsewhere", () => "https://evil.example/", "service-lied"],
  ["that go on in another list", () => "/v2/_catalog", "service-lied"],
];
for (const [what, next, code] of lists) {
  test(`referrers() refuses pages ${what}`, async (t) => {
    const host = await serve(t, (request, response) => {
      const url = new URL(request.url ?? "", "http://x");
      const link = next(Number(url.searchParams.get("page") ?? 1));
      response.setHeader("link", `<${link}>; rel="next"`);
      response.end(indexOf(entry("1")));
    });
    await t.throwsAsync(repositoryAt(host).referrers(SUBJECT, TYPE), { code } as object);
    t.true(host.seen.length <= 101);
  });
}

for (const [what, body] of [
  ["no JSON", "<html>"],
  ["no index", '{"manifests":1}'],
  ["more than a manifest may be", indexOf(entry("1")).padEnd(5 * 1024 * 1024)],
]) {
  test(`referrers() refuses ${what}`, async (t) => {
    const host = await serve(t, (_request, response) => response.end(body));
    const code = what?.startsWith("more") ? "service-failed" : "service-lied";
    await t.throwsAsync(repositoryAt(host).referrers(SUBJECT, TYPE), { code } as object);
  });
}

/** A registry of before referrers: manifests by tag, with `ETag`s, and another writer on request. */
async function old(t: ExecutionContext, options: { meddle?: number; subject?: boolean } = {}) {
  const tags = new Map<string, Buffer>();
  const puts: (string | undefined)[] = [];
  let meddle = options.meddle ?? 0;
  const host = await serve(t, (request, response, body) => {
    const [, name = ""] = /\/manifests\/(.+)$/.exec(request.url ?? "") ?? [];
    if (name === "") return response.writeHead(404).end("404 page not found");
    const now = tags.get(name);
    if (request.method === "GET") {
      if (now === undefined) return response.writeHead(404).end(UNKNOWN);
      return response.setHeader("etag", `"${digestOf(now)}"`).end(now);
    }
    if (name === TAG) {
      puts.push(request.headers["if-match"]);
      if (meddle > 0) {
        // Somebody else comes first.
        meddle -= 1;
        tags.set(TAG, Buffer.from(indexOf(entry(String(meddle)))));
      }
      const current = tags.get(TAG);
      const wanted = request.headers["if-match"];
      if (wanted !== undefined && current && wanted !== `"${digestOf(current)}"`)
        return response.writeHead(412).end();
      if (request.headers["if-none-match"] === "*" && current) return response.writeHead(412).end();
    }
    tags.set(name, body);
    if (options.subject === true) response.setHeader("oci-subject", SUBJECT);
    return response.writeHead(201).end();
  });
  const listed = () =>
    (
      JSON.parse(tags.get(TAG)?.toString() ?? '{"manifests":[]}') as {
        manifests: { digest: string }[];
      }
    ).manifests;
  return { host, tags, puts, listed };
}

for (const subject of [false, true]) {
  test(`putReferrer() writes the fallback tag where referrers are unknown, OCI-Subject ${subject ? "said" : "not said"}`, async (t) => {
    const { host, listed } = await old(t, { subject });
    const repository = repositoryAt(host);
    for (let times = 0; times < 2; times++) await repository.putReferrer(SUBJECT, REFERRER);
    t.deepEqual(listed(), [{ ...REFERRER.descriptor }]);
    const found = await repository.referrers(SUBJECT, TYPE);
    t.deepEqual(
      found.map(({ digest }) => digest),
      [REFERRER.descriptor.digest],
    );
    t.deepEqual(await repository.referrers(SUBJECT, "something/else"), []);
  });
}

test("putReferrer() keeps what others wrote to the fallback tag meanwhile", async (t) => {
  const { host, listed, puts, tags } = await old(t, { meddle: 2 });
  tags.set(TAG, Buffer.from(indexOf(entry("9"))));
  await repositoryAt(host).putReferrer(SUBJECT, REFERRER);
  const digests = listed().map(({ digest }) => digest);
  t.true(digests.includes(REFERRER.descriptor.digest));
  t.true(digests.includes(entry("0").digest), "the other's entry is still there");
  t.true(puts.every((condition) => condition !== undefined));
});

test("putReferrer() says so where others always win", async (t) => {
  const { host } = await old(t, { meddle: 100 });
  await t.throwsAsync(repositoryAt(host).putReferrer(SUBJECT, REFERRER), {
    code: "service-failed",
  } as object);
});

test("referrers() has none where the registry says so, and fails where it does not say", async (t) => {
  const { host } = await old(t);
  t.deepEqual(await repositoryAt(host).referrers(SUBJECT, TYPE), []);
  const web = await serve(t, (_request, response) => response.writeHead(404).end("<html>"));
  await t.throwsAsync(repositoryAt(web).referrers(SUBJECT, TYPE), {
    code: "service-failed",
  } as object);
  const down = await serve(t, (_request, response) => response.writeHead(503).end());
  await t.throwsAsync(repositoryAt(down).referrers(SUBJECT, TYPE), {
    code: "service-failed",
  } as object);
});

test("putManifest() refuses a registry that stored something else", async (t) => {
  const host = await serve(t, (_request, response) => {
    response.writeHead(201, { "docker-content-digest": SUBJECT }).end();
  });
  await t.throwsAsync(repositoryAt(host).putManifest({ mediaType: OCI_MANIFEST, body: BODY }), {
    code: "service-lied",
  } as object);
});
