import { execFileSync } from "node:child_process";
/** What registries say of an image: two real ones, with and without a login, and one that lies. */
import { createHash, generateKeyPairSync, randomUUID, sign, X509Certificate } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createServer, request as forward, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { dockerCredentials, fetchManifest, parseReference } from "@mlsign/oci";
import test, { type ExecutionContext } from "ava";
import { unpacked } from "../../scripts/peers/debian.ts";
import {
  LOGIN,
  type Registry,
  type RegistryKind,
  type RegistryLogin,
  registryProgram,
  startRegistry,
} from "../../scripts/peers/registries.ts";
import { MLSIGN, NODE, type Workshop, workshop } from "./cells.ts";
import { pushImage } from "./oci-content.ts";

const ABSENT = `sha256:${"0".repeat(64)}`;

for (const kind of ["olareg", "docker-registry"] as const) {
  for (const login of ["none", "basic", "token"] as const) {
    test(`fetchManifest() asks ${kind} (login: ${login}) as docker login left it`, async (t) => {
      const shop = await workshop(t);
      const registry = await started(t, shop, kind, login);
      if (registry === undefined) return;
      const { host } = registry;
      const image = await pushImage(host, "models/train", login === "none" ? undefined : LOGIN);
      const ask = (digest: string, entry?: object) => {
        const auths = entry === undefined ? {} : { [host]: entry };
        shop.write(".docker/config.json", JSON.stringify({ auths }));
        return fetchManifest(parseReference(`${host}/models/train@${digest}`), {
          insecure: (name) => name === host,
          credentials: dockerCredentials({ env: { HOME: shop.dir } }),
          timeoutMs: 10_000,
        });
      };
      const auth = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString("base64");
      const found = await ask(image.digest, { auth });
      t.deepEqual(found?.body, image.manifest);
      t.is(await ask(ABSENT, { auth }), undefined);
      // An image's ID is in the registry, as a blob: it is no image, and never taken for one.
      const byId = ask(image.configDigest, { auth });
      if (kind === "olareg") t.is(await byId, undefined);
      else await t.throwsAsync(byId, { code: "service-failed" } as object);
      if (login === "none") {
        t.truthy(await ask(image.digest));
        return;
      }
      const wrong = Buffer.from(`${LOGIN.username}:not-the-password`).toString("base64");
      for (const entry of [undefined, { auth: wrong }]) {
        for (const digest of [image.digest, ABSENT]) {
          const error = await t.throwsAsync(
            ask(digest, entry),
            { code: "service-failed" } as object,
            JSON.stringify(entry),
          );
          t.notRegex(`${error.message} ${String(error.cause)}`, /not-the-password/);
        }
      }
    });
  }
}

test("fetchManifest() gives a password to nobody but whom it is for", async (t) => {
  const shop = await workshop(t);
  const registry = await started(t, shop, "olareg", "basic");
  if (registry === undefined) return;
  const image = await pushImage(registry.host, "models/train", LOGIN);
  const auth = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString("base64");
  const seen: (string | undefined)[] = [];
  let attack: (path: string) => [number, Record<string, string>, string];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    const [status, headers, body] = attack(request.url ?? "");
    response.writeHead(status, headers);
    response.end(body);
  });
  const evil = await listening(t, server);
  shop.write(".docker/config.json", JSON.stringify({ auths: { [registry.host]: { auth } } }));
  const options = {
    insecure: () => true,
    credentials: dockerCredentials({ env: { HOME: shop.dir } }),
    timeoutMs: 5_000,
  };
  const attacks: [string, typeof attack, string][] = [
    ["other bytes", () => [200, {}, "{}"], "service-lied"],
    [
      "a redirect to the registry that the password is for",
      (path) => [307, { location: `http://${registry.host}${path}` }, ""],
      "service-failed",
    ],
    [
      "the registry's own challenge",
      () => [401, { "www-authenticate": 'Basic realm="models"' }, ""],
      "service-failed",
    ],
    [
      "a challenge that leads to the registry",
      () => [401, { "www-authenticate": `Bearer realm="http://${registry.host}/v2/"` }, ""],
      "service-failed",
    ],
    ["an endless answer", () => [200, {}, "x".repeat(6 * 1024 * 1024)], "service-failed"],
    ["a page of a web server", () => [404, {}, "<html>"], "service-failed"],
  ];
  for (const [what, how, code] of attacks) {
    attack = how;
    const reference = parseReference(`${evil}/models/train@${image.digest}`);
    await t.throwsAsync(fetchManifest(reference, options), { code } as object, what);
  }
  t.deepEqual(
    seen.filter((authorization) => authorization !== undefined),
    [],
  );
  // And the registry itself, made to redirect, takes nothing with it.
  const front = createServer((request, response) => {
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { "www-authenticate": 'Basic realm="models"' });
      return response.end();
    }
    response.writeHead(307, { location: `http://${evil}${request.url}` });
    return response.end();
  });
  const own = await listening(t, front);
  shop.write(".docker/config.json", JSON.stringify({ auths: { [own]: { auth } } }));
  const before = seen.length;
  await t.throwsAsync(
    fetchManifest(parseReference(`${own}/models/train@${image.digest}`), options),
    {
      code: "service-failed",
      message: /redirect/,
    } as object,
  );
  t.is(seen.length, before);
});

test("mlsign lineage record and verify ask a registry that wants a login", async (t) => {
  const shop = await workshop(t);
  const registry = await started(t, shop, "olareg", "token");
  if (registry === undefined) return;
  const image = await pushImage(registry.host, "models/train", LOGIN);
  const auth = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString("base64");
  const logIn = (to: object): string =>
    shop.write(".docker/config.json", JSON.stringify({ auths: to }));
  const data = shop.write("data.csv", "a,b\n1,2\n");
  const md5 = createHash("md5").update(readFileSync(data)).digest("hex");
  shop.write("data.csv.dvc", `outs:\n- md5: ${md5}\n  hash: md5\n  path: data.csv\n`);
  shop.write(".gitignore", "*\n!data.csv.dvc\n!.gitignore\n");
  shop.write("model.onnx", "not really a model\n");
  await shop.ok("git", "init", "-q", "-b", "main");
  await shop.ok("git", "add", ".");
  const who = ["-c", "user.name=Ana", "-c", "user.email=ana@example.com"];
  await shop.ok("git", who, "commit", "-q", "-m", "data");
  await shop.ok(NODE, MLSIGN, "keygen", "--out", "k");
  const record = async (digest: string) => {
    rmSync(shop.path("model.onnx.claims.jsonl"), { force: true });
    const container = `${registry.host}/models/train@${digest}`;
    const flags = ["--data", "data.csv.dvc", "--container", container, "--key", "k.key"];
    return shop.ok(NODE, MLSIGN, "lineage", "record", "model.onnx", flags);
  };
  const outcome = async (): Promise<string | undefined> => {
    const flags = ["--key", "k.pub", "--json"];
    const { stdout } = await shop.run(NODE, MLSIGN, "lineage", "verify", "model.onnx", flags);
    t.notRegex(stdout, /hunter2/);
    const { findings } = JSON.parse(stdout) as { findings: { code: string; outcome: string }[] };
    return findings.find(({ code }) => code === "lineage-container")?.outcome;
  };
  logIn({ [registry.host]: { auth } });
  t.notRegex((await record(image.digest)).stderr, /registry/);
  t.is(await outcome(), "pass");
  logIn({});
  t.is(await outcome(), "unknown");
  t.regex((await record(image.digest)).stderr, /registry .*could not be asked/);
  logIn({ [registry.host]: { auth } });
  t.regex((await record(ABSENT)).stderr, /registry has no such container/);
  t.is(await outcome(), "fail");
});

test("dockerCredentials() asks docker-credential-pass as it is", async (t) => {
  const packages = ["golang-docker-credential-helpers", "pass"];
  const found = await unpacked("docker-credential-pass", packages, HELPER);
  if ("reason" in found) {
    if (process.env.CI) t.fail(found.reason);
    else t.log(`skipped: ${found.reason}`);
    t.pass();
    return;
  }
  const home = await workshop(t);
  const env = {
    HOME: home.dir,
    PATH: `${join(found.folder, "usr/bin")}:${process.env.PATH}`,
    PASSWORD_STORE_DIR: home.path("store"),
    GNUPGHOME: home.path("gnupg"),
  };
  mkdirSync(env.GNUPGHOME, { mode: 0o700 });
  t.teardown(() => execFileSync("gpgconf", ["--kill", "all"], { env }));
  const program = (name: string, args: string[], input = ""): string =>
    execFileSync(name, args, { env, input, encoding: "utf8", stdio: "pipe" });
  const key = ["--quick-gen-key", "Ana <ana@example.com>", "default", "default", "1y"];
  program("gpg", ["--batch", "--quiet", "--passphrase", "", ...key]);
  program("pass", ["init", "ana@example.com"]);
  const credentials = dockerCredentials({ env });
  home.write(".docker/config.json", '{"credsStore":"pass"}');
  for (const [registry, server] of [
    ["registry.example:5000", "registry.example:5000"],
    ["docker.io", "https://index.docker.io/v1/"],
  ] as const) {
    t.is(await credentials(registry), undefined);
    const stored = { ServerURL: server, Username: "me", Secret: `pass word of ${registry}` };
    program("docker-credential-pass", ["store"], JSON.stringify(stored));
    t.deepEqual(await credentials(registry), {
      kind: "password",
      username: "me",
      password: stored.Secret,
    });
  }
  t.is(await credentials("other.example"), undefined);
});

const HELPER = "usr/bin/docker-credential-pass";

/** A registry for one test, or none, with the reason; in CI it must be there. */
async function started(
  t: ExecutionContext,
  shop: Workshop,
  kind: RegistryKind,
  login: RegistryLogin,
): Promise<Registry | undefined> {
  const found = await registryProgram(kind);
  if ("reason" in found) {
    if (process.env.CI) t.fail(found.reason);
    else t.log(`skipped: ${found.reason}`);
    t.pass();
    return undefined;
  }
  if (kind === "docker-registry" && login === "token") return withTokens(t, shop, found.program);
  const registry = await startRegistry(kind, found.program, { login, dir: shop.dir });
  t.teardown(registry.stop);
  return registry;
}

/** docker-registry has no token service: one stands before it, at the same address. */
async function withTokens(t: ExecutionContext, shop: Workshop, program: string): Promise<Registry> {
  let behind = "";
  const { certificate, answer } = await tokenService(shop);
  const front = createServer((request, response) => {
    if (request.url?.startsWith("/token")) return answer(request, response);
    const { method, url: path, headers } = request;
    const [hostname, port] = behind.split(":");
    const passed = forward({ hostname, port, path, method, headers }, (got) => {
      response.writeHead(got.statusCode ?? 502, got.headers);
      got.pipe(response);
    });
    passed.on("error", () => response.destroy());
    return request.pipe(passed);
  });
  const host = await listening(t, front);
  const tokens = {
    realm: `http://${host}/token`,
    service: "models",
    issuer: "tokens",
    certificate,
  };
  const options = { login: "token", dir: shop.dir, tokens } as const;
  const registry = await startRegistry("docker-registry", program, options);
  t.teardown(registry.stop);
  behind = registry.host;
  return { ...registry, host };
}

/** A token service as the distribution specification has it; the registry checks its tokens. */
async function tokenService(
  shop: Workshop,
): Promise<{ certificate: string; answer: RequestListener }> {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = shop.write("token.key", privateKey.export({ type: "pkcs8", format: "pem" }));
  const certificate = shop.path("token.pem");
  const subject = ["-subj", "/CN=tokens", "-days", "2", "-out", certificate];
  await shop.ok("openssl", ["req", "-x509", "-new", "-key", key, ...subject]);
  const x5c = [new X509Certificate(readFileSync(certificate)).raw.toString("base64")];
  const expected = Buffer.from(`${LOGIN.username}:${LOGIN.password}`).toString("base64");
  const answer: RequestListener = (request, response) => {
    const { searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    const known = request.headers.authorization === `Basic ${expected}`;
    const [type, name, actions] = (searchParams.get("scope") ?? "").split(":");
    const now = Math.floor(Date.now() / 1000);
    const claims = {
      iss: "tokens",
      sub: known ? LOGIN.username : "",
      aud: "models",
      exp: now + 60,
      nbf: now - 10,
      iat: now - 10,
      jti: randomUUID(),
      access: known && name ? [{ type, name, actions: (actions ?? "").split(",") }] : [],
    };
    const part = (value: object): string =>
      Buffer.from(JSON.stringify(value)).toString("base64url");
    const signed = `${part({ typ: "JWT", alg: "ES256", x5c })}.${part(claims)}`;
    const signature = sign("sha256", Buffer.from(signed), {
      key: privateKey,
      dsaEncoding: "ieee-p1363",
    });
    response.writeHead(request.headers.authorization === undefined || known ? 200 : 401);
    response.end(JSON.stringify({ token: `${signed}.${signature.toString("base64url")}` }));
  };
  return { certificate, answer };
}

async function listening(t: ExecutionContext, server: Server): Promise<string> {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  t.teardown(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
