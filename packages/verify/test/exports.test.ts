import * as exported from "@mlsign/verify";
import test from "ava";

test("@mlsign/verify exports these names, and no others", (t) => {
  t.deepEqual(Object.keys(exported), ["verifyArtifact", "verifyBundle", "verifyModel"]);
});
