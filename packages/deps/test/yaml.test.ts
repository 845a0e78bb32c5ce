import test from "ava";
import fc from "fast-check";
import { parseAllDocuments } from "yaml";
import type { YamlNode } from "../src/yaml/node.ts";
import { quickYaml } from "../src/yaml/quick.ts";

/** What the fast reader must leave to the full one. */
const OTHER: readonly string[] = [
  "a: &x b",
  "a: *x",
  "a: !!str b",
  "a: |\n  b",
  "a: >\n  b",
  "a: b\n  c",
  "a:\n\tb: c",
  'a: "b\\n"',
  "a: 'b\n  c'",
  "? a\n: b",
  "<<: {a: b}",
  "a: {b: c,\n d: e}",
  "a: {b}",
  "a: [b: c]",
  "a: b: c",
  "- - a",
  "%YAML 1.2\n---\na: b",
  "a: b\n...\n",
  "a: @b",
  "a: `b`",
  "a: {b:c}",
  "\ufeffa: b",
  "a: 'b'c",
  "a",
];

for (const text of OTHER) {
  test(`\`quickYaml()\` leaves ${JSON.stringify(text)} to the full parser`, (t) => {
    t.is(quickYaml(text), undefined);
  });
}

test("`quickYaml()` reads what it reads as the full parser does", (t) => {
  const word = fc.constantFrom(
    "a",
    "b-c",
    "1.10",
    "'q''r'",
    '"s \\"t"',
    "x#y",
    "u:v",
    "/w@1.0(z)",
    "~",
    "true",
    "-1",
    "é",
    "a b",
    "https://x/y#z",
    "...x",
  );
  const flow: fc.Arbitrary<string> = fc.oneof(
    word,
    fc.array(word, { maxLength: 3 }).map((items) => `[${items.join(", ")}]`),
    fc
      .array(fc.tuple(word, word), { maxLength: 3 })
      .map((p) => `{${p.map(([k, v]) => `${k}: ${v}`).join(", ")}}`),
  );
  const line = fc
    .tuple(
      fc.nat(4),
      fc.constantFrom("", "", "", "- "),
      word,
      fc.constantFrom(":", ": ", ":  ", ""),
      fc.oneof(flow, fc.constant("")),
      fc.constantFrom("", "", "", " # c", "# d", " "),
    )
    .map(
      ([indent, dash, key, colon, value, comment]) =>
        " ".repeat(indent * 2) + dash + key + colon + value + comment,
    );
  let read = 0;
  fc.assert(
    fc.property(
      fc.array(fc.oneof(line, fc.constantFrom("", "# c", "---")), { minLength: 1, maxLength: 6 }),
      (lines) => {
        const text = `${lines.join("\n")}\n`;
        const quick = attempt(text);
        if (quick === undefined) return;
        read += 1;
        const documents = parseAllDocuments(text, { schema: "failsafe" });
        t.true(Array.isArray(documents));
        const errors = (documents as { errors: unknown[] }[]).flatMap((d) => d.errors);
        if (quick === "duplicate") t.true(errors.length > 0, text);
        else {
          t.is(errors.length, 0, text);
          const full = [...documents]
            .filter((d) => ![null, ""].includes(d.toJS() as string))
            .map((d) => d.toJS({ mapAsMap: true }) as unknown);
          t.deepEqual(quick.map(plain), full.map(strings), text);
        }
      },
    ),
    { numRuns: 6000 },
  );
  t.true(read > 500);
});

function attempt(text: string): YamlNode[] | "duplicate" | undefined {
  try {
    return quickYaml(text);
  } catch {
    return "duplicate";
  }
}

function plain(node: YamlNode): unknown {
  if (node.kind === "scalar") return node.text;
  if (node.kind === "list") return node.items.map(plain);
  return [...node.entries].map(([key, { value }]) => [key, plain(value)]);
}

/** The full parser's values with scalars as text; null is "". */
function strings(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strings);
  if (value instanceof Map) return [...value].map(([k, v]) => [String(k ?? ""), strings(v)]);
  return value ?? "";
}
