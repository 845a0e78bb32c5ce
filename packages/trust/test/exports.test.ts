import * as exported from "@mlsign/trust";
import test from "ava";

test("@mlsign/trust exports these names, and no others", (t) => {
  t.deepEqual(Object.keys(exported), [
    "PUBLIC_OIDC_ISSUER",
    "parseSigningConfig",
    "parseTrustConfig",
    "parseTrustedRoot",
    "publicSigningConfig",
    "publicTrustedRoot",
    "servicesAt",
  ]);
});
