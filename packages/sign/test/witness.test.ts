import { generateKeyPairSync } from "node:crypto";
import { type LogEntry, readLogEntry } from "@mlsign/bundle";
import { rekorV1Witness, rekorV2Witness, timestampWitness, type Witness } from "@mlsign/sign";
import { RFC3161Timestamp } from "@sigstore/core";
import anyTest, { type TestFn } from "ava";
import { type Fault, type Sigstore, startSigstore } from "mlsign-test-sigstore";
import { asked, deserted, ecKey, fails, serve } from "./helpers.ts";

const test = anyTest as TestFn<Sigstore>;
test.beforeEach(async (t) => {
  t.context = await startSigstore();
});
test.afterEach.always((t) => t.context.close());

type Service = "rekor1" | "rekor2" | "tsa";
const witnesses: Record<Service, (url: string) => Witness> = {
  rekor1: rekorV1Witness,
  rekor2: rekorV2Witness,
  tsa: timestampWitness,
};
const names: Record<Service, string> = {
  rekor1: "rekorV1Witness",
  rekor2: "rekorV2Witness",
  tsa: "timestampWitness",
};

/** How it ends, how many requests that takes, and how many entries the log then holds. */
type Row = [
  name: string,
  fault: Fault,
  code: "service-failed" | "service-lied" | "good",
  requests: number,
  entries?: number,
];
const big = 5 * 1024 * 1024;
const faults: Record<Service, Row[]> = {
  // A lost answer is asked for again, and found: an entry is never made twice.
  rekor1: [
    ["is broken", { kind: "status", status: 500 }, "service-failed", 3, 0],
    ["was broken", { kind: "status", status: 500, times: 1 }, "good", 2, 1],
    [
      "was broken after it logged the entry",
      { kind: "status", status: 500, processed: true, times: 1 },
      "good",
      3,
      1,
    ],
    ["refuses", { kind: "status", status: 400 }, "service-failed", 1, 0],
    ["hangs up", { kind: "reset" }, "service-failed", 3, 0],
    [
      "hung up after it logged the entry",
      { kind: "reset", processed: true, times: 1 },
      "good",
      3,
      1,
    ],
    ["answered by half", { kind: "truncated", times: 1 }, "good", 3, 1],
    ["answers with a web page", { kind: "garbage" }, "service-lied", 1, 0],
    ["answers without an end", { kind: "oversized", bytes: big }, "service-failed", 3, 1],
    ["sends it elsewhere", { kind: "redirect" }, "service-failed", 1, 0],
    ["answers for another signature", { kind: "replayed" }, "service-lied", 1, 2],
    ["signs with another key, which a verifier finds", { kind: "wrong-key" }, "good", 1, 1],
  ],
  // A lost answer cannot be found again, so nothing is asked twice that may have been done.
  rekor2: [
    ["is broken", { kind: "status", status: 500 }, "service-failed", 1, 0],
    [
      "was broken after it logged the entry",
      { kind: "status", status: 500, processed: true, times: 1 },
      "service-failed",
      1,
      1,
    ],
    ["is busy", { kind: "status", status: 503 }, "service-failed", 3, 0],
    ["was busy", { kind: "status", status: 503, times: 1 }, "good", 2, 1],
    [
      "was busy after it logged the entry",
      { kind: "status", status: 503, processed: true, times: 1 },
      "service-failed",
      2,
      1,
    ],
    ["refuses", { kind: "status", status: 400 }, "service-failed", 1, 0],
    ["hangs up", { kind: "reset" }, "service-failed", 1, 0],
    [
      "hung up after it logged the entry",
      { kind: "reset", processed: true, times: 1 },
      "service-failed",
      1,
      1,
    ],
    ["answers by half", { kind: "truncated" }, "service-failed", 1, 1],
    ["answers with a web page", { kind: "garbage" }, "service-lied", 1, 0],
    ["answers without an end", { kind: "oversized", bytes: big }, "service-failed", 1, 1],
    ["sends it elsewhere", { kind: "redirect" }, "service-failed", 1, 0],
    ["answers for another signature", { kind: "replayed" }, "service-lied", 1, 2],
    ["signs with another key, which a verifier finds", { kind: "wrong-key" }, "good", 1, 1],
  ],
  tsa: [
    ["is broken", { kind: "status", status: 500 }, "service-failed", 3],
    ["was broken", { kind: "status", status: 500, times: 2 }, "good", 3],
    ["refuses", { kind: "status", status: 400 }, "service-failed", 1],
    ["hangs up", { kind: "reset" }, "service-failed", 3],
    ["hung up", { kind: "reset", times: 1 }, "good", 2],
    ["answers by half", { kind: "truncated" }, "service-failed", 3],
    ["answers with a web page", { kind: "garbage" }, "service-lied", 1],
    ["answers without an end", { kind: "oversized", bytes: big }, "service-failed", 3],
    ["sends it elsewhere", { kind: "redirect" }, "service-failed", 1],
    ["answers for another signature", { kind: "replayed" }, "service-lied", 1],
    ["signs with another key, which a verifier finds", { kind: "wrong-key" }, "good", 1],
  ],
};
for (const service of ["rekor1", "rekor2", "tsa"] as const) {
  for (const [name, fault, code, requests, entries = 0] of faults[service]) {
    const ends = code === "good" ? "testifies" : "fails";
    test(`\`${names[service]}()\` ${ends} where the service ${name}`, async (t) => {
      const sigstore = t.context;
      sigstore.fault(service, fault);
      const testimony = witnesses[service](sigstore.urls[service]).testify(await asked());
      if (code === "good") await t.notThrowsAsync(testimony);
      else await fails(t, testimony, code);
      t.deepEqual(
        sigstore.requests.map((one) => one.service),
        Array(requests).fill(service),
      );
      t.is(sigstore.entries.length, entries, "entries in the log");
    });
  }

  test(`\`${names[service]}()\` fails where nobody listens`, async (t) => {
    await fails(t, witnesses[service](await deserted()).testify(await asked()), "service-failed");
  });
}

for (const service of ["rekor1", "rekor2"] as const) {
  test(`\`${names[service]}()\` brings an entry that bundles hold, for keys and certificates`, async (t) => {
    const sigstore = t.context;
    const witness = witnesses[service](`${sigstore.urls[service]}/`);
    const request = await asked();
    const certificates = [sigstore.instance.authority.issue(request.signed.publicKey).der];
    const certified = { ...request, signed: { ...request.signed, certificates } };
    for (const [index, one] of [request, certified].entries()) {
      const { tlogEntries = [] } = await witness.testify(one);
      const [entry] = tlogEntries as LogEntry[];
      t.is(tlogEntries.length, 1);
      t.deepEqual(entry?.canonicalizedBody, sigstore.entries[index]?.body);
      t.truthy(entry?.inclusionProof?.checkpoint.envelope);
      t.notThrows(() => readLogEntry(JSON.parse(JSON.stringify(jsonOf(entry!)))));
    }
  });
}

test("`rekorV1Witness()` finds the entry that is there already", async (t) => {
  const request = await asked();
  const witness = rekorV1Witness(t.context.urls.rekor1);
  const [first, second] = [await witness.testify(request), await witness.testify(request)];
  t.deepEqual(
    first.tlogEntries?.[0]?.canonicalizedBody,
    second.tlogEntries?.[0]?.canonicalizedBody,
  );
  t.is(t.context.entries.length, 1);
});

test("`rekorV1Witness()` follows no log's word to another place", async (t) => {
  const asks: string[] = [];
  for (const location of [
    "https://elsewhere.example/api/v1/log/entries/x",
    `https://elsewhere.example/${"ab".repeat(32)}`,
    "/../../secrets",
    undefined,
  ]) {
    const url = await serve(t, ({ url: path = "" }, _body, response) => {
      asks.push(path);
      const headers = location === undefined ? {} : { location };
      response.writeHead(path === "/api/v1/log/entries" ? 409 : 404, headers).end("{}");
    });
    const named = location?.endsWith("abab");
    const testimony = rekorV1Witness(url).testify(await asked());
    await fails(t, testimony, named ? "service-failed" : "service-lied");
  }
  const own = new Set(["/api/v1/log/entries", `/api/v1/log/entries/${"ab".repeat(32)}`]);
  t.deepEqual(new Set(asks), own);
});

test("`rekorV1Witness()` refuses an entry that is malformed, or of another signature", async (t) => {
  const request = await asked();
  const { tlogEntries = [] } = await rekorV1Witness(t.context.urls.rekor1).testify(request);
  const [logged] = tlogEntries as LogEntry[];
  const good = {
    body: logged!.canonicalizedBody.toString("base64"),
    integratedTime: 1,
    logID: logged!.logId.keyId.toString("hex"),
    logIndex: 0,
  };
  const other = logged!.canonicalizedBody
    .toString()
    .replace(/"signature":"..../, '"signature":"AAAA');
  const body = (text: string): string => Buffer.from(text).toString("base64");
  const answers: unknown[] = [
    {},
    [],
    { one: good, two: good },
    { one: { ...good, body: body("<html>") } },
    { one: { ...good, body: body("{}") } },
    { one: { ...good, body: body(other) } },
    { one: { ...good, logIndex: -1 } },
    { one: { ...good, logID: "xyz" } },
    { one: { ...good, verification: { signedEntryTimestamp: 5 } } },
    { one: { ...good, verification: { inclusionProof: { hashes: ["zz"] } } } },
  ];
  for (const answer of [...answers, { one: good }]) {
    const url = await serve(t, (_request, _body, response) => {
      response.writeHead(201).end(JSON.stringify(answer));
    });
    const witness = rekorV1Witness(url);
    if (answers.includes(answer)) await fails(t, witness.testify(request), "service-lied");
    else t.is((await witness.testify(request)).tlogEntries?.length, 1);
  }
});

test("`rekorV2Witness()` logs P-384 and P-521 with their own hash", async (t) => {
  for (const curve of ["P-384", "P-521"]) {
    const request = await asked(ecKey(curve).privateKey);
    const { tlogEntries } = await rekorV2Witness(t.context.urls.rekor2).testify(request);
    t.is(tlogEntries?.length, 1);
  }
});

test("`rekorV2Witness()` refuses keys that the log takes none of, without asking", async (t) => {
  const request = await asked(generateKeyPairSync("ed25519").privateKey);
  await fails(t, rekorV2Witness(t.context.urls.rekor2).testify(request), "key-unsuitable");
  t.is(t.context.requests.length, 0);
});

test("`rekorV2Witness()` refuses an entry that is malformed, or of another digest", async (t) => {
  const request = await asked();
  const { tlogEntries } = await rekorV2Witness(t.context.urls.rekor2).testify(request);
  const good = jsonOf(tlogEntries![0]!);
  const otherBody = (change: (text: string) => string): object => {
    const body = Buffer.from(good.canonicalizedBody, "base64").toString();
    return { ...good, canonicalizedBody: Buffer.from(change(body)).toString("base64") };
  };
  const answers = [
    {},
    { ...good, more: 1 },
    { ...good, logIndex: "-1" },
    { ...good, canonicalizedBody: "x" },
    otherBody(() => "<html>"),
    otherBody((text) => text.replace("hashedRekordV002", "dsseV002")),
    otherBody((text) => text.replace(/"digest":"./, '"digest":"_')),
  ];
  for (const answer of answers) {
    const url = await serve(t, (_, __, response) =>
      response.writeHead(201).end(JSON.stringify(answer)),
    );
    await fails(t, rekorV2Witness(url).testify(request), "service-lied");
  }
});

test("`timestampWitness()` brings a token over the signature, with the authority's certificate", async (t) => {
  const request = await asked();
  const { timestamps = [] } = await timestampWitness(t.context.urls.tsa).testify(request);
  const token = RFC3161Timestamp.parse(Buffer.from(timestamps[0]!));
  t.notThrows(() => token.tstInfo.verify(request.signed.signature));
  t.true(timestamps[0]?.includes(t.context.instance.tsa.certificate));
});

test("`timestampWitness()` takes a bare host for Sigstore's, and any other path as it is", async (t) => {
  const request = await asked();
  await timestampWitness(`${t.context.urls.tsa}/api/v1/timestamp`).testify(request);
  await fails(t, timestampWitness(`${t.context.urls.tsa}/tsr`).testify(request), "service-failed");
  const paths = t.context.requests.map(({ path }) => path);
  t.deepEqual(paths, ["/api/v1/timestamp", "/tsr"]);
});

test("`timestampWitness()` refuses a token that was not granted", async (t) => {
  const request = await asked();
  const good = t.context.instance.tsa.timestamp(request.signed.signature);
  const at = good.indexOf(Buffer.from("3003020100", "hex"));
  const rejected = Buffer.concat([good.subarray(0, at + 4), Buffer.of(2), good.subarray(at + 5)]);
  for (const answer of [rejected, Buffer.from("30053003020102", "hex"), Buffer.of()]) {
    const url = await serve(t, (_, __, response) => response.end(answer));
    await fails(t, timestampWitness(url).testify(request), "service-lied");
  }
});

function jsonOf(entry: LogEntry): Record<string, unknown> & { canonicalizedBody: string } {
  const { inclusionPromise, inclusionProof: proof, ...rest } = entry;
  const base64 = (bytes: Buffer): string => bytes.toString("base64");
  return {
    ...rest,
    logId: { keyId: base64(entry.logId.keyId) },
    inclusionPromise: inclusionPromise && {
      signedEntryTimestamp: base64(inclusionPromise.signedEntryTimestamp),
    },
    inclusionProof: proof && {
      ...proof,
      rootHash: base64(proof.rootHash),
      hashes: proof.hashes.map(base64),
    },
    canonicalizedBody: base64(entry.canonicalizedBody),
  };
}
