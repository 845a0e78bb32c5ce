import { existsSync, readFileSync, writeFileSync } from "node:fs";
import test, { type ExecutionContext } from "ava";
import { type Fault, type ServiceName, type Sigstore, startSigstore } from "mlsign-test-sigstore";
import { type Shell, shell } from "./shell.ts";

interface Instance {
  readonly sigstore: Sigstore;
  readonly user: Shell;
  readonly token: string;
}

/** A Sigstore of one's own, its configuration and a token in the folder. */
async function instance(t: ExecutionContext, rekor: 1 | 2 = 2): Promise<Instance> {
  const sigstore = await startSigstore();
  t.teardown(() => sigstore.close());
  const user = shell(t);
  const token = sigstore.token({ email: "ci@example.com" });
  writeFileSync(user.path("token"), token);
  writeFileSync(
    user.path("trust.json"),
    JSON.stringify(sigstore.clientTrustConfig({ rekor, tsa: true })),
  );
  return { sigstore, user, token };
}

const SIGN = ["sign", "model", "--trust-config", "trust.json", "--identity-token", "@token"];

function verify({ sigstore }: Instance, who: string, ...more: string[]): string[] {
  const issuer = ["--certificate-oidc-issuer", sigstore.urls.oidc];
  return [
    "verify",
    "model",
    "--trust-config",
    "trust.json",
    "--certificate-identity",
    who,
    ...issuer,
    ...more,
  ];
}

for (const rekor of [1, 2] as const) {
  test(`mlsign signs keyless with Rekor v${rekor} and a timestamp, and verifies offline`, async (t) => {
    const it = await instance(t, rekor);
    t.is((await it.user.mlsign(...SIGN)).exit, 0);
    await it.sigstore.close();
    const done = await it.user.mlsign(
      ...verify(it, "ci@example.com", "--require-log", "--require-timestamp"),
    );
    t.is(done.exit, 0, done.out);
    t.is((await it.user.mlsign(...verify(it, "ci@example.co"))).exit, 1);
    t.is((await it.user.mlsign(...verify(it, "CI@example.com"))).exit, 1);
  });
}

test("mlsign verify anchors a pattern, and takes no other issuer", async (t) => {
  const it = await instance(t);
  await it.user.mlsign(...SIGN);
  const pattern = async (re: string, issuer: string): Promise<number> => {
    const args = ["--certificate-identity-regexp", re, "--certificate-oidc-issuer", issuer];
    return (await it.user.mlsign("verify", "model", "--trust-config", "trust.json", ...args)).exit;
  };
  t.is(await pattern(".*@example\\.com", it.sigstore.urls.oidc), 0);
  t.is(await pattern("example", it.sigstore.urls.oidc), 1);
  t.is(await pattern("x|ci@example", it.sigstore.urls.oidc), 1);
  t.is(await pattern(".*", "https://issuer.example"), 1);
});

test("mlsign signs with a key and has it witnessed", async (t) => {
  const it = await instance(t);
  const { mlsign } = it.user;
  await mlsign("keygen", "--out", "k");
  t.is((await mlsign("sign", "model", "--key", "k.key", "--trust-config", "trust.json")).exit, 0);
  const strict = ["verify", "model", "--key", "k.pub", "--require-log", "--require-timestamp"];
  t.is((await mlsign(...strict, "--trust-config", "trust.json")).exit, 0);
  t.is((await mlsign("verify", "model", "--key", "k.pub")).exit, 0);
});

test("mlsign verify --require-log refuses a signature that no log witnessed", async (t) => {
  const it = await instance(t);
  const { mlsign } = it.user;
  await mlsign("keygen", "--out", "k");
  await mlsign("sign", "model", "--key", "k.key");
  for (const flag of ["--require-log", "--require-timestamp"]) {
    t.is(
      (await mlsign("verify", "model", "--key", "k.pub", flag, "--trust-config", "trust.json"))
        .exit,
      1,
    );
  }
});

test("mlsign verify with a key refuses a keyless signature, and the reverse", async (t) => {
  const it = await instance(t);
  const { mlsign } = it.user;
  await mlsign("keygen", "--out", "k");
  await mlsign(...SIGN);
  t.regex((await mlsign("verify", "model", "--key", "k.pub")).out, /FAIL +method-match/);
  await mlsign("sign", "model", "--key", "k.key");
  t.regex((await mlsign(...verify(it, "ci@example.com"))).out, /FAIL +method-match/);
});

const faults: [string, ServiceName, Fault, number][] = [
  ["Fulcio is down", "fulcio", { kind: "status", status: 500 }, 3],
  ["Fulcio refuses", "fulcio", { kind: "status", status: 403 }, 3],
  ["Fulcio's answer breaks off", "fulcio", { kind: "truncated" }, 3],
  ["Fulcio answers garbage", "fulcio", { kind: "garbage" }, 3],
  ["Fulcio answers without end", "fulcio", { kind: "oversized", bytes: 50_000_000 }, 3],
  ["Fulcio certifies another key", "fulcio", { kind: "wrong-key" }, 3],
  ["Fulcio redirects", "fulcio", { kind: "redirect" }, 3],
  ["the log is down", "rekor2", { kind: "status", status: 500 }, 3],
  ["the log signs with another key", "rekor2", { kind: "wrong-key" }, 3],
  ["the log returns another entry", "rekor2", { kind: "replayed" }, 3],
  ["the log's answer breaks off", "rekor2", { kind: "truncated" }, 3],
  ["the timestamp authority is down", "tsa", { kind: "status", status: 503 }, 3],
  ["the timestamp is of another signature", "tsa", { kind: "replayed" }, 3],
  ["the timestamp authority signs with another key", "tsa", { kind: "wrong-key" }, 3],
];
for (const [what, service, fault, exit] of faults) {
  test(`mlsign sign exits ${exit} where ${what}, keeps the old signature, prints no token`, async (t) => {
    const it = await instance(t);
    const { mlsign, path } = it.user;
    if (fault.kind === "replayed") await mlsign(...SIGN);
    else writeFileSync(path("model/model.sig"), "old");
    const old = readFileSync(path("model/model.sig"));
    const logged = it.sigstore.entries.length;
    it.sigstore.fault(service, fault);
    const done = await mlsign(...SIGN, "--json");
    t.is(done.exit, exit, done.err);
    t.deepEqual(readFileSync(path("model/model.sig")), old);
    for (const part of [it.token, ...it.token.split(".")])
      t.false((done.out + done.err).includes(part));
    t.notRegex(done.err, / {4}at /);
    t.true(it.sigstore.entries.length <= logged + 1);
    t.true(it.sigstore.requests.filter((request) => request.service === service).length <= 2 * 3);
    t.false(it.sigstore.requests.some((request) => request.service === "elsewhere"));
  });
}

for (const [service, rekor] of [
  ["rekor1", 1],
  ["rekor2", 2],
] as const) {
  test(`mlsign sign after a busy ${service} logs once`, async (t) => {
    const it = await instance(t, rekor);
    it.sigstore.fault(service, { kind: "status", status: 503, times: 1 });
    t.is((await it.user.mlsign(...SIGN)).exit, 0);
    t.is(it.sigstore.entries.length, 1);
  });
}

test("mlsign sign whose answer from Rekor v1 was lost finds its entry, and logs once", async (t) => {
  const it = await instance(t, 1);
  it.sigstore.fault("rekor1", { kind: "status", status: 500, processed: true, times: 1 });
  const done = await it.user.mlsign(...SIGN);
  t.is(done.exit, 0, done.err);
  t.is(it.sigstore.entries.length, 1);
});

test("mlsign sign whose answer from Rekor v2 was lost does not post again", async (t) => {
  const it = await instance(t, 2);
  it.sigstore.fault("rekor2", { kind: "reset", processed: true, times: 1 });
  t.is((await it.user.mlsign(...SIGN)).exit, 3);
  t.is(it.sigstore.entries.length, 1);
});

test("mlsign sign asks a person before an identity is logged, and logs in with a pasted code", async (t) => {
  const it = await instance(t);
  const args = ["sign", "model", "--trust-config", "trust.json", "--paste-code"];
  const no = await it.user.as({ interactive: true, ask: async () => "n" }, ...args);
  t.is(no.exit, 2);
  t.false(existsSync(it.user.path("model/model.sig")));
  let shown = "";
  const ask = async (question: string): Promise<string> =>
    question.startsWith("paste") ? codeFrom(shown) : "y";
  const yes = await it.user.as(
    {
      interactive: true,
      ask,
      err: (text) => {
        shown += text;
      },
    },
    ...args,
  );
  t.is(yes.exit, 0, shown);
});

test("mlsign sign logs in through the browser", async (t) => {
  const it = await instance(t);
  const done = await it.user.as(
    {
      interactive: true,
      openBrowser: (url) => {
        void fetch(url).then((response) => response.text());
      },
    },
    "sign",
    "model",
    "--trust-config",
    "trust.json",
    "--yes",
  );
  t.is(done.exit, 0, done.err);
  t.regex(done.err, /log in at/);
});

test("mlsign sign takes the identity of GitHub Actions", async (t) => {
  const it = await instance(t);
  const env = it.sigstore.actionsEnvironment();
  const done = await it.user.as({ env }, "sign", "model", "--trust-config", "trust.json");
  t.is(done.exit, 0, done.err);
  const { out } = await it.user.mlsign("inspect", "model", "--json");
  t.like(JSON.parse(out), { method: "keyless" });
});

test("mlsign attest takes one address that two issuers vouch for as two signers", async (t) => {
  const [one, other] = [await instance(t), await instance(t)];
  const { mlsign, path } = one.user;
  writeFileSync(path("token2"), other.token);
  const trust2 = other.sigstore.clientTrustConfig({ rekor: 2, tsa: true });
  writeFileSync(path("trust2.json"), JSON.stringify(trust2));
  const attest = async (n: string): Promise<number> => {
    const signer = ["--trust-config", `trust${n}.json`, "--identity-token", `@token${n}`];
    const claim = ["--type", "urn:x:y", "--predicate", "eval.json"];
    return (await mlsign("attest", "model", ...claim, ...signer)).exit;
  };
  t.deepEqual([await attest(""), await attest("2"), await attest("2")], [0, 0, 0]);
  t.is(readFileSync(path("model/claims.jsonl"), "utf8").trimEnd().split("\n").length, 2);
});

async function codeFrom(shown: string): Promise<string> {
  const url = /https?:\/\/\S+/.exec(shown)?.[0] ?? "";
  const page = await (await fetch(url)).text();
  return (
    /<code>([^<]+)<\/code>/.exec(page)?.[1] ??
    /code[^A-Za-z0-9_-]+([A-Za-z0-9_-]{8,})/.exec(page)?.[1] ??
    ""
  );
}
