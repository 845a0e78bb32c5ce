import test, { type ExecutionContext } from "ava";
import { type Fault, type ServiceName, type Sigstore, startSigstore } from "../src/index.ts";
import { signKeyless, verify } from "./helpers.ts";

async function started(t: ExecutionContext): Promise<Sigstore> {
  const sigstore = await startSigstore();
  t.teardown(() => sigstore.close());
  return sigstore;
}

const failing: [service: ServiceName, fault: Fault, code: string][] = [
  ["fulcio", { kind: "status", status: 503 }, "CA_CREATE_SIGNING_CERTIFICATE_ERROR"],
  ["fulcio", { kind: "garbage" }, "CA_CREATE_SIGNING_CERTIFICATE_ERROR"],
  ["rekor1", { kind: "truncated" }, "TLOG_CREATE_ENTRY_ERROR"],
  ["rekor1", { kind: "reset" }, "TLOG_CREATE_ENTRY_ERROR"],
  ["tsa", { kind: "status", status: 429, retryAfter: 1 }, "TSA_CREATE_TIMESTAMP_ERROR"],
];
for (const [service, fault, code] of failing) {
  test(`${service} that is ${fault.kind} makes signing fail`, async (t) => {
    const sigstore = await started(t);
    sigstore.fault(service, fault);
    await t.throwsAsync(signKeyless(sigstore), { code });
    sigstore.clearFaults();
    await t.notThrowsAsync(signKeyless(sigstore));
  });
}

const lying: [service: ServiceName, kind: "wrong-key" | "replayed", code: string][] = [
  ["rekor1", "wrong-key", "TLOG_INCLUSION_PROMISE_ERROR"],
  ["rekor1", "replayed", "TLOG_BODY_ERROR"],
  ["tsa", "wrong-key", "TIMESTAMP_ERROR"],
  ["tsa", "replayed", "TIMESTAMP_ERROR"],
];
for (const [service, kind, code] of lying) {
  test(`${service} that answers with ${kind} is found out by a verifier`, async (t) => {
    const sigstore = await started(t);
    sigstore.fault(service, { kind });
    const bundle = await signKeyless(sigstore);
    const error = t.throws(() => verify(sigstore.trustedRoot, bundle)) as Error & { code: string };
    t.is(error.code, code);
  });
}

test("a certificate for another key is found out by an honest log", async (t) => {
  const sigstore = await started(t);
  sigstore.fault("fulcio", { kind: "wrong-key" });
  await t.throwsAsync(signKeyless(sigstore), { code: "TLOG_CREATE_ENTRY_ERROR" });
});

test("a fault holds for as many requests as it says", async (t) => {
  const sigstore = await started(t);
  sigstore.fault("rekor2", { kind: "status", status: 500, times: 2 });
  const url = `${sigstore.urls.rekor2}/api/v2/checkpoint`;
  const statuses = [];
  for (let n = 0; n < 3; n += 1) statuses.push((await fetch(url)).status);
  t.deepEqual(statuses, [500, 500, 200]);
});

test("a log that takes the entry and never answers has taken it", async (t) => {
  const sigstore = await started(t);
  sigstore.fault("rekor1", { kind: "hang", processed: true });
  const signing = signKeyless(sigstore);
  while (sigstore.entries.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await sigstore.close();
  await t.throwsAsync(signing, { code: "TLOG_CREATE_ENTRY_ERROR" });
  t.is(sigstore.requests.filter(({ service }) => service === "rekor1").length, 1);
});

test("slow and oversized answers are that", async (t) => {
  const sigstore = await started(t);
  const url = `${sigstore.urls.rekor2}/api/v2/checkpoint`;
  sigstore.fault("rekor2", { kind: "slow", ms: 50 });
  const before = performance.now();
  await (await fetch(url)).text();
  t.true(performance.now() - before >= 45);
  sigstore.fault("rekor2", { kind: "oversized", bytes: 1_000_000 });
  t.is((await (await fetch(url)).text()).length, 1_000_000);
});

test("a redirect leads to another host, which records what reaches it", async (t) => {
  const sigstore = await started(t);
  sigstore.fault("fulcio", { kind: "redirect" });
  await t.throwsAsync(signKeyless(sigstore));
  const elsewhere = sigstore.requests.filter(({ service }) => service === "elsewhere");
  t.is(elsewhere[0]?.path, "/api/v2/signingCert");
  t.true((elsewhere[0]?.bytes ?? 0) > 0);
});
