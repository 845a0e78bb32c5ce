import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Client, mlflowClient } from "@mlsign/mlflow";
import test, { type ExecutionContext } from "ava";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function ask(t: ExecutionContext, answer: Answer, timeoutMs = 2_000): Promise<Client> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const uri = `http://127.0.0.1:${(server.address() as AddressInfo).port}/prefix`;
  return mlflowClient({ uri, timeoutMs });
}

function json(body: unknown): Answer {
  return (_request, response) => response.end(JSON.stringify(body));
}

async function textOf(bytes: AsyncIterable<Uint8Array> | undefined): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes ?? []) pieces.push(piece);
  return Buffer.concat(pieces).toString();
}

const aliases: [what: string, list: unknown, expected: [string, string][] | undefined][] = [
  ["none", undefined, []],
  ["a version as a text", [{ alias: "champion", version: "3" }], [["champion", "3"]]],
  ["a version as a number", [{ alias: "champion", version: 3 }], [["champion", "3"]]],
  ["a version that is no number", [{ alias: "champion", version: "3; x" }], undefined],
  ["a version below zero", [{ alias: "champion", version: -3 }], undefined],
  ["an alias without a name", [{ version: "3" }], undefined],
  ["no list", "champion", undefined],
];
for (const [what, list, expected] of aliases) {
  test(`\`getAliases()\` of ${what}`, async (t) => {
    const client = await ask(t, json({ registered_model: { name: "iris", aliases: list } }));
    const found = client.getAliases("iris");
    if (expected === undefined) await t.throwsAsync(found, { code: "service-lied" });
    else t.deepEqual([...((await found) ?? [])], expected);
  });
}

test("`getAliases()` and its like believe no answer about another model", async (t) => {
  const client = await ask(
    t,
    json({
      registered_model: { name: "rose", aliases: [] },
      model_version: { name: "rose", version: "1" },
      model: { info: { model_id: "m-2" } },
    }),
  );
  for (const found of [
    client.getAliases("iris"),
    client.getModelVersion("iris", "1"),
    client.getModelVersion("rose", "2"),
    client.getLoggedModel("m-1"),
    client.getDownloadUri("iris", "1"),
  ])
    await t.throwsAsync(found, { code: "service-lied" });
});

test("the client asks for what is an id or a number alone, and encodes names", async (t) => {
  const paths: (string | undefined)[] = [];
  const client = await ask(t, ({ url }, response) => {
    paths.push(url);
    response.end(JSON.stringify({ model_version: { name: "a&version=9", version: "1" } }));
  });
  await client.getModelVersion("a&version=9", "1");
  t.deepEqual(paths, ["/prefix/api/2.0/mlflow/model-versions/get?name=a%26version%3D9&version=1"]);
  for (const asked of [
    client.getLoggedModel("../x"),
    client.getModelVersion("a", "1/2"),
    client.setAlias("a", "b", "x"),
    client.setRunTag("r 1", { key: "k", value: "v" }),
  ])
    await t.throwsAsync(asked, { code: "usage" });
  for (const path of ["../x", "a//b", "/a", "a/./b", ""])
    await t.throwsAsync(client.artifacts.read(path, 1), { code: "name-invalid" }, path);
  t.is(paths.length, 1);
});

test("what MLflow would cut short or refuse is not sent", async (t) => {
  const client = await ask(t, () => t.fail());
  const long = { key: "k", value: "é".repeat(2501) };
  await t.throwsAsync(client.setVersionTag("a", "1", long), { code: "limit-exceeded" });
  const data = { name: "d", sourceType: "dvc", source: "{}", context: "training" };
  const inputs = client.logInputs("r1", [{ ...data, digest: "x".repeat(37) }]);
  await t.throwsAsync(inputs, { code: "limit-exceeded" });
});

test("a change of what is no longer there is an error", async (t) => {
  const client = await ask(t, (_request, response) =>
    response.writeHead(404).end(JSON.stringify({ error_code: "RESOURCE_DOES_NOT_EXIST" })),
  );
  await t.throwsAsync(client.setAlias("a", "b", "1"), { code: "service-failed" });
  await t.throwsAsync(client.artifacts.write("a", Buffer.from("x")), { code: "service-failed" });
  t.is(await client.artifacts.read("a", 1), undefined);
});

test("`artifacts` lists, reads and writes, with every name encoded", async (t) => {
  const asked: string[] = [];
  const client = await ask(t, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.method === "PUT") return void response.end();
    if (request.url?.includes("?path="))
      return json({
        files: [
          { path: "a b", is_dir: false, file_size: "3" },
          { path: "d", is_dir: true },
        ],
      })(request, response);
    response.end("abc");
  });
  t.deepEqual(await client.artifacts.list("1/m&x"), [
    { name: "a b", directory: false, size: 3 },
    { name: "d", directory: true, size: 0 },
  ]);
  t.is(await textOf(await client.artifacts.read("1/a b", 3)), "abc");
  await client.artifacts.write("1/é#", Buffer.from("x"));
  const base = "/prefix/api/2.0/mlflow-artifacts/artifacts";
  t.deepEqual(asked, [
    `GET ${base}?path=1%2Fm%26x`,
    `GET ${base}/1/a%20b`,
    `PUT ${base}/1/%C3%A9%23`,
  ]);
});

test("`artifacts.read()` ends where nothing more comes", async (t) => {
  const client = await ask(
    t,
    (_request, response) => void response.writeHead(200).write("ab"),
    300,
  );
  const bytes = client.artifacts.read("a", 3).then(textOf);
  await t.throwsAsync(bytes, { code: "service-failed" });
});
