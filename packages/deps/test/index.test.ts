import * as deps from "@mlsign/deps";
import test from "ava";

test("the package exports these names", (t) => {
  t.deepEqual(Object.keys(deps), [
    "checkDependencies",
    "checkFile",
    "findDependencyFiles",
    "recognise",
    "verifyInstalled",
    "verifyWheelhouse",
  ]);
});
