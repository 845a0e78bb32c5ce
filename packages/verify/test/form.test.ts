import { parseBundle } from "@mlsign/bundle";
import { decide, MlsignError } from "@mlsign/core";
import { verifyBundle } from "@mlsign/verify";
import test from "ava";
import { type BundleJson, generateKeys, hintOf, sha } from "mlsign-test-sigstore";
import {
  accepts,
  type Edit,
  findingsOf,
  make,
  type Method,
  METHODS,
  minutes,
  NOW,
  PAYLOAD,
  refuses,
  type Rule,
} from "./rules.ts";

const V = "application/vnd.dev.sigstore.bundle";
const V01 = { mediaType: `${V}+json;version=0.1`, logs: [{ log: 1 as const, proof: false }] };
const malformed = (edit: Edit, code = "bundle-malformed"): Rule => ({
  contents: [PAYLOAD],
  wrong: { edit },
  codes: [code],
});
const bundle = (change: (bundle: Loose) => unknown): Rule =>
  malformed((json) => void change(json as unknown as Loose));
const material = (change: (material: Loose) => unknown): Rule =>
  bundle((json) => change(json["verificationMaterial"] as Loose));
type Loose = Record<string, unknown>;

refuses({
  "a media type that is none of Sigstore's": bundle(
    (json) => (json["mediaType"] = "application/json"),
  ),
  "a bundle of v0.4": bundle((json) => (json["mediaType"] = `${V}.v0.4+json`)),
  "a bundle of v0.9 in the old spelling": bundle(
    (json) => (json["mediaType"] = `${V}+json;version=0.9`),
  ),
  "a media type with more behind it": bundle((json) => (json["mediaType"] = `${V}.v0.3+json;x=1`)),
  "no media type": bundle((json) => delete json["mediaType"]),
  "a bundle of v0.1, unless the caller said so": {
    right: { signing: V01, options: { acceptV01: true } },
    wrong: { options: {} },
    codes: ["bundle-form"],
  },
  "an envelope and a message in one": bundle((json) => {
    json["messageSignature"] = {
      messageDigest: { algorithm: "SHA2_256", digest: Buffer.alloc(32).toString("base64") },
      signature: "AAAA",
    };
  }),
  "neither envelope nor message": bundle((json) => delete json["dsseEnvelope"]),
  "two signatures": envelope((dsse) => dsse.signatures.push(dsse.signatures[0]!)),
  "no signature": envelope((dsse) => dsse.signatures.pop()),
  "an empty payload": envelope((dsse) => (dsse.payload = "")),
  "base64 without its padding": envelope(
    (dsse) => (dsse.payload = Buffer.from("{}").toString("base64").replace("=", "")),
    "json-invalid",
  ),
  "base64 of the URL alphabet": envelope((dsse) => {
    dsse.signatures[0]!.sig = `-_${dsse.signatures[0]!.sig.slice(2)}`;
  }, "json-invalid"),
  "base64 with a line break": envelope((dsse) => (dsse.payload += "\n"), "json-invalid"),
  "base64 with bits behind its end": envelope((dsse) => (dsse.payload = "eyB="), "json-invalid"),
  "an unknown field in the bundle": bundle((json) => (json["more"] = 1)),
  "an unknown field in the envelope": bundle((json) => {
    (json["dsseEnvelope"] as Loose)["more"] = 1;
  }),
  "an unknown field in the material": material((of) => (of["more"] = 1)),
  "a field in snake case beside its own": material((of) => (of["tlog_entries"] = [])),
  "a field in snake case": material((of) => {
    of["tlog_entries"] = of["tlogEntries"];
    delete of["tlogEntries"];
  }),
  "two kinds of material": material((of) => {
    of["publicKey"] ??= { hint: "x" };
    of["certificate"] ??= { rawBytes: "MAA=" };
  }),
  "no material": material((of) => {
    delete of["publicKey"];
    delete of["certificate"];
    delete of["x509CertificateChain"];
  }),
  "33 log entries": material((of) => {
    of["tlogEntries"] = Array.from({ length: 33 }, () => (of["tlogEntries"] as unknown[])[0]);
  }),
  "33 timestamps": material((of) => {
    const [one] = (of["timestampVerificationData"] as { rfc3161Timestamps: unknown[] })
      .rfc3161Timestamps;
    of["timestampVerificationData"] = { rfc3161Timestamps: Array.from({ length: 33 }, () => one) };
  }),
  "a log entry without a proof": malformed(({ verificationMaterial: { tlogEntries } }) => {
    delete tlogEntries[0]!.inclusionProof;
  }),
  "a negative index": malformed(({ verificationMaterial: { tlogEntries } }) => {
    tlogEntries[0]!.logIndex = "-1";
  }),
  "an index beyond 64 bits": malformed(({ verificationMaterial: { tlogEntries } }) => {
    tlogEntries[0]!.logIndex = String(2n ** 63n);
  }),
  "a proof hash that is not 32 bytes": malformed(({ verificationMaterial: { tlogEntries } }) => {
    tlogEntries[0]!.inclusionProof!.hashes[0] = "AAAA";
  }),
  "a v0.1 log entry without a promise": {
    contents: [PAYLOAD],
    right: { signing: V01, options: { acceptV01: true } },
    wrong: { signing: { ...V01, logs: [{ log: 1, promise: false }] } },
    codes: ["bundle-malformed"],
  },
  "an empty certificate chain": {
    methods: ["certificate"],
    contents: [PAYLOAD],
    wrong: {
      edit: ({ verificationMaterial: { x509CertificateChain: chain } }) => {
        chain!.certificates = [];
      },
    },
    codes: ["bundle-malformed"],
  },
  "a hint that is the fingerprint of another key": {
    methods: ["key"],
    wrong: { signing: { hint: hintOf(generateKeys()) } },
    codes: ["key-hint"],
  },
  "a keyid that is not the hint": {
    methods: ["key"],
    contents: [PAYLOAD],
    right: { signing: { hint: "prod", keyid: "prod" } },
    wrong: { signing: { hint: "prod", keyid: "staging" } },
    codes: ["key-hint"],
  },
});

const duplicates: [name: string, needle: string, added: string][] = [
  ["in the bundle", '{"mediaType"', '{"mediaType":"x","mediaType"'],
  ["in the envelope", '"payloadType"', '"payloadType":"x","payloadType"'],
  ["that is spelled with an escape", '"payload":', '"p\\u0061yload":"AAAA","payload":'],
];
for (const [where, needle, added] of duplicates) {
  test(`\`parseBundle()\` refuses a duplicate key ${where}`, (t) => {
    const text = JSON.stringify(make({}).json);
    t.notThrows(() => parseBundle(Buffer.from(text)));
    t.throws(() => parseBundle(Buffer.from(text.replace(needle, added))), coded("json-invalid"));
  });
}

test("`verifyBundle()` says so of a hint that is no fingerprint, and accepts it", async (t) => {
  const findings = await findingsOf({ method: "key", signing: { hint: "my key" } });
  const hint = findings.find(({ code }) => code === "key-hint");
  t.like(hint, { outcome: "fail", severity: "warning" });
});

test("`verifyBundle()` accepts every hint that is the key's own", async (t) => {
  const keys = generateKeys();
  const hex = (data: string | Buffer): string => sha(data).toString("hex");
  for (const hint of [hintOf(keys), hex(keys.spki), hex(keys.pem), ""]) {
    const findings = await findingsOf({ method: "key", signing: { keys, hint } });
    t.deepEqual(
      findings.filter(({ code }) => code === "key-hint"),
      [],
      hint,
    );
  }
});

// The kind of key comes from the caller, never from the bundle.
for (const signed of METHODS) {
  for (const trusted of METHODS) {
    if ((signed === "key") === (trusted === "key")) continue;
    test(`\`verifyBundle()\` refuses a bundle of method ${signed} under ${trusted}`, async (t) => {
      const { json, keys } = make({ method: signed });
      const { trust } = make({ method: trusted, signing: { keys } });
      const read = parseBundle(Buffer.from(JSON.stringify(json)));
      const result = await verifyBundle(read, trust, { now: NOW, use: "claim" });
      t.deepEqual(
        result.findings.map(({ code, outcome }) => [code, outcome]),
        [["method-match", "fail"]],
      );
      t.false(result.valid);
    });
  }
}

test("`verifyBundle()` warns where neither log nor timestamp was checked", async (t) => {
  for (const method of ["key", "certificate"] satisfies Method[]) {
    const findings = await findingsOf({ method, signing: { logs: [], timestamps: [] } });
    t.like(findings.at(-1), { code: "no-transparency", outcome: "fail", severity: "warning" });
    t.is(decide(findings as never), "accepted");
  }
});

accepts({
  "a bundle of v0.2 with its chain": {
    signing: { mediaType: `${V}+json;version=0.2` },
  },
  "a bundle of v0.3 in the old spelling": { signing: { mediaType: `${V}+json;version=0.3` } },
  "32 timestamps": {
    signing: {
      timestamps: Array.from({ length: 32 }, (_, index) => ({ genTime: minutes(index / 60) })),
    },
  },
});

function envelope(
  change: (dsse: NonNullable<BundleJson["dsseEnvelope"]>) => unknown,
  code?: string,
): Rule {
  return malformed((json) => void change(json.dsseEnvelope!), code);
}

function coded(code: string): { instanceOf: typeof MlsignError; code: string } {
  return { instanceOf: MlsignError, code };
}
