import * as exported from "@mlsign/x509";
import test from "ava";

test("@mlsign/x509 exports these names, and no others", (t) => {
  t.deepEqual(Object.keys(exported), [
    "CODE_SIGNING",
    "TIME_STAMPING",
    "certificatePath",
    "fulcioClaims",
    "isAuthority",
    "parseCertificate",
    "parseCertificates",
    "purposeFault",
  ]);
});
