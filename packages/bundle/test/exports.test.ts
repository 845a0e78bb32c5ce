import * as exported from "@mlsign/bundle";
import test from "ava";

test("@mlsign/bundle exports these names, and no others", (t) => {
  t.deepEqual(Object.keys(exported), [
    "BUNDLE_V03",
    "IN_TOTO",
    "MODEL_SIGNATURE",
    "MODEL_SIGNATURE_LEGACY",
    "STATEMENT_V1",
    "bundleText",
    "cosignHint",
    "keyDetails",
    "legacyPae",
    "namesKey",
    "omsHint",
    "pae",
    "parseBundle",
    "readLogEntry",
    "readStatement",
    "statementBytes",
    "suitableKey",
  ]);
});
