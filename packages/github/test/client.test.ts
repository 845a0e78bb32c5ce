import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { githubClient } from "@mlsign/github";
import test, { type ExecutionContext } from "ava";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(t: ExecutionContext, answer: Answer): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const json =
  (status: number, body: unknown): Answer =>
  (_request, response) =>
    response.writeHead(status).end(JSON.stringify(body));

const RUN = {
  id: 42,
  head_sha: "c".repeat(40),
  actor: { login: "ana" },
  triggering_actor: { login: "li" },
  repository: { full_name: "org/repo" },
};
const REVIEWS = [
  {
    state: "approved",
    comment: "ship it",
    environments: [{ id: 1, name: "production" }],
    user: { login: "max", id: 7 },
  },
];

test("`githubClient()` reads a run and its reviews, in the published form", async (t) => {
  const seen: (readonly [string | undefined, string | undefined])[] = [];
  const api = await serve(t, (request, response) => {
    seen.push([request.url, request.headers.authorization]);
    response.end(JSON.stringify(request.url?.endsWith("/approvals") ? REVIEWS : RUN));
  });
  const github = githubClient({ api: `${api}/api/v3/`, token: "hunter2" });
  t.deepEqual(await github.getRun("org/repo", "42"), {
    id: "42",
    repository: "org/repo",
    commit: "c".repeat(40),
    startedBy: ["ana", "li"],
  });
  t.deepEqual(await github.getReviews("org/repo", "42"), [
    { state: "approved", reviewer: "max", environments: ["production"] },
  ]);
  t.deepEqual(seen, [
    ["/api/v3/repos/org/repo/actions/runs/42", "Bearer hunter2"],
    ["/api/v3/repos/org/repo/actions/runs/42/approvals", "Bearer hunter2"],
  ]);
});

test("`githubClient()` takes no answer about something else, and none that it cannot read", async (t) => {
  for (const body of [
    { ...RUN, id: 43 },
    { ...RUN, repository: { full_name: "org/other" } },
    { ...RUN, head_sha: "main" },
    { ...RUN, actor: null, triggering_actor: {} },
    [],
  ]) {
    const github = githubClient({ api: await serve(t, json(200, body)), token: "hunter2" });
    await t.throwsAsync(github.getRun("org/repo", "42"), { code: "service-lied" });
  }
  for (const body of [
    {},
    [{ ...REVIEWS[0], state: "pending" }],
    [REVIEWS[0], { ...REVIEWS[0], user: null }],
    [{ ...REVIEWS[0], environments: [{}] }],
  ]) {
    const github = githubClient({ api: await serve(t, json(200, body)), token: "hunter2" });
    await t.throwsAsync(github.getReviews("org/repo", "42"), { code: "service-lied" });
  }
});

test("`githubClient()` tells what is not there from what failed, and prints no token", async (t) => {
  const missing = githubClient({
    api: await serve(t, json(404, { message: "Not Found" })),
    token: "hunter2",
  });
  t.is(await missing.getReviews("org/repo", "42"), undefined);
  for (const [status, body] of [
    [404, { message: "hunter2" }],
    [401, { message: "Bad credentials hunter2" }],
    [500, {}],
  ] as const) {
    const github = githubClient({ api: await serve(t, json(status, body)), token: "hunter2" });
    const error = await t.throwsAsync(github.getRun("org/repo", "42"), { code: "service-failed" });
    t.false(`${error.message}${String(error.cause)}`.includes("hunter2"));
  }
});

test("`githubClient()` sends its token nowhere else", async (t) => {
  let asked = 0;
  const other = await serve(t, (_request, response) => {
    asked++;
    response.end(JSON.stringify(RUN));
  });
  const api = await serve(t, (_request, response) =>
    response.writeHead(302, { location: other }).end(),
  );
  const error = githubClient({ api, token: "hunter2" }).getRun("org/repo", "42");
  await t.throwsAsync(error, { code: "service-failed" });
  t.is(asked, 0);
  for (const address of [
    "http://github.example",
    "ftp://127.0.0.1",
    "x",
    "https://u:p@github.example",
  ])
    t.throws(() => githubClient({ api: address, token: "hunter2" }), { code: "usage" });
  const github = githubClient({ api: other, token: "hunter2" });
  for (const [repository, id] of [
    ["org/repo/../../x", "42"],
    ["org/..", "42"],
    ["org", "42"],
    ["org/repo", "42/../43"],
  ] as const)
    await t.throwsAsync(github.getRun(repository, id), { code: "usage" });
  t.is(asked, 0);
});

test("`githubClient()` reads no endless answer", async (t) => {
  const api = await serve(t, (_request, response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write("x".repeat(65_536)));
      if (!response.destroyed) response.once("drain", more);
    };
    more();
  });
  await t.throwsAsync(githubClient({ api, token: "hunter2" }).getRun("org/repo", "42"), {
    code: "service-failed",
  });
});
