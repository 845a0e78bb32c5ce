import { parseJson } from "@mlsign/core";
import test from "ava";
import fc from "fast-check";

const refused: [string, string][] = [
  ["duplicate key", '{"a":1,"a":2}'],
  ["duplicate key, spelled with an escape", '{"a":1,"\\u0061":2}'],
  ["nested duplicate key", '[{"x":{"k":0,"k":0}}]'],
  ["trailing data", "{} {}"],
  ["trailing comma", "[1,]"],
  ["leading zero", "01"],
  ["bare minus", "-"],
  ["NaN", "NaN"],
  ["comment", "/**/1"],
  ["single quotes", "'a'"],
  ["control character in a string", '"\u0001"'],
  ["lone surrogate", '"\\ud800"'],
  ["bad escape", '"\\x41"'],
  ["unterminated string", '"abc'],
  ["unterminated object", '{"a":1'],
  ["byte order mark", "\ufeff{}"],
  ["nothing", ""],
  ["white space JSON does not know", "\u00a01"],
  ["deep nesting", "[".repeat(100) + "]".repeat(100)],
];
for (const [what, text] of refused) {
  test(`parseJson() refuses ${what}`, (t) => {
    t.throws(() => parseJson(text), { code: "json-invalid" } as object);
    t.throws(() => parseJson(Buffer.from(text)), { code: "json-invalid" } as object);
  });
}

test("parseJson() refuses bytes that are not UTF-8", (t) => {
  t.throws(() => parseJson(Buffer.from([0x22, 0xff, 0x22])), { code: "json-invalid" } as object);
});

test("parseJson() refuses more bytes than allowed before it reads them", (t) => {
  const error = t.throws(() => parseJson("[1,2,3]", { maxBytes: 3, maxDepth: 9 }));
  t.regex(error.message, /7 bytes, more than the 3 allowed/);
});

test("parseJson() agrees with JSON.parse on whatever JSON.stringify writes", (t) => {
  fc.assert(
    fc.property(
      fc.jsonValue({ noUnicodeString: false }),
      fc.constantFrom(0, 1, 2),
      (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        fc.pre(text.isWellFormed() && !/\\ud[89a-f]/i.test(text));
        t.deepEqual(parseJson(text), JSON.parse(text));
      },
    ),
  );
});

test("parseJson() never accepts what JSON.parse refuses", (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'{}[]":,0123eE+-. \ntrufalsn\\'.split("")) }),
      (text) => {
        let ours = true;
        try {
          parseJson(text);
        } catch {
          ours = false;
        }
        if (ours) t.notThrows(() => JSON.parse(text));
      },
    ),
    { numRuns: 2000 },
  );
});

test("parseJson() reads a 16 MiB string without exhausting the stack", (t) => {
  const text = JSON.stringify("\\".repeat(1 << 20) + "a".repeat(1 << 24));
  t.is((parseJson(text) as string).length, (1 << 20) + (1 << 24));
});
