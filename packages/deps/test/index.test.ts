import * as deps from "@mlsign/deps";
import test from "ava";

test("the package exports these names", (t) => {
  t.deepEqual(Object.keys(deps), [
    "DEPENDENCY_CHECK",
    "DEPENDENCY_CLAIM_TYPE",
    "checkDependencies",
    "checkFile",
    "dependencyClaim",
    "findDependencyFiles",
    "recognise",
    "verifyInstalled",
    "verifyWheelhouse",
  ]);
});
