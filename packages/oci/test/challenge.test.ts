import test from "ava";
import { parseChallenges } from "../src/challenge.ts";

const headers: [string, [string, Record<string, string>][]][] = [
  ["", []],
  ["Basic", [["basic", {}]]],
  ['Basic realm="x"', [["basic", { realm: "x" }]]],
  [
    'Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"',
    [["bearer", { realm: "https://a/t", service: "s", scope: "repository:a:pull,push" }]],
  ],
  ['Bearer realm = "a" , Service=s', [["bearer", { realm: "a", service: "s" }]]],
  [
    'Basic realm="a, b", Bearer realm="c"',
    [
      ["basic", { realm: "a, b" }],
      ["bearer", { realm: "c" }],
    ],
  ],
  [String.raw`Basic realm="a\"b"`, [["basic", { realm: 'a"b' }]]],
  ['Bearer realm="a", realm="b"', []],
  ['Bearer realm="a', [["bearer", {}]]],
  ["=x", []],
];
for (const [header, wanted] of headers) {
  test(`parseChallenges() reads ${JSON.stringify(header)}`, (t) => {
    const read = parseChallenges(header).map(({ scheme, parameters }) => [
      scheme,
      Object.fromEntries(parameters),
    ]);
    t.deepEqual(read, wanted);
  });
}

test("parseChallenges() ends in time on a hostile header", (t) => {
  const begun = performance.now();
  parseChallenges(`Bearer ${'a="\\'.repeat(100_000)}`);
  parseChallenges("a ".repeat(100_000));
  t.true(performance.now() - begun < 1000);
});
