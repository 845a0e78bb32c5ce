import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, relative } from "node:path";
import { dockerCredentials } from "@mlsign/oci";
import test, { type ExecutionContext } from "ava";

const basic = (text: string): string => Buffer.from(text).toString("base64");
const HUB = "https://index.docker.io/v1/";

function docker(t: ExecutionContext, config: unknown) {
  const home = mkdtempSync(join(tmpdir(), "mlsign-docker-"));
  t.teardown(() => rmSync(home, { recursive: true, force: true }));
  mkdirSync(join(home, ".docker"));
  const file = join(home, ".docker/config.json");
  if (config !== undefined)
    writeFileSync(file, typeof config === "string" ? config : JSON.stringify(config));
  const bin = join(home, "bin");
  mkdirSync(bin);
  const helper = (name: string, script: string): void =>
    writeFileSync(join(bin, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, {
      mode: 0o755,
    });
  const env = { HOME: home, PATH: [bin, process.env["PATH"]].join(delimiter) };
  const ask = (registry: string, more: Record<string, string> = {}, timeoutMs = 10_000) =>
    dockerCredentials({ env: { ...env, ...more }, timeoutMs })(registry);
  return { home, bin, helper, ask };
}

const entries: [string, object, string, object | undefined][] = [
  [
    "user and password",
    { auths: { "registry.example": { auth: basic("me:pass:word") } } },
    "registry.example",
    { kind: "password", username: "me", password: "pass:word" },
  ],
  [
    "an address as key",
    { auths: { "https://registry.example/v1/": { auth: basic("me:pw") } } },
    "registry.example",
    { kind: "password", username: "me", password: "pw" },
  ],
  [
    "Docker Hub by its old name",
    { auths: { [HUB]: { auth: basic("me:pw") } } },
    "docker.io",
    { kind: "password", username: "me", password: "pw" },
  ],
  [
    "an identity token before a password",
    { auths: { "registry.example": { auth: basic("me:pw"), identitytoken: "it" } } },
    "registry.example",
    { kind: "identity-token", token: "it" },
  ],
  [
    "a registry token",
    { auths: { "registry.example": { registrytoken: "rt" } } },
    "registry.example",
    { kind: "registry-token", token: "rt" },
  ],
  [
    "no entry of another host's",
    { auths: { "registry.example.org": { auth: basic("me:pw") } } },
    "registry.example",
    undefined,
  ],
  [
    "no entry of another port's",
    { auths: { "registry.example:5000": { auth: basic("me:pw") } } },
    "registry.example",
    undefined,
  ],
  ["an empty entry as none", { auths: { "registry.example": {} } }, "registry.example", undefined],
  ["a file without entries", {}, "registry.example", undefined],
];
for (const [what, config, registry, wanted] of entries) {
  test(`dockerCredentials() reads ${what}`, async (t) => {
    t.deepEqual((await docker(t, config).ask(registry)) as object | undefined, wanted);
  });
}

test("dockerCredentials() finds the file by DOCKER_CONFIG, else HOME, and by no relative path", async (t) => {
  const { home, ask } = docker(t, { auths: { "a.example": { auth: basic("me:home") } } });
  mkdirSync(join(home, "other"));
  writeFileSync(
    join(home, "other/config.json"),
    JSON.stringify({ auths: { "a.example": { auth: basic("me:other") } } }),
  );
  t.like(await ask("a.example"), { password: "home" });
  t.like(await ask("a.example", { DOCKER_CONFIG: join(home, "other") }), { password: "other" });
  t.is(await ask("a.example", { DOCKER_CONFIG: "other" }), undefined);
  t.is(await ask("a.example", { DOCKER_CONFIG: join(home, "nothing") }), undefined);
  t.is(await ask("a.example", { HOME: "" }), undefined);
});

const damaged: [string, unknown][] = [
  ["text that is no JSON", "hunter2"],
  ["the same key twice", '{"auths":{},"auths":{"a.example":{"auth":"aHVudGVyMg=="}}}'],
  ["a list", ["hunter2"]],
  ["an auth without a colon", { auths: { "a.example": { auth: basic("hunter2") } } }],
  ["an auth that is no base64", { auths: { "a.example": { auth: "hunter2!:x" } } }],
  ["a token over two lines", { auths: { "a.example": { identitytoken: "hunter2\nx" } } }],
  ["a helper that is no text", { credHelpers: { "a.example": { hunter2: 1 } } }],
  ["a helper in another folder", { credHelpers: { "a.example": "../hunter2" } }],
  ["a helper with arguments", { credsStore: "pass hunter2" }],
];
for (const [what, config] of damaged) {
  test(`dockerCredentials() refuses ${what}, and quotes no secret`, async (t) => {
    const { ask } = docker(t, config);
    const error = await t.throwsAsync(ask("a.example"), { code: "config-invalid" } as object);
    if (!what.startsWith("a helper")) t.notRegex(error.message, /hunter2|aHVudGVyMg/);
  });
}

test("dockerCredentials() asks the registry's helper before the store, and either before the file", async (t) => {
  const { ask, helper, home } = docker(t, {
    credHelpers: { "own.example": "own" },
    credsStore: "all",
    auths: { "own.example": { auth: basic("file:file") } },
  });
  const say = (user: string): string =>
    `cat > ${home}/asked; echo '{"ServerURL":"x","Username":"${user}","Secret":"pw"}'`;
  helper("own", say("own"));
  helper("all", say("all"));
  t.like(await ask("own.example"), { username: "own" });
  t.is(readFileSync(join(home, "asked"), "utf8"), "own.example");
  t.like(await ask("docker.io"), { username: "all" });
  t.is(readFileSync(join(home, "asked"), "utf8"), HUB);
});

test("dockerCredentials() takes a helper's token, and its word that there is nothing", async (t) => {
  const { ask, helper } = docker(t, { credHelpers: { "a.example": "a", "b.example": "b" } });
  helper("a", `echo '{"Username":"<token>","Secret":"it"}'`);
  helper("b", "echo 'credentials not found in native keychain'; exit 1");
  t.deepEqual((await ask("a.example")) as object, { kind: "identity-token", token: "it" });
  t.is(await ask("b.example"), undefined);
});

const failing: [string, string | undefined][] = [
  ["is not installed", undefined],
  ["fails", "echo hunter2; echo hunter2 >&2; exit 1"],
  ["prints no JSON", "echo hunter2"],
  ["prints no secret", `echo '{"Username":"hunter2"}'`],
  ["prints a token over two lines", `echo '{"Username":"<token>","Secret":"hunter2\\\\nx"}'`],
  ["prints without end", "yes hunter2"],
  ["never ends", "exec sleep 60"],
];
for (const [what, script] of failing) {
  test(`dockerCredentials() fails where a helper ${what}, and quotes nothing of it`, async (t) => {
    const { ask, helper } = docker(t, { credsStore: "x" });
    if (script !== undefined) helper("x", script);
    const error = await t.throwsAsync(ask("a.example", {}, 1000), {
      code: "service-failed",
    } as object);
    t.notRegex(`${error.message} ${String(error.cause)}`, /hunter2/);
  });
}

test("dockerCredentials() runs no helper from a relative folder of PATH", async (t) => {
  const { ask, home, bin, helper } = docker(t, { credsStore: "trap" });
  helper("trap", `touch ${home}/sprung`);
  const near = relative(process.cwd(), bin);
  await t.throwsAsync(ask("a.example", { PATH: `.:${near}:/usr/bin` }), {
    code: "service-failed",
    message: /not installed/,
  } as object);
  t.throws(() => readFileSync(join(home, "sprung")), { code: "ENOENT" });
});
