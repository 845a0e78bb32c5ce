import type { Finding } from "@mlsign/core";
import type { IdentityRule, Matcher } from "@mlsign/verify";
import test from "ava";
import { fulcioExtension, type FulcioIdentity } from "mlsign-test-sigstore";
import { ALICE, codesOf, findingsOf, ISSUER, type Side } from "./rules.ts";

const WORKFLOW = "https://github.com/acme/models/.github/workflows/train.yml@refs/heads/main";
const uri = (value: string): FulcioIdentity => ({
  names: [{ type: "uri", value }],
  issuer: ISSUER,
});
const email = (value: string): FulcioIdentity => ({
  names: [{ type: "email", value }],
  issuer: ISSUER,
});
const user = (value: string): FulcioIdentity => ({
  names: [{ type: "username", value }],
  issuer: ISSUER,
});
const dns = (value: string): FulcioIdentity => ({
  names: [{ type: "dns", value }],
  issuer: ISSUER,
});
const exact = (text: string): Matcher => ({ exact: text });
const pattern = (text: string): Matcher => ({ pattern: text });

/** Who signed, who is trusted, and whether they are one. */
const identities: [who: string, identity: FulcioIdentity, trusted: Matcher, same: boolean][] = [
  ["the address itself", email(ALICE), exact(ALICE), true],
  ["a prefix of the address", email(ALICE), exact("alice@example.co"), false],
  ["a suffix of the address", email(ALICE), exact("lice@example.com"), false],
  ["the address in another case", email(ALICE), exact("Alice@example.com"), false],
  ["an address that goes on", email(`${ALICE}.evil.example`), exact(ALICE), false],
  ["an address with a line break behind it", email(`${ALICE}\n`), exact(ALICE), false],
  ["an address with a NUL in it", email(`${ALICE}\0.evil.example`), exact(ALICE), false],
  ["an exact text that looks like a pattern", email(ALICE), exact(".*"), false],
  ["an empty text", email(ALICE), exact(""), false],
  ["the URI itself", uri(WORKFLOW), exact(WORKFLOW), true],
  ["a URI of a longer branch name", uri(`${WORKFLOW}-evil`), exact(WORKFLOW), false],
  ["a user name", user("alice"), exact("alice"), true],
  ["a user name like the address", user(ALICE), exact(ALICE), true],
  ["a URI spelled like the address", uri(ALICE), exact(ALICE), false],
  ["an address spelled like the URI", email(WORKFLOW), exact(WORKFLOW), false],
  ["a user name spelled like the URI", user(WORKFLOW), exact(WORKFLOW), false],
  ["a DNS name spelled like the URI", dns(WORKFLOW), exact(WORKFLOW), false],
  ["no name", { names: [], issuer: ISSUER }, exact(ALICE), false],
  [
    "a pattern",
    uri(WORKFLOW),
    pattern("https://github\\.com/acme/models/.*@refs/heads/main"),
    true,
  ],
  ["a pattern of a prefix", uri(WORKFLOW), pattern("https://github\\.com/acme/models"), false],
  ["a pattern of a suffix", uri(WORKFLOW), pattern("@refs/heads/main"), false],
  ["a pattern of a part", email(ALICE), pattern("lice@example"), false],
  ["one of two alternatives", email(ALICE), pattern("bob@example\\.com|alice@example\\.com"), true],
  [
    "the end of the first alternative",
    email(`bob@example.com.evil`),
    pattern("bob@example\\.com|x"),
    false,
  ],
  [
    "the start of the last alternative",
    email("evil-alice@example.com"),
    pattern("x|alice@example\\.com"),
    false,
  ],
  ["a dot, which is any character", email("alice@exampleXcom"), pattern("alice@example.com"), true],
  ["an escaped dot", email("alice@exampleXcom"), pattern("alice@example\\.com"), false],
  [
    "a dot, but never a line break",
    email("alice\n@example.com"),
    pattern(".*@example\\.com"),
    false,
  ],
  ["`$` before a line break", email(`${ALICE}\n`), pattern("alice@example\\.com$"), false],
  ["`^` behind a line break", email(`x\n${ALICE}`), pattern("^alice@example\\.com"), false],
  ["an empty pattern", email(ALICE), pattern(""), false],
  [
    "a pattern of a URI and an address",
    email("https://acme.example"),
    pattern("https://acme\\.example"),
    false,
  ],
];
for (const [who, identity, trusted, same] of identities) {
  const rule = same ? "accepts" : "refuses";
  test(`\`verifyBundle()\` ${rule} ${who}`, async (t) => {
    const expected = same ? [] : ["identity-match"];
    const codes = await codesOf({
      signing: { identity },
      ...trusting({ identity: trusted, issuer: ISSUER }),
    });
    // A keyless certificate has one name.
    const noName = identity.names?.length === 0 ? ["certificate-purpose"] : [];
    t.deepEqual(codes, [...noName, ...expected]);
    const rest: Side = { method: "certificate", signing: { identity } };
    t.deepEqual(
      await codesOf({ ...rest, ...trusting({ identity: trusted, issuer: ISSUER }) }),
      expected,
    );
  });
}

for (const text of ["(", "a)|(?:b", "[", "\\y"]) {
  test(`\`verifyBundle()\` throws \`usage\` for the pattern ${text}`, async (t) => {
    const side: Side = { ...trusting({ identity: pattern(text), issuer: ISSUER }) };
    t.deepEqual(await codesOf(side), ["usage"]);
  });
}

const issuers: [who: string, identity: FulcioIdentity, codes: string[]][] = [
  ["another issuer", { issuer: "https://accounts.google.com" }, ["issuer-match"]],
  ["no issuer", {}, ["issuer-match"]],
  ["an issuer that goes on", { issuer: `${ISSUER}.evil.example` }, ["issuer-match"]],
  ["an issuer with a slash behind it", { issuer: `${ISSUER}/` }, ["issuer-match"]],
  [
    "the trusted issuer in the old extension only",
    { issuer: "https://x.example", legacyIssuer: ISSUER },
    ["issuer-match"],
  ],
  [
    "the trusted issuer in the new extension",
    { issuer: ISSUER, legacyIssuer: "https://x.example" },
    [],
  ],
  ["an issuer in the old extension, where that is all", { legacyIssuer: ISSUER }, []],
];
for (const [who, identity, codes] of issuers) {
  test(`\`verifyBundle()\` ${codes.length === 0 ? "accepts" : "refuses"} ${who}`, async (t) => {
    const names = [{ type: "email" as const, value: ALICE }];
    t.deepEqual(await codesOf({ signing: { identity: { names, ...identity } } }), codes);
  });
}

test("`verifyBundle()` refuses a keyless certificate with two names", async (t) => {
  const names = [
    { type: "email" as const, value: ALICE },
    { type: "uri" as const, value: WORKFLOW },
  ];
  const identity = { names, issuer: ISSUER };
  t.deepEqual(await codesOf({ signing: { identity } }), ["certificate-purpose"]);
  t.deepEqual(await codesOf({ signing: { identity }, method: "certificate" }), []);
});

test("`verifyBundle()` refuses a Fulcio extension that is not what it must be", async (t) => {
  for (const value of ["", "0500", "0c05aa", "0c01410c0142", "1301ff", "0c01ff"]) {
    const extension = { ...fulcioExtension(8, ""), value: Buffer.from(value, "hex") };
    const identity = { names: [{ type: "email" as const, value: ALICE }] };
    const codes = await codesOf({ signing: { identity, leaf: { extensions: [extension] } } });
    t.deepEqual(codes, ["bundle-form"], value);
  }
});

test("`verifyBundle()` looks at no identity where a private authority's caller wants none", async (t) => {
  const trust: NonNullable<Side["trust"]> = (given) => {
    if (given.method !== "certificate") return given;
    const { identity: _, ...rest } = given;
    return rest;
  };
  const findings = await findingsOf({
    method: "certificate",
    signing: { identity: email("x@y.example") },
    trust,
  });
  t.false(findings.some(({ code }) => code === "identity-match"));
  t.false(findings.some(({ outcome }) => outcome === "fail"));
});

test("`verifyBundle()` says who signed, and escapes what they wrote", async (t) => {
  const findings = (await findingsOf({
    signing: { identity: email("\u001b[31mroot\n") },
  })) as Finding[];
  const { message, evidence } = findings.find(({ code }) => code === "identity-match")!;
  t.notRegex(message, /[\p{Cc}]/u);
  t.deepEqual(evidence?.["found"], ["\u001b[31mroot\n"]);
});

function trusting(identity: IdentityRule & { issuer: string }): Pick<Side, "trust"> {
  return { trust: (trust) => (trust.method === "key" ? trust : { ...trust, identity }) };
}
