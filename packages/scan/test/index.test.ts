import * as scan from "@mlsign/scan";
import test from "ava";

test("the package exports these names", (t) => {
  t.deepEqual(Object.keys(scan), [
    "ALLOW_LIST_DIGEST",
    "PICKLE_LIMITS",
    "SCAN_CHECK",
    "SCAN_CLAIM_TYPE",
    "SCAN_LIMITS",
    "bufferSource",
    "covers",
    "hasExpired",
    "inPython3",
    "isDangerous",
    "openFile",
    "readPickle",
    "readWaivers",
    "scanClaim",
    "scanFiles",
    "scanFindings",
    "scanSource",
    "sliceSource",
  ]);
});
