import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type ClientOptions, mlflowClient, runSource } from "@mlsign/mlflow";
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

function json(status: number, body: unknown): Answer {
  return (_request, response) => response.writeHead(status).end(JSON.stringify(body));
}

const RUN = {
  run: {
    info: { run_id: "r1", status: "FINISHED", artifact_uri: "mlflow-artifacts:/0/r1" },
    data: {
      tags: [
        { key: "mlflow.source.git.commit", value: "c".repeat(40) },
        { key: "mlflow.source.git.dirty", value: "True" },
        { key: 5, value: "x" },
      ],
      params: [{ key: "lr", value: "0.1" }],
    },
  },
};

test("`getRun()` reads a run, and what it says of where it ran", async (t) => {
  const paths: (string | undefined)[] = [];
  const uri = await serve(t, (request, response) => {
    paths.push(request.url);
    response.end(JSON.stringify(RUN));
  });
  const run = await mlflowClient({ uri: `${uri}/prefix/` }).getRun("r1");
  t.deepEqual(run && runSource(run), { commit: "c".repeat(40), dirty: true, image: undefined });
  t.is(run?.params.get("lr"), "0.1");
  t.deepEqual(paths, ["/prefix/api/2.0/mlflow/runs/get?run_id=r1"]);
});

test("`getRun()` logs in as it was told, and prints no secret", async (t) => {
  const seen: (string | undefined)[] = [];
  const uri = await serve(t, (request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401).end("hunter2");
  });
  const logins: ClientOptions["credentials"][] = [
    { username: "ana", password: "hunter2" },
    { token: "hunter2" },
  ];
  for (const credentials of logins) {
    const error = await t.throwsAsync(
      mlflowClient({ uri, credentials: credentials! }).getRun("r1"),
    );
    t.like(error, { code: "service-failed" });
    t.notRegex(JSON.stringify([error?.message, error]), /hunter2/);
  }
  t.deepEqual(seen, [`Basic ${Buffer.from("ana:hunter2").toString("base64")}`, "Bearer hunter2"]);
});

const answers: [what: string, answer: Answer, code: string][] = [
  ["another run", json(200, { run: { info: { run_id: "r2" } } }), "service-lied"],
  ["no run", json(200, {}), "service-lied"],
  ["a web page", (_request, response) => response.end("<html>"), "service-lied"],
  ["404 of a proxy", json(404, { message: "no such page" }), "service-failed"],
  ["500", json(500, {}), "service-failed"],
  [
    "a redirect",
    (_request, response) =>
      response.writeHead(302, { location: "https://elsewhere.example" }).end(),
    "service-failed",
  ],
  [
    "an answer without end",
    (_request, response) => {
      const more = (): void => {
        while (response.write(Buffer.alloc(1024 * 1024)));
        response.once("drain", more);
      };
      more();
    },
    "service-failed",
  ],
  ["nothing", (request) => request.socket.destroy(), "service-failed"],
];
for (const [what, answer, code] of answers) {
  test(`\`getRun()\` takes ${what} for no answer`, async (t) => {
    const uri = await serve(t, answer);
    await t.throwsAsync(mlflowClient({ uri }).getRun("r1"), { code });
  });
}

test("`getRun()` is undefined where the server says that there is no such run", async (t) => {
  const uri = await serve(t, json(404, { error_code: "RESOURCE_DOES_NOT_EXIST", message: "no" }));
  t.is(await mlflowClient({ uri }).getRun("r1"), undefined);
});

test("`mlflowClient()` asks no other kind of address, nor logs in without TLS", async (t) => {
  for (const uri of ["mlruns", "file:///mlruns", "databricks://x", "ftp://a.example"])
    t.throws(() => mlflowClient({ uri }), { code: "usage" });
  const credentials = { token: "t" };
  t.throws(() => mlflowClient({ uri: "http://mlflow.example", credentials }), { code: "usage" });
  t.notThrows(() => mlflowClient({ uri: "http://localhost:5000", credentials }));
  for (const id of ["", "../x", "a b", "x".repeat(65)])
    await t.throwsAsync(mlflowClient({ uri: "http://localhost:1" }).getRun(id), { code: "usage" });
});
