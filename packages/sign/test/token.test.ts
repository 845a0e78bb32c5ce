import { writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { MlsignError } from "@mlsign/core";
import { ambientToken, interactiveToken, parseIdentityToken } from "@mlsign/sign";
import anyTest, { type TestFn } from "ava";
import { GITHUB_ISSUER, GOOGLE_ISSUER, type Sigstore, startSigstore } from "mlsign-test-sigstore";
import { deserted, fails, keepsSecret, serve, temporary } from "./helpers.ts";

// Faults and users are the whole instance's, so each test has its own.
const test = anyTest as TestFn<Sigstore>;
test.beforeEach(async (t) => {
  t.context = await startSigstore();
});
test.afterEach.always((t) => t.context.close());

const NOW = new Date();
const seconds = Math.floor(NOW.getTime() / 1000);
const claims = { iss: "https://i.example", aud: "sigstore", sub: "s", exp: seconds + 60 };
const SECRET = "c2VjcmV0LXNpZ25hdHVyZQ";
const jwt = (more: object): string => {
  const encode = (value: object): string =>
    Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${encode({ alg: "none" })}.${encode({ ...claims, ...more })}.${SECRET}`;
};

test("`parseIdentityToken()` reads who a token speaks of", (t) => {
  const person = parseIdentityToken(
    ` ${jwt({ email: "a@b.example", email_verified: true })}\n`,
    NOW,
  );
  t.like(person, { issuer: claims.iss, subject: "a@b.example", email: "a@b.example" });
  t.deepEqual(person.expires, new Date(claims.exp * 1000));
  t.notRegex(person.text, /\s/);
  t.like(parseIdentityToken(jwt({ aud: ["x", "sigstore"] }), NOW), {
    subject: "s",
    email: undefined,
  });
  t.like(parseIdentityToken(jwt({ email: "a@b.example", email_verified: "true" }), NOW), {
    subject: "a@b.example",
  });
});

const invalid: [name: string, token: string][] = [
  ["nothing", ""],
  ["what is no JWT", "SECRET-TOKEN-VALUE"],
  ["two parts", `SECRET-HEADER.${SECRET}`],
  ["four parts", `${jwt({})}.x`],
  ["claims that are no JSON", `SECRET-HEADER.e30x.${SECRET}`],
  ["claims that are a list", `SECRET-HEADER.W10.${SECRET}`],
  [
    "claims with a duplicate key",
    `SECRET-HEADER.${Buffer.from('{"SECRET":1,"SECRET":1}').toString("base64url")}.x`,
  ],
  ["another audience", jwt({ aud: "npm:registry.example" })],
  ["no audience", jwt({ aud: undefined })],
  ["no issuer", jwt({ iss: undefined })],
  ["no subject", jwt({ sub: undefined })],
  ["an empty subject", jwt({ sub: "" })],
  ["no expiry", jwt({ exp: undefined })],
  ["an expiry that is no number", jwt({ exp: "tomorrow" })],
  ["an expiry that is no time", jwt({ exp: 1e300 })],
  ["a token that has expired", jwt({ exp: seconds - 1 })],
  ["an e-mail address that is not verified", jwt({ email: "a@b.example" })],
  [
    "an e-mail address that is said to be not verified",
    jwt({ email: "a@b.example", email_verified: "false" }),
  ],
  ["more than 64 KiB", jwt({ more: "x".repeat(70_000) })],
];
for (const [name, token] of invalid) {
  test(`\`parseIdentityToken()\` refuses ${name}, and never echoes it`, (t) => {
    const error = t.throws(() => parseIdentityToken(token, NOW), { instanceOf: MlsignError });
    t.is(error.code, "identity-token-invalid");
    keepsSecret(
      t,
      error,
      token.split(".").filter((part) => part.length > 3),
    );
    keepsSecret(t, error, ["SECRET"]);
  });
}

const nowhere = { onGoogleCloud: (): boolean => false };

test("`ambientToken()` finds none where there is none", async (t) => {
  t.is(await ambientToken({ env: {}, ...nowhere }), undefined);
  t.is(await ambientToken({ env: { CI: "true", SIGSTORE_ID_TOKEN: "" }, ...nowhere }), undefined);
  t.is(t.context.requests.length, 0);
});

test("`ambientToken()` takes `SIGSTORE_ID_TOKEN` first", async (t) => {
  const env = { SIGSTORE_ID_TOKEN: "given", ...t.context.actionsEnvironment() };
  t.is(await ambientToken({ env, ...nowhere }), "given");
});

test("`ambientToken()` asks GitHub Actions, for the right audience", async (t) => {
  const token = await ambientToken({ env: t.context.actionsEnvironment(), ...nowhere });
  const { issuer, subject } = parseIdentityToken(token ?? "", NOW);
  t.deepEqual([issuer, subject], [GITHUB_ISSUER, "repo:acme/models:ref:refs/heads/main"]);
});

test("`ambientToken()` says which permission a GitHub job lacks", async (t) => {
  for (const env of [
    { GITHUB_ACTIONS: "true" },
    {
      GITHUB_ACTIONS: "true",
      ACTIONS_ID_TOKEN_REQUEST_URL: "x",
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "y",
    },
  ]) {
    const error = await fails(t, ambientToken({ env, ...nowhere }), "identity-token-missing");
    t.regex(error.hint ?? "", /id-token: write/);
  }
});

test("`ambientToken()` never shows the secret that GitHub gave the job", async (t) => {
  const env = t.context.actionsEnvironment();
  const secrets = [t.context.users.jobSecret];
  const wrong = { ...env, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "wrong-secret-of-the-job" };
  await fails(t, ambientToken({ env: wrong, ...nowhere }), "service-failed", [
    "wrong-secret-of-the-job",
  ]);
  t.context.fault("oidc", { kind: "garbage" });
  await fails(t, ambientToken({ env, ...nowhere }), "service-lied", secrets);
});

test("`ambientToken()` does not follow a redirect with the job's secret", async (t) => {
  t.context.fault("oidc", { kind: "redirect" });
  const env = t.context.actionsEnvironment();
  await fails(t, ambientToken({ env, ...nowhere }), "service-failed", [t.context.users.jobSecret]);
  t.deepEqual(
    t.context.requests.map(({ service }) => service),
    ["oidc"],
  );
});

test("`ambientToken()` redacts what GitHub's answer repeats of the secret", async (t) => {
  const url = await serve(t, ({ headers }, _, response) => {
    response.writeHead(400).end(JSON.stringify({ message: `bad ${headers.authorization}` }));
  });
  const env = {
    ACTIONS_ID_TOKEN_REQUEST_URL: url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: "job-secret-job-secret",
  };
  const error = await fails(t, ambientToken({ env, ...nowhere }), "service-failed", [
    "job-secret-job-secret",
  ]);
  t.regex(error.message, /answered 400: bad bearer \[secret\]/);
});

test("`ambientToken()` refuses an answer of GitHub's without a token", async (t) => {
  for (const answer of ["{}", '{"value":7}', "[]", '{"value":"a","value":"b"}']) {
    const url = await serve(t, (_, __, response) => response.end(answer));
    const env = { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: "x" };
    await fails(t, ambientToken({ env, ...nowhere }), "service-lied");
  }
});

test("`ambientToken()` asks Google Cloud's metadata server, by `GCE_METADATA_HOST`", async (t) => {
  const env = { GCE_METADATA_HOST: new URL(t.context.urls.oidc).host };
  const { issuer, email } = parseIdentityToken(
    (await ambientToken({ env, ...nowhere })) ?? "",
    NOW,
  );
  t.deepEqual([issuer, email], [GOOGLE_ISSUER, "trainer@acme.iam.gserviceaccount.com"]);
  t.context.fault("oidc", { kind: "status", status: 500 });
  await fails(t, ambientToken({ env, ...nowhere }), "service-failed");
});

test("`ambientToken()` asks Buildkite's agent as its command line has it, and no program of the checkout", async (t) => {
  const path = process.env["PATH"];
  t.teardown(() => (process.env["PATH"] = path));
  const folder = temporary(t);
  const token = t.context.token({ sub: "organization:acme:pipeline:train" });
  const agent = join(folder, "buildkite-agent");
  // The arguments of `buildkite-agent oidc request-token`, and nothing else, get a token.
  const asked = '[ "$*" = "oidc request-token --audience sigstore" ] || exit 7';
  writeFileSync(agent, `#!/bin/sh\n${asked}\necho ${token}\n`, { mode: 0o755 });
  const ask = () => ambientToken({ env: { BUILDKITE: "true" }, ...nowhere });
  process.env["PATH"] = `${folder}:${path}`;
  t.is(parseIdentityToken((await ask()) ?? "", NOW).subject, "organization:acme:pipeline:train");
  for (const nowhereToLook of ["/nonexistent", relative(process.cwd(), folder)]) {
    process.env["PATH"] = nowhereToLook;
    await fails(t, ask(), "identity-token-missing");
  }
});

/** Goes where a person's browser would. */
const browse = (url: string): void => {
  void fetch(url).then((response) => response.text());
};

test("`interactiveToken()` logs in by a browser that comes back to a port of its own", async (t) => {
  let shown = "";
  const token = await interactiveToken({
    issuer: t.context.urls.oidc,
    show: (url) => browse((shown = url)),
  });
  t.is(parseIdentityToken(token, NOW).subject, "alice@example.com");
  const query = new URL(shown).searchParams;
  t.is(query.get("code_challenge_method"), "S256");
  t.regex(query.get("redirect_uri") ?? "", /^http:\/\/localhost:\d+\/auth\/callback$/);
  t.truthy(query.get("state"));
  t.truthy(query.get("nonce"));
});

test("`interactiveToken()` closes its port when it is done", async (t) => {
  let port = "";
  await interactiveToken({
    issuer: t.context.urls.oidc,
    show: (url) => {
      port = new URL(new URL(url).searchParams.get("redirect_uri") ?? "").port;
      browse(url);
    },
  });
  await t.throwsAsync(fetch(`http://127.0.0.1:${port}/`));
});

test("`interactiveToken()` logs in by a code that a person pastes", async (t) => {
  let code = Promise.resolve("");
  const token = await interactiveToken({
    issuer: t.context.urls.oidc,
    show: (url) => {
      code = fetch(url).then(
        async (response) => /<code>(.*)<\/code>/.exec(await response.text())?.[1] ?? "",
      );
    },
    pasteCode: async () => ` ${await code}\n`,
  });
  t.is(parseIdentityToken(token, NOW).subject, "alice@example.com");
});

test("`interactiveToken()` fails where a wrong code is pasted, and does not show it", async (t) => {
  const login = interactiveToken({
    issuer: t.context.urls.oidc,
    show: () => {},
    pasteCode: async () => "WRONG-CODE-WRONG-CODE",
  });
  const error = await fails(t, login, "login-failed", ["WRONG-CODE-WRONG-CODE"]);
  t.truthy(error.hint);
});

test("`interactiveToken()` fails where the person says no", async (t) => {
  t.context.users.person = "deny";
  const issuer = t.context.urls.oidc;
  await fails(t, interactiveToken({ issuer, show: browse }), "login-failed");
});

test("`interactiveToken()` fails where nobody logs in", async (t) => {
  const issuer = t.context.urls.oidc;
  const error = await fails(
    t,
    interactiveToken({ issuer, show: () => {}, timeoutMs: 100 }),
    "login-failed",
  );
  t.regex(error.message, /nobody logged in in time/);
});

test("`interactiveToken()` is not ended by requests that are not this login's", async (t) => {
  const statuses: number[] = [];
  const token = await interactiveToken({
    issuer: t.context.urls.oidc,
    show: (url) => {
      const callback = new URL(url).searchParams.get("redirect_uri") ?? "";
      const strays = ["", "?code=x", "?code=x&state=wrong", "?error=access_denied&state=wrong"];
      const visits = strays.map(async (query) =>
        statuses.push((await fetch(`${callback}${query}`)).status),
      );
      void Promise.all(visits).then(() => browse(url));
    },
  });
  t.is(parseIdentityToken(token, NOW).subject, "alice@example.com");
  t.deepEqual(statuses, [404, 404, 404, 404]);
});

test("`interactiveToken()` fails where the issuer cannot be reached, is none, or is another", async (t) => {
  await fails(t, interactiveToken({ issuer: await deserted(), show: () => {} }), "login-failed");
  await fails(t, interactiveToken({ issuer: "not a URL", show: () => {} }), "login-failed");
  await fails(
    t,
    interactiveToken({ issuer: `${t.context.urls.oidc}/other`, show: () => {} }),
    "login-failed",
  );
  const liar = await serve(t, (_, __, response) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ issuer: "https://oauth2.sigstore.dev/auth" }));
  });
  await fails(t, interactiveToken({ issuer: liar, show: () => {} }), "login-failed");
});

test("`interactiveToken()` speaks plain http with this machine only", async (t) => {
  await fails(
    t,
    interactiveToken({ issuer: "http://issuer.invalid", show: () => {} }),
    "login-failed",
  );
});

test("`interactiveToken()` fails where what shows the address fails", async (t) => {
  const show = (): never => {
    throw new Error("no browser");
  };
  const error = await fails(
    t,
    interactiveToken({ issuer: t.context.urls.oidc, show }),
    "login-failed",
  );
  t.regex(error.message, /no browser/);
});
