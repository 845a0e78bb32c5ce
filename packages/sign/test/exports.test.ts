import * as exported from "@mlsign/sign";
import test from "ava";

test("@mlsign/sign exports these names, and no others", (t) => {
  t.deepEqual(Object.keys(exported), [
    "ambientToken",
    "certificateSigner",
    "execSigner",
    "fulcioSigner",
    "generateKeyPair",
    "interactiveToken",
    "keySigner",
    "loadPrivateKey",
    "parseIdentityToken",
    "pkcs11Signer",
    "rekorV1Witness",
    "rekorV2Witness",
    "signEnvelope",
    "timestampWitness",
  ]);
});
