import { generateKeyPairSync } from "node:crypto";
import { MlsignError } from "@mlsign/core";
import { parseTrustConfig, parseTrustedRoot } from "@mlsign/trust";
import test from "ava";
import { Instance, sha, type TrustedRootJson } from "mlsign-test-sigstore";

const instance = new Instance();
const bytes = (json: unknown): Buffer => Buffer.from(JSON.stringify(json));
const changed = (change: (root: TrustedRootJson) => unknown): TrustedRootJson => {
  const root = structuredClone(instance.trustedRoot);
  change(root);
  return root;
};
const refusal = { instanceOf: MlsignError, code: "trusted-root-invalid" };

test("`parseTrustedRoot()` reads a trusted root, and names its bytes and its source", (t) => {
  const data = bytes(instance.trustedRoot);
  const { root, sha256, source } = parseTrustedRoot(data, "root.json");
  t.is(sha256, sha(data).toString("hex"));
  t.is(source, "root.json");
  t.is(root.tlogs.length, 2);
  t.deepEqual(root.tlogs[0]?.publicKey?.validFor?.start, new Date(instance.validFor.start!));
});

const MEDIA = "application/vnd.dev.sigstore.trustedroot";
const mediaTypes: [mediaType: unknown, known: boolean][] = [
  [`${MEDIA}+json;version=0.1`, true],
  [`${MEDIA}+json;version=0.2`, true],
  [`${MEDIA}.v0.1+json`, true],
  [`${MEDIA}.v0.2+json`, true],
  [`${MEDIA}.v0.3+json`, false],
  [`${MEDIA}.v0.2+json;x=1`, false],
  [`${MEDIA}+json;version=1.1`, false],
  ["application/json", false],
  [undefined, false],
  [7, false],
];
for (const [mediaType, known] of mediaTypes) {
  test(`\`parseTrustedRoot()\` ${known ? "reads" : "refuses"} the media type ${String(mediaType)}`, (t) => {
    const parse = (): unknown =>
      parseTrustedRoot(bytes({ ...instance.trustedRoot, mediaType }), "r");
    if (known) t.notThrows(parse);
    else t.throws(parse, refusal);
  });
}

const invalid: [name: string, change: (root: TrustedRootJson) => unknown][] = [
  ["a transparency log without a start", (root) => delete root.tlogs[1]!.publicKey.validFor.start],
  [
    "a transparency log without validity",
    (root) =>
      delete (root.tlogs[0]!.publicKey as Partial<TrustedRootJson["tlogs"][0]["publicKey"]>)
        .validFor,
  ],
  [
    "a log without a key",
    (root) => delete (root.tlogs[0] as Partial<TrustedRootJson["tlogs"][0]>).publicKey,
  ],
  ["a log with an empty key", (root) => (root.tlogs[0]!.publicKey.rawBytes = "")],
  ["a log with a key that is none", (root) => (root.tlogs[0]!.publicKey.rawBytes = "MAA=")],
  [
    "a log without an id",
    (root) => delete (root.ctlogs[0] as Partial<TrustedRootJson["ctlogs"][0]>).logId,
  ],
  [
    "a certificate log with a key that is none",
    (root) => (root.ctlogs[0]!.publicKey.rawBytes = "AAAA"),
  ],
  [
    "an authority with an empty chain",
    (root) => (root.certificateAuthorities[0]!.certChain.certificates = []),
  ],
  [
    "an authority without a chain",
    (root) =>
      delete (
        root.certificateAuthorities[0] as Partial<TrustedRootJson["certificateAuthorities"][0]>
      ).certChain,
  ],
  [
    "a timestamp authority with an empty chain",
    (root) => (root.timestampAuthorities[0]!.certChain.certificates = []),
  ],
  [
    "a certificate that is none",
    (root) => (root.timestampAuthorities[0]!.certChain.certificates[0]!.rawBytes = "MAA="),
  ],
  [
    "a certificate with a byte behind it",
    (root) => {
      const one = root.certificateAuthorities[0]!.certChain.certificates[0]!;
      one.rawBytes = Buffer.concat([Buffer.from(one.rawBytes, "base64"), Buffer.of(0)]).toString(
        "base64",
      );
    },
  ],
];
for (const [name, change] of invalid) {
  test(`\`parseTrustedRoot()\` refuses ${name}`, (t) => {
    const error = t.throws(() => parseTrustedRoot(bytes(changed(change)), "root.json"), refusal);
    t.regex(error?.message ?? "", /^Cannot read root\.json: /);
  });
}

test("`parseTrustedRoot()` refuses what is not strict JSON", (t) => {
  const text = JSON.stringify(instance.trustedRoot);
  for (const bad of [
    "",
    "[]",
    "null",
    text.slice(1),
    `${text}x`,
    text.replace("{", '{"tlogs":[],'),
  ]) {
    t.throws(() => parseTrustedRoot(Buffer.from(bad), "r"), refusal);
  }
  t.throws(() => parseTrustedRoot(Buffer.alloc(17 * 1024 * 1024, 0x20), "r"), refusal);
});

test("`parseTrustedRoot()` leaves out `checkpointKeyId`, 4 bytes or more", (t) => {
  const json = changed((root) => {
    for (const log of root.tlogs)
      Object.assign(log, { checkpointKeyId: { keyId: log.logId.keyId.slice(0, 4) } });
  });
  const { root } = parseTrustedRoot(bytes(json), "r");
  t.true(root.tlogs.every(({ checkpointKeyId }) => checkpointKeyId === undefined));
});

test("`parseTrustedRoot()` reads RSA keys in both of their forms", (t) => {
  const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pkcs1 = publicKey.export({ format: "der", type: "pkcs1" });
  const spki = publicKey.export({ format: "der", type: "spki" });
  const forms: [details: string, key: Buffer][] = [
    ["PKCS1_RSA_PKCS1V5", pkcs1],
    ["PKIX_RSA_PKCS1V5", spki],
    ["PKIX_RSA_PKCS1V15_2048_SHA256", spki],
  ];
  for (const [keyDetails, key] of forms) {
    const json = changed((root) =>
      Object.assign(root.ctlogs[0]!.publicKey, { keyDetails, rawBytes: key.toString("base64") }),
    );
    const [log] = parseTrustedRoot(bytes(json), "r").root.ctlogs;
    // `@sigstore/verify` reads each of these names as PKCS #1.
    t.deepEqual(log?.publicKey?.rawBytes, pkcs1, keyDetails);
  }
});

test("`parseTrustConfig()` reads both sides, however the second is spelled", (t) => {
  const { signingConfig, trustedRoot, mediaType } = instance.clientTrustConfig();
  for (const name of ["signingConfig", "signing_config"]) {
    const config = parseTrustConfig(
      bytes({ mediaType, trustedRoot, [name]: signingConfig }),
      "config.json",
    );
    t.is(config.trustedRoot.root.tlogs.length, 2);
    t.is(config.signingConfig?.rekor.length, 2);
  }
  t.is(parseTrustConfig(bytes({ trustedRoot }), "c").signingConfig, undefined);
});

test("`parseTrustConfig()` refuses a config whose parts are wrong", (t) => {
  const { signingConfig, trustedRoot } = instance.clientTrustConfig();
  const configs = [
    {},
    [],
    { trustedRoot: [] },
    { trustedRoot: {} },
    { signingConfig },
    { trustedRoot, signingConfig: { ...signingConfig, mediaType: "x" } },
    { trustedRoot: changed((root) => delete root.tlogs[0]!.publicKey.validFor.start) },
  ];
  for (const config of configs) t.throws(() => parseTrustConfig(bytes(config), "c"), refusal);
  t.throws(() => parseTrustConfig(Buffer.from("{"), "c"), { instanceOf: MlsignError });
});
