import { checkDependencies, dependencyClaim } from "@mlsign/deps";
import test from "ava";
import { temporary, write } from "./files.ts";
import { H } from "./verdicts.ts";

const PINNED = `--only-binary :all:\na==1 --hash=sha256:${H}\n`;

test("`dependencyClaim()` names each file that was judged, by digest, with the policy", (t) => {
  const root = write(temporary(t), { "requirements.txt": "-r base.txt\n", "base.txt": PINNED });
  const checked = checkDependencies(root, { policy: { allowBuilds: true } });
  const claim = dependencyClaim(checked, { allowBuilds: true });
  const [requirements] = checked.files;
  const [base] = checked.included;
  t.deepEqual(claim, {
    predicateType: "https://in-toto.io/attestation/test-result/v0.1",
    predicate: {
      result: "PASSED",
      configuration: [
        {
          uri: "urn:mlsign:check:deps:v1",
          annotations: { policy: { allowBuilds: true } },
        },
        { name: "base.txt", digest: { sha256: base?.sha256 ?? "" } },
        { name: "requirements.txt", digest: { sha256: requirements?.sha256 ?? "" } },
      ],
      passedTests: ["base.txt", "requirements.txt"],
      warnedTests: [],
      failedTests: [],
    },
  });
});

/** [what, files, result, the lists] */
const RESULTS: readonly (readonly [string, Record<string, string>, string, string[][]])[] = [
  [
    "a warning",
    { "requirements.txt": PINNED.replace("==1", ">=1"), Dockerfile: `FROM a@sha256:${H}\n` },
    "WARNED",
    [["Dockerfile"], ["requirements.txt"], []],
  ],
  [
    "a failure",
    { "requirements.txt": "a==1\n", Dockerfile: `FROM a@sha256:${H}\n` },
    "FAILED",
    [["Dockerfile"], [], ["requirements.txt"]],
  ],
  [
    "a failure beside what is not known",
    { "requirements.txt": "a==1\n", "k.yaml": "apiVersion: v1\nkind: Pod\nspec: {{ .x }}\n" },
    "FAILED",
    [[], [], ["requirements.txt"]],
  ],
];
for (const [what, files, result, lists] of RESULTS) {
  test(`\`dependencyClaim()\` tells ${what}`, (t) => {
    const { predicate } =
      dependencyClaim(checkDependencies(write(temporary(t), files))) ?? t.fail("no claim");
    t.is(predicate.result, result);
    t.deepEqual([predicate.passedTests, predicate.warnedTests, predicate.failedTests], lists);
  });
}

test("`dependencyClaim()` makes no claim of what is undecided", (t) => {
  const template = { "k.yaml": "apiVersion: v1\nkind: Pod\nspec: {{ .x }}\n" };
  t.is(dependencyClaim(checkDependencies(write(temporary(t), template))), undefined);
  t.is(dependencyClaim(checkDependencies(temporary(t))), undefined);
});
