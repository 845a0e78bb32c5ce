import {
  type Certificate,
  certificatePath,
  parseCertificate,
  type PathOptions,
} from "@mlsign/x509";
import test from "ava";
import {
  Authority,
  buildCertificate,
  type CaCertificate,
  generateKeys,
  Instance,
  type LeafShape,
  selfSigned,
} from "mlsign-test-sigstore";
import { withSha1 } from "./helpers.ts";

const NOW = new Date("2026-03-04T05:06:07Z");
const clock = (): Date => NOW;
const { authority, ctlog } = new Instance({ clock });
const keys = generateKeys();
const parse = (...ders: readonly Buffer[]): Certificate[] =>
  ders.map((der) => parseCertificate(der));
const [intermediate, root] = parse(...authority.chain) as [Certificate, Certificate];
const minutes = (count: number): Date => new Date(NOW.getTime() + count * 60_000);

function leaf(shape: LeafShape = {}): Certificate {
  return parseCertificate(authority.issue(keys.publicKey, shape).der);
}

function fault(
  certificate: Certificate,
  options: Partial<PathOptions>,
): { fault: string; expired: boolean } | undefined {
  const found = certificatePath(certificate, {
    untrusted: [intermediate],
    anchors: [root],
    at: [NOW],
    ...options,
  });
  return "fault" in found ? found : undefined;
}

test("`certificatePath()` leads from the leaf to the anchor", (t) => {
  const own = leaf();
  t.deepEqual(certificatePath(own, { untrusted: [intermediate], anchors: [root], at: [NOW] }), {
    path: [own, intermediate, root],
  });
  t.deepEqual(certificatePath(own, { untrusted: [root], anchors: [intermediate], at: [] }), {
    path: [own, intermediate],
  });
});

test("`certificatePath()` takes a leaf that is an anchor, and no other self-signed one", (t) => {
  const own = parseCertificate(selfSigned(clock, "own").der);
  t.deepEqual(certificatePath(own, { untrusted: [], anchors: [own], at: [NOW] }), { path: [own] });
  t.truthy(fault(own, { anchors: [parseCertificate(selfSigned(clock, "own").der)] }));
});

const lower = authority.subordinate("lower", {}, authority.intermediate);
const allowing = authority.subordinate("allowing", { pathLength: 1 });
const below = authority.subordinate("below", {}, allowing);
const critical = { oid: "2.5.29.30", critical: true, value: Buffer.from("3000", "hex") };
const constrained = authority.subordinate("constrained", { extensions: [critical] });
const issuing = (
  ca: CaCertificate,
  ...between: Buffer[]
): [Certificate, PathOptions["untrusted"]] => [leaf({ issuer: ca }), parse(ca.der, ...between)];
const evil = new Authority(clock, ctlog);

const refused: [name: string, path: [Certificate, PathOptions["untrusted"]], message: RegExp][] = [
  ["an unknown authority", issuing(evil.intermediate, ...evil.chain), /no trusted authority/],
  ["a chain with a gap", [leaf(), []], /no trusted authority/],
  [
    "an issuer without keyCertSign",
    issuing(authority.subordinate("a", { keyUsage: ["cRLSign"] })),
    /not a certificate authority/,
  ],
  [
    "an issuer without the bit",
    issuing(authority.subordinate("b", { ca: false })),
    /not a certificate authority/,
  ],
  ["a leaf that issues", issuedByLeaf(), /not a certificate authority/],
  ["a path that is too long", issuing(lower, authority.intermediate.der), /path length/],
  ["an issuer with name constraints", issuing(constrained), /critical extension 2\.5\.29\.30/],
  [
    "a leaf with a critical extension",
    [leaf({ extensions: [{ ...critical, oid: "1.2.3.4" }] }), [intermediate]],
    /critical extension/,
  ],
  [
    "a leaf signed with SHA-1",
    [sha1(leaf(), authority.intermediate), [intermediate]],
    /1\.2\.840\.10045\.4\.1 is not allowed/,
  ],
  [
    "an issuer signed with SHA-1",
    [leaf(), [sha1(intermediate, authority.root)]],
    /1\.2\.840\.10045\.4\.1 is not allowed/,
  ],
  [
    "an issuer with another name",
    [leaf({ issuer: { ...authority.intermediate, name: "x" } }), [intermediate]],
    /no trusted authority/,
  ],
  [
    "an issuer with another key",
    [leaf({ issuer: { ...authority.intermediate, keys } }), [intermediate]],
    /no trusted authority/,
  ],
];
for (const [name, [certificate, untrusted], message] of refused) {
  test(`\`certificatePath()\` refuses ${name}`, (t) => {
    const found = fault(certificate, { untrusted });
    t.regex(found?.fault ?? "a path", message);
    t.false(found?.expired);
  });
}

test("`certificatePath()` accepts a path that is as long as allowed", (t) => {
  const [certificate, untrusted] = issuing(below, allowing.der);
  t.is(fault(certificate, { untrusted }), undefined);
});

test("`certificatePath()` wants each certificate valid at each time", (t) => {
  t.is(fault(leaf(), { at: [NOW, minutes(10)] }), undefined);
  t.like(fault(leaf(), { at: [NOW, minutes(11)] }), { expired: true });
  t.like(fault(leaf(), { at: [minutes(-1), NOW] }), { expired: true });
  const [certificate, untrusted] = issuing(authority.subordinate("old", { notAfter: minutes(-1) }));
  const found = fault(certificate, { untrusted });
  t.like(found, { expired: true });
  t.regex(found?.fault ?? "", /its issuer is valid from/);
});

test("`certificatePath()` finds the good one of two issuers of one name and key", (t) => {
  const old = reissued(authority.intermediate, { notAfter: minutes(-1) });
  const untrusted = [parseCertificate(old), intermediate];
  t.is(fault(leaf(), { untrusted }), undefined);
  t.is(fault(leaf(), { untrusted: untrusted.toReversed() }), undefined);
});

test("`certificatePath()` ends where certificates lead in a circle", (t) => {
  const [a, b] = [selfSigned(clock, "a"), selfSigned(clock, "b")];
  const circle = [reissued(a, {}, b), reissued(b, {}, a)];
  const certificate = leaf({ issuer: a });
  t.regex(
    fault(certificate, { untrusted: parse(...circle, a.der, b.der) })?.fault ?? "",
    /no trusted authority/,
  );
});

test("`certificatePath()` ends soon where cross-signed certificates lead everywhere", (t) => {
  const cas = Array.from({ length: 10 }, (_, at) => selfSigned(clock, `ca${at}`));
  const crossed = cas.flatMap((one) =>
    cas.filter((other) => other !== one).map((other) => reissued(one, {}, other)),
  );
  const certificate = leaf({ issuer: cas[0]! });
  const untrusted = parse(...crossed);
  const started = performance.now();
  t.truthy(fault(certificate, { untrusted }));
  t.true(performance.now() - started < 5000);
});

test("`certificatePath()` ends where a chain is longer than any should be", (t) => {
  let issuer = authority.root;
  const chain: Buffer[] = [];
  for (let depth = 0; depth < 12; depth += 1) {
    issuer = authority.subordinate(`d${depth}`, {}, issuer);
    chain.push(issuer.der);
  }
  t.truthy(fault(leaf({ issuer }), { untrusted: parse(...chain) }));
});

/** Another certificate for an authority's name and key, from itself or from another authority. */
function reissued(
  ca: CaCertificate,
  shape: object,
  issuer: CaCertificate = authority.root,
): Buffer {
  return buildCertificate(
    {
      subject: ca.name,
      publicKey: ca.keys.publicKey,
      notBefore: minutes(-60),
      notAfter: minutes(60),
      ca: true,
      keyUsage: ["keyCertSign"],
      ...shape,
    },
    issuer,
  );
}

/** A certificate that a leaf's key signed, in the leaf's name. */
function issuedByLeaf(): [Certificate, PathOptions["untrusted"]] {
  const leafKeys = generateKeys();
  const { der } = authority.issue(leafKeys.publicKey, { subject: "leaf" });
  return issuing({ name: "leaf", keys: leafKeys, der }, authority.intermediate.der);
}

function sha1(certificate: Certificate, issuer: CaCertificate): Certificate {
  return parseCertificate(withSha1(certificate.der, issuer.keys));
}
