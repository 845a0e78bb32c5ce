import { parseCertificate } from "@mlsign/x509";
import test from "ava";
import {
  Authority,
  authorityInstance,
  type CaCertificate,
  CtLog,
  fulcioShape,
  generateKeys,
  type LeafShape,
  PURPOSE,
  selfSigned,
} from "mlsign-test-sigstore";
import {
  accepts,
  ALICE,
  codesOf,
  instance,
  ISSUER,
  minutes,
  NOW,
  PAYLOAD,
  refuses,
  type Rule,
  type Side,
} from "./rules.ts";

const clock = (): Date => NOW;
const { authority, ctlog } = instance;
const strangers = generateKeys();
const evil = new Authority(clock, ctlog);
const certificates: Pick<Rule, "methods"> = { methods: ["keyless", "certificate"] };
const critical = { oid: "1.2.3.4", critical: true, value: Buffer.from([5, 0]) };
const V02 = "application/vnd.dev.sigstore.bundle+json;version=0.2";

refuses({
  "a certificate that is an authority's": leaf(
    { ca: true, keyUsage: ["digitalSignature", "keyCertSign"] },
    ["certificate-purpose"],
    { ca: false },
  ),
  "a certificate for encryption": leaf({ keyUsage: ["keyEncipherment"] }, ["certificate-purpose"]),
  "a certificate without a key usage": leaf({ keyUsage: undefined }, ["certificate-purpose"]),
  "a TLS server's certificate": leaf({ purposes: [PURPOSE.serverAuth] }, ["certificate-purpose"], {
    purposes: [PURPOSE.serverAuth, PURPOSE.codeSigning],
  }),
  "a certificate for any purpose": leaf({ purposes: [PURPOSE.any] }, ["certificate-purpose"]),
  "a certificate without a purpose": leaf({ purposes: undefined }, ["certificate-purpose"]),
  "a certificate with an unknown critical extension": leaf(
    { extensions: [critical] },
    ["certificate-chain", "certificate-purpose"],
    { extensions: [{ ...critical, critical: false }] },
  ),
  "a certificate of an unknown authority": leaf({ issuer: evil.intermediate }, [
    "certificate-chain",
  ]),
  "a certificate whose issuer's name is another": leaf(
    { issuer: { ...authority.intermediate, name: "other" } },
    ["certificate-chain"],
  ),
  "a certificate by another key under the authority's name": leaf(
    { issuer: { ...authority.intermediate, keys: strangers } },
    ["certificate-chain"],
  ),
  "a certificate whose signature is damaged": {
    ...certificates,
    wrong: {
      edit: ({ verificationMaterial: { certificate, x509CertificateChain: chain } }) => {
        const one = certificate ?? chain!.certificates[0]!;
        const der = Buffer.from(one.rawBytes, "base64");
        der[der.length - 1]! ^= 1;
        one.rawBytes = der.toString("base64");
      },
    },
    // The log entry names the certificate that was.
    codes: ["certificate-chain", "log-entry"],
  },
  "an issuer that no longer was valid": below("expired", { notAfter: minutes(-1) }, [
    "certificate-time",
  ]),
  "an issuer that was not valid yet": below("future", { notBefore: minutes(1) }, [
    "certificate-time",
  ]),
  "an issuer without keyCertSign": below("no-sign", { keyUsage: ["cRLSign"] }, [
    "certificate-chain",
  ]),
  "an issuer without a key usage": below("no-usage", { keyUsage: undefined }, [
    "certificate-chain",
  ]),
  "an issuer that is no authority": below("no-ca", { ca: false }, ["certificate-chain"]),
  "an issuer without basic constraints": below("none", { ca: undefined }, ["certificate-chain"]),
  "an issuer with an unknown critical extension": below("critical", { extensions: [critical] }, [
    "certificate-chain",
  ]),
  "a path that is longer than an authority allows": {
    ...certificates,
    right: trusting(authority.subordinate("above", { pathLength: 1 })),
    wrong: trusting(
      authority.subordinate("below", {}, authority.intermediate),
      authority.intermediate.der,
    ),
    codes: ["certificate-chain"],
  },
});

refuses({
  "an authority that had ended in the trusted root": {
    methods: ["keyless"],
    right: { root: (root) => (root.certificateAuthorities[0]!.validFor.end = NOW.toISOString()) },
    wrong: {
      root: (root) => (root.certificateAuthorities[0]!.validFor.end = minutes(-1).toISOString()),
    },
    codes: ["certificate-chain"],
  },
  "a certificate without a promise of a transparency log": ct({ scts: false }),
  "a promise of an unknown transparency log": ct({ scts: authority.timestamps(new CtLog(clock)) }),
  "a promise by another key than the log's": ct({
    scts: (tbs, spki) => [ctlog.sct(tbs, spki, { keys: strangers })],
  }),
  "a promise for another certificate": ct({
    scts: (tbs, spki) => [ctlog.sct(Buffer.concat([tbs, Buffer.of(0)]), spki)],
  }),
  "a promise from before the log": ct({
    scts: (tbs, spki) => [ctlog.sct(tbs, spki, { at: new Date(0) })],
  }),
  "two promises of one transparency log": ct({ scts: authority.timestamps(ctlog, ctlog) }),
  "a good promise beside that of an unknown log": ct({
    scts: authority.timestamps(ctlog, new CtLog(clock)),
  }),
  "a promise of a log that had ended": {
    methods: ["keyless"],
    right: { root: (root) => (root.ctlogs[0]!.publicKey.validFor.end = NOW.toISOString()) },
    wrong: { root: (root) => (root.ctlogs[0]!.publicKey.validFor.end = minutes(-1).toISOString()) },
    codes: ["certificate-log"],
  },
  "a chain in a v0.3 bundle of an identity": {
    methods: ["keyless"],
    right: { signing: { mediaType: V02, chain: authority.chain } },
    wrong: { signing: { chain: authority.chain } },
    codes: ["bundle-form"],
  },
  "a chain of the signer's own making": {
    methods: ["certificate"],
    contents: [PAYLOAD],
    wrong: { chain: evil.chain, signing: { leaf: { issuer: evil.intermediate } } },
    codes: ["certificate-chain"],
  },
  "a certificate that is its own, and that nobody trusts": {
    methods: ["certificate"],
    contents: [PAYLOAD],
    right: ownCertificate((own) => own),
    wrong: ownCertificate(() => selfSigned(clock, "own").der),
    codes: ["certificate-chain"],
  },
  "a certificate that nobody issued, but that the trusted root lists": {
    methods: ["keyless"],
    contents: [PAYLOAD],
    ...listedLeaf(),
    codes: ["certificate-chain"],
  },
  "a certificate that has expired, where no time is trusted": {
    methods: ["certificate"],
    contents: [PAYLOAD],
    right: { signing: { logs: [], timestamps: [] } },
    wrong: { options: { now: minutes(11) } },
    codes: ["certificate-time"],
  },
  "a certificate that is PEM where DER belongs": {
    methods: ["keyless"],
    wrong: {
      edit: ({ verificationMaterial: { certificate } }) => {
        const pem = parseCertificate(Buffer.from(certificate!.rawBytes, "base64")).toPem();
        certificate!.rawBytes = Buffer.from(pem).toString("base64");
      },
    },
    codes: ["bundle-form", "log-entry"],
  },
  "a certificate that is none": {
    methods: ["certificate"],
    wrong: {
      edit: ({ verificationMaterial: { x509CertificateChain: chain } }) => {
        chain!.certificates[0]!.rawBytes = "MAA=";
      },
    },
    codes: ["bundle-form"],
  },
});

accepts({
  "a second authority in the trusted root": {
    methods: ["keyless"],
    root: (root) =>
      root.certificateAuthorities.unshift(authorityInstance(evil.chain, instance.validFor)),
  },
  "the root in a chain, which is not looked at": {
    methods: ["certificate"],
    chain: authority.chain,
  },
});

test("`verifyBundle()` names every reason at once", async (t) => {
  const codes = await codesOf({
    signing: {
      leaf: { scts: false, purposes: [PURPOSE.serverAuth] },
      logs: [],
      identity: { issuer: "x" },
    },
  });
  t.deepEqual(codes, [
    "certificate-log",
    "certificate-purpose",
    "identity-match",
    "issuer-match",
    "log-entry",
  ]);
});

/** `undefined` leaves out what the builder would put in. */
type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined };

function leaf(shape: Loose<LeafShape>, codes: string[], right: Loose<LeafShape> = {}): Rule {
  return {
    ...certificates,
    right: { signing: signingOf(right) },
    wrong: { signing: signingOf(shape) },
    codes,
  };
}

function signingOf(shape: Loose<LeafShape>): NonNullable<Side["signing"]> {
  return { leaf: shape as LeafShape };
}

/** A leaf below an authority of another shape, which the caller's root issued. */
function below(name: string, shape: Loose<LeafShape>, codes: string[]): Rule {
  return {
    ...certificates,
    right: trusting(authority.subordinate("good")),
    wrong: trusting(authority.subordinate(name, shape as object)),
    codes,
  };
}

function trusting(ca: CaCertificate, ...between: Buffer[]): Side {
  const chain = [ca.der, ...between];
  return {
    signing: { leaf: { issuer: ca } },
    chain,
    root: (root) => {
      root.certificateAuthorities = [
        authorityInstance([...chain, authority.root.der], instance.validFor),
      ];
    },
  };
}

function ct(shape: LeafShape): Rule {
  return {
    methods: ["keyless"],
    wrong: { signing: { leaf: shape } },
    codes: ["certificate-log"],
  };
}

/** A self-signed certificate for signing code, and which anchor is trusted beside it. */
function ownCertificate(anchor: (own: Buffer) => Buffer): Side {
  const { keys, der } = selfSigned(clock, "own", {
    ca: false,
    keyUsage: ["digitalSignature"],
    purposes: [PURPOSE.codeSigning],
    ...fulcioShape({ names: [{ type: "email", value: ALICE }], issuer: ISSUER }),
  });
  return {
    signing: { keys, certificate: der, logs: [], timestamps: [] },
    chain: [],
    trust: (trust) =>
      ({
        ...trust,
        method: "certificate",
        anchors: [parseCertificate(anchor(der))],
      }) as typeof trust,
  };
}

/** A self-signed leaf that is an authority of the trusted root: that is no issuer. */
function listedLeaf(): Pick<Rule, "right" | "wrong"> {
  const { keys, der } = selfSigned(clock, "own", {
    ca: false,
    keyUsage: ["digitalSignature"],
    purposes: [PURPOSE.codeSigning],
    ...fulcioShape({ names: [{ type: "email", value: ALICE }], issuer: ISSUER }),
  });
  const root: Side["root"] = ({ certificateAuthorities }) => {
    certificateAuthorities.push(authorityInstance([der], instance.validFor));
  };
  return { right: { root }, wrong: { signing: { keys, certificate: der } } };
}
