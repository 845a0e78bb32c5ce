import { MlsignError } from "@mlsign/core";
import { parseSigningConfig, servicesAt, type Services } from "@mlsign/trust";
import test from "ava";
import { Instance } from "mlsign-test-sigstore";

const NOW = new Date("2026-03-04T05:06:07Z");
const days = (count: number): string => new Date(NOW.getTime() + count * 86_400_000).toISOString();
const good = new Instance({ clock: () => NOW }).signingConfig();

interface ServiceJson {
  url: string;
  majorApiVersion?: number;
  operator?: string;
  validFor?: { start?: string; end?: string };
}

const service = (url: string, more: Partial<ServiceJson> = {}): ServiceJson => ({
  url: `https://${url}.example`,
  majorApiVersion: 1,
  operator: url,
  validFor: { start: days(-1) },
  ...more,
});

function chosen(more: object): Services {
  return servicesAt(
    parseSigningConfig(Buffer.from(JSON.stringify({ ...good, ...more })), "config.json"),
    NOW,
  );
}

function urlsOf(services: readonly { readonly url: string }[]): string[] {
  return services.map(({ url }) => new URL(url).hostname.replace(".example", ""));
}

test("`servicesAt()` picks the services of a good configuration", (t) => {
  const { fulcio, oidc, rekor, tsa } = chosen({});
  t.deepEqual([fulcio?.url, oidc?.url], [good.caUrls[0]?.url, good.oidcUrls[0]?.url]);
  t.deepEqual(
    rekor.map(({ apiVersion }) => apiVersion),
    [2],
  );
  t.is(tsa.length, 1);
});

/** Which of the logs are chosen, by the selector and in which order. */
const logs: [name: string, services: ServiceJson[], config: object | undefined, urls: string[]][] =
  [
    [
      "no service that begins tomorrow",
      [service("a", { validFor: { start: days(1) } }), service("b")],
      { selector: "ALL" },
      ["b"],
    ],
    [
      "no service that ended yesterday",
      [service("a", { validFor: { start: days(-9), end: days(-1) } }), service("b")],
      { selector: "ALL" },
      ["b"],
    ],
    [
      "a service that begins now, and one that ends now",
      [
        service("a", { validFor: { start: days(0) } }),
        service("b", { validFor: { end: days(0) } }),
      ],
      { selector: "ALL" },
      ["a", "b"],
    ],
    [
      "a service without a period",
      [{ url: "https://a.example", majorApiVersion: 1 }],
      { selector: "ANY" },
      ["a"],
    ],
    [
      "the newest version first",
      [service("a"), service("b", { majorApiVersion: 2 })],
      { selector: "ANY" },
      ["b"],
    ],
    [
      "no version that is unknown",
      [service("a"), service("b", { majorApiVersion: 3 }), service("c", { majorApiVersion: 0 })],
      { selector: "ALL" },
      ["a"],
    ],
    [
      "the latest start of one version",
      [service("a"), service("b", { validFor: { start: days(-0.5) } })],
      { selector: "ANY" },
      ["b"],
    ],
    ["all, where all are asked for", [service("a"), service("b")], { selector: "ALL" }, ["a", "b"]],
    [
      "one of each operator",
      [service("a"), service("b", { operator: "a", majorApiVersion: 2 })],
      { selector: "ALL" },
      ["b"],
    ],
    [
      "all without an operator",
      [service("a", { operator: "" }), service("b", { operator: "" })],
      { selector: "ALL" },
      ["a", "b"],
    ],
    [
      "exactly two, of two operators",
      [service("a"), service("b", { operator: "a" }), service("c")],
      { selector: "EXACT", count: 2 },
      ["a", "c"],
    ],
    ["one, where nothing is said", [service("a"), service("b")], undefined, ["a"]],
    ["none where there is none", [], { selector: "ANY" }, []],
    ["none where none is asked for all", [], { selector: "ALL" }, []],
  ];
for (const [name, services, config, urls] of logs) {
  test(`\`servicesAt()\` picks ${name}`, (t) => {
    const picked = chosen({
      rekorTlogUrls: services,
      rekorTlogConfig: config,
      tsaUrls: services,
      tsaConfig: config,
    });
    t.deepEqual(urlsOf(picked.rekor), urls);
    // Of timestamp authorities, only version 1 is known.
    const known = services.every(({ majorApiVersion }) => majorApiVersion === 1);
    if (known) t.deepEqual(urlsOf(picked.tsa), urls);
  });
}

test("`servicesAt()` refuses where exactly so many are wanted, and there are fewer", (t) => {
  const more = {
    rekorTlogUrls: [service("a"), service("b", { operator: "a" })],
    rekorTlogConfig: { selector: "EXACT", count: 2 },
  };
  t.throws(() => chosen(more), { instanceOf: MlsignError, code: "trusted-root-invalid" });
});

test("`servicesAt()` picks no authority or issuer where none is valid", (t) => {
  const ended = [service("a", { validFor: { end: days(-1) } })];
  const { fulcio, oidc } = chosen({ caUrls: ended, oidcUrls: ended });
  t.deepEqual([fulcio, oidc], [undefined, undefined]);
});

const invalid: [name: string, more: object][] = [
  ["another media type", { mediaType: "application/vnd.dev.sigstore.signingconfig.v0.1+json" }],
  ["no media type", { mediaType: undefined }],
  ["services that are no list", { caUrls: {} }],
  ["a service without a URL", { caUrls: [{}] }],
  ["a service whose URL is none", { caUrls: [{ url: "fulcio" }] }],
  ["a service that is a file", { caUrls: [{ url: "file:///etc/passwd" }] }],
  ["a time that is none", { tsaUrls: [service("a", { validFor: { start: "yesterday" } })] }],
  ["a time that is a number", { tsaUrls: [{ ...service("a"), validFor: { start: 7 } }] }],
  ["an unknown selector", { tsaConfig: { selector: "SOME" } }],
  ["a selector that is an object's own", { tsaConfig: { selector: "constructor" } }],
  ["a selector of its own", { tsaConfig: [] }],
  ["a count of nothing", { rekorTlogConfig: { selector: "EXACT", count: 0 } }],
  ["a count that is no number", { rekorTlogConfig: { selector: "EXACT", count: "many" } }],
];
for (const [name, more] of invalid) {
  test(`\`parseSigningConfig()\` refuses ${name}`, (t) => {
    const data = Buffer.from(JSON.stringify({ ...good, ...more }));
    const error = t.throws(() => parseSigningConfig(data, "config.json"), {
      instanceOf: MlsignError,
    });
    t.is(error?.code, "trusted-root-invalid");
  });
}

test("`parseSigningConfig()` refuses what is no strict JSON", (t) => {
  for (const text of ["", "{", '{"caUrls":[],"caUrls":[]}']) {
    t.throws(() => parseSigningConfig(Buffer.from(text), "config.json"), {
      instanceOf: MlsignError,
    });
  }
});
