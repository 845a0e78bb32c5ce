import {
  TimestampAuthority,
  PURPOSE,
  authorityInstance,
  generateKeys,
  sha,
} from "mlsign-test-sigstore";
import { resigned } from "./resigned-timestamp.ts";
import {
  accepts,
  type Edit,
  instance,
  minutes,
  NOW,
  refuses,
  type Rule,
  type Side,
} from "./rules.ts";

const clock = (): Date => NOW;
const purposeless = new TimestampAuthority(clock, {
  certificate: { purposes: [PURPOSE.codeSigning] },
});
const rsa = new TimestampAuthority(clock, { keyKind: "rsa-2048" });
const trusting = (tsa: TimestampAuthority): Side => ({
  signing: { timestamps: [{ tsa }] },
  root: (root) => root.timestampAuthorities.push(authorityInstance(tsa.chain, instance.validFor)),
});
const inAnHour = { options: { now: minutes(60) } };
const certificates: Pick<Rule, "methods"> = { methods: ["keyless", "certificate"] };

refuses({
  "a timestamp by a certificate for another purpose": {
    wrong: trusting(purposeless),
    codes: ["timestamp-valid"],
  },
  "a timestamp of an unknown authority": {
    wrong: { signing: { timestamps: [{ tsa: new TimestampAuthority(clock) }] } },
    codes: ["timestamp-valid"],
  },
  "a timestamp by another key under the authority's name": {
    wrong: { signing: { timestamps: [{ keys: generateKeys() }] } },
    codes: ["timestamp-valid"],
  },
  "a timestamp over other bytes": {
    wrong: { signing: { timestamps: [{ data: Buffer.from("x") }] } },
    codes: ["timestamp-valid"],
  },
  "a timestamp of another digest": {
    wrong: { signing: { timestamps: [{ imprint: sha("x") }] } },
    codes: ["timestamp-valid"],
  },
  "a timestamp from after the authority's end": {
    right: { root: (root) => (root.timestampAuthorities[0]!.validFor.end = NOW.toISOString()) },
    wrong: {
      root: (root) => (root.timestampAuthorities[0]!.validFor.end = minutes(-1).toISOString()),
    },
    codes: ["timestamp-valid"],
  },
  "a timestamp from before the authority's start": {
    right: { root: (root) => (root.timestampAuthorities[0]!.validFor.start = NOW.toISOString()) },
    wrong: {
      root: (root) => (root.timestampAuthorities[0]!.validFor.start = minutes(1).toISOString()),
    },
    codes: ["timestamp-valid"],
  },
  "a timestamp whose authority's certificate had expired": {
    wrong: trusting(new TimestampAuthority(clock, { certificate: { notAfter: minutes(-1) } })),
    codes: ["timestamp-valid"],
  },
  "a timestamp whose authority's root is no authority": {
    wrong: trusting(new TimestampAuthority(clock, { root: { keyUsage: ["cRLSign"] } })),
    codes: ["timestamp-valid"],
  },
  "a timestamp that was not granted": {
    right: { edit: status(1) },
    wrong: { edit: status(2) },
    codes: ["timestamp-valid"],
  },
  "a timestamp that is no timestamp": {
    wrong: { edit: setTimestamps(() => [Buffer.from("0500", "hex")]) },
    codes: ["timestamp-valid"],
  },
  "a timestamp that is there twice": {
    wrong: { edit: setTimestamps((tokens) => [...tokens, ...tokens]) },
    codes: ["timestamp-valid"],
  },
  "a timestamp from the future": {
    right: { signing: { timestamps: [{ genTime: minutes(0.5) }] } },
    wrong: { signing: { timestamps: [{ genTime: minutes(2) }] } },
    codes: ["timestamp-valid"],
  },
  "a log's time from the future": {
    right: { signing: { logs: [{ log: 1, integratedTime: minutes(0.5) }] } },
    wrong: { signing: { logs: [{ log: 1, integratedTime: minutes(2) }] } },
    codes: ["log-entry"],
  },
  "a second timestamp at which the certificate had expired": {
    ...certificates,
    right: { ...inAnHour, signing: { timestamps: [{}, { genTime: minutes(10) }] } },
    wrong: { signing: { timestamps: [{}, { genTime: minutes(10.1) }] } },
    codes: ["certificate-time"],
  },
  "a second timestamp at which the certificate was not valid yet": {
    ...certificates,
    right: { signing: { timestamps: [{}, { genTime: NOW }] } },
    wrong: { signing: { timestamps: [{}, { genTime: minutes(-0.1) }] } },
    codes: ["certificate-time"],
  },
  "a log's time at which the certificate had expired": {
    ...certificates,
    right: { ...inAnHour, signing: { logs: [{ log: 1, integratedTime: minutes(10) }] } },
    wrong: { signing: { logs: [{ log: 1, integratedTime: minutes(11) }] } },
    codes: ["certificate-time"],
  },
  "a log's time that no promise signs for": {
    methods: ["keyless"],
    right: { signing: { timestamps: [] } },
    wrong: { signing: { timestamps: [], logs: [{ log: 1, promise: false }] } },
    codes: ["certificate-time"],
  },
  "a Rekor v2 log's time": {
    methods: ["keyless"],
    right: { signing: { logs: [{ log: 2 }] } },
    wrong: {
      signing: { logs: [{ log: 2 }], timestamps: [] },
      edit: (bundle) => {
        bundle.verificationMaterial.tlogEntries[0]!.integratedTime = String(NOW.getTime() / 1000);
      },
    },
    codes: ["certificate-time"],
  },
  "no timestamp where one is required": {
    right: { options: { requireTimestamp: true } },
    wrong: { signing: { timestamps: [] } },
    codes: ["timestamp-valid"],
  },
});

accepts({
  ...Object.fromEntries(
    ["1", "12", "123", "1234", "12345", "123456", "1234567", "12345678", "123456789"].map(
      (fraction) => [
        `a timestamp with a fraction of ${fraction.length} digits`,
        { signing: { logs: [{ log: 2 }], timestamps: [{ fraction: `.${fraction}` }] } },
      ],
    ),
  ),
  "a timestamp of an RSA authority": trusting(rsa),
  "a timestamp of an RSA authority with SHA-512": {
    ...trusting(rsa),
    edit: setTimestamps((tokens) => tokens.map((token) => resigned(token, rsa.keys, "sha512"))),
  },
  "a timestamp of an RSA authority that names the hash in its signature algorithm": {
    ...trusting(rsa),
    edit: setTimestamps((tokens) =>
      tokens.map((token) => resigned(token, rsa.keys, "sha384", true)),
    ),
  },
  "a timestamp over a SHA-512 imprint": { signing: { timestamps: [{ hash: "sha512" }] } },
  "a timestamp that brings its certificate": { signing: { timestamps: [{ certificates: true }] } },
  "two timestamps of one authority": {
    signing: { timestamps: [{}, { genTime: minutes(0.5) }] },
  },
  "a forged time that nobody signed for, and that does not count": {
    signing: { logs: [{ log: 1, promise: false }] },
    edit: (bundle) => (bundle.verificationMaterial.tlogEntries[0]!.integratedTime = "1"),
  },
  "an expired certificate whose signature has a timestamp": inAnHour,
});

/** Rewrites PKIStatus (RFC 3161 2.4.2) in a response of status 0. */
function status(value: number): Edit {
  return setTimestamps((tokens) =>
    tokens.map((token) => {
      const at = token.indexOf(Buffer.from("3003020100", "hex"));
      return Buffer.concat([token.subarray(0, at + 4), Buffer.of(value), token.subarray(at + 5)]);
    }),
  );
}

function setTimestamps(change: (tokens: Buffer[]) => Buffer[]): Edit {
  return ({ verificationMaterial: { timestampVerificationData: data } }) => {
    const tokens = data.rfc3161Timestamps.map((one) => Buffer.from(one.signedTimestamp, "base64"));
    data.rfc3161Timestamps = change(tokens).map((token) => ({
      signedTimestamp: token.toString("base64"),
    }));
  };
}
