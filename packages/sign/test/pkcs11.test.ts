import { join } from "node:path";
import { MlsignError } from "@mlsign/core";
import { pkcs11Signer } from "@mlsign/sign";
import test from "ava";
import { fails, keepsSecret, NO_PASSPHRASE, temporary } from "./helpers.ts";

const PIN = "1234-5678-9012";
const refused: [name: string, uri: string, message: RegExp][] = [
  ["another scheme", "file:/dev/key", /does not start with/],
  ["the scheme in upper case", "PKCS11:object=k", /does not start with/],
  ["nothing to find", "pkcs11:token=t", /neither an object nor an id/],
  ["an attribute twice", "pkcs11:object=a;object=b", /"object" is there twice/],
  [
    "a query attribute twice",
    `pkcs11:object=a?pin-value=${PIN}&pin-value=${PIN}`,
    /"pin-value" is there twice/,
  ],
  ["an unknown attribute", "pkcs11:object=a;colour=red", /unknown attribute "colour"/],
  [
    "a query attribute in the path",
    `pkcs11:object=a;pin-value=${PIN}`,
    /unknown attribute "pin-value"/,
  ],
  ["a path attribute in the query", "pkcs11:object=a?token=t", /unknown attribute "token"/],
  ["an attribute without a value", "pkcs11:object", /has no value/],
  ["a PIN without its name", `pkcs11:object=a?${PIN}`, /has no value/],
  ["a PIN behind a colon", `pkcs11:object=a?pin-value:${PIN}`, /has no value/],
  ["a bad escape", "pkcs11:object=a%2", /"object" has a bad escape/],
  [
    "a bad escape in the PIN",
    `pkcs11:object=a?pin-value=${PIN}%zz`,
    /"pin-value" has a bad escape/,
  ],
  ["a public key", "pkcs11:object=a;type=public", /type is "public"/],
  ["a module path that is not absolute", "pkcs11:object=a?module-path=softhsm.so", /not absolute/],
  ["a slot that is no number", "pkcs11:object=a;slot-id=one", /slot-id is not a number/],
];
for (const [name, uri, message] of refused) {
  test(`\`pkcs11Signer()\` refuses a URI with ${name}`, (t) => {
    const error = t.throws(() => pkcs11Signer(uri, "claim", NO_PASSPHRASE), {
      instanceOf: MlsignError,
    });
    t.is(error.code, "key-invalid");
    t.regex(error.message, message);
    keepsSecret(t, error, [PIN]);
  });
}

const accepted: [name: string, uri: string][] = [
  [
    "every attribute",
    "pkcs11:token=t;manufacturer=m;serial=1;model=m;object=o;type=private;id=%01%02;slot-id=0?module-name=m",
  ],
  ["an id of bytes that are no text", "pkcs11:id=%00%ff"],
  ["escapes", "pkcs11:object=my%20key%3b"],
  ["an empty attribute between separators", "pkcs11:object=a;;token=t"],
];
for (const [name, uri] of accepted) {
  test(`\`pkcs11Signer()\` reads a URI with ${name}, and misses the module`, async (t) => {
    const signing = pkcs11Signer(uri, "claim", NO_PASSPHRASE).sign(Buffer.from("x"));
    const error = await fails(t, signing, "signer-failed");
    t.regex(error.message, /no module-path/);
  });
}

test("`pkcs11Signer()` reads a question mark in a query value (RFC 7512 2.3)", async (t) => {
  const missing = join(temporary(t), "pin?1");
  const uri = `pkcs11:object=a?pin-source=file:${missing}`;
  const error = await fails(
    t,
    pkcs11Signer(uri, "claim", NO_PASSPHRASE).sign(Buffer.from("x")),
    "signer-failed",
  );
  t.regex(error.message, /pin-source cannot be read/);
  t.like(error.cause, { code: "ENOENT", path: missing });
});

test("`pkcs11Signer()` fails without the binding or its module, and never shows the PIN", async (t) => {
  const module = "module-path=/nonexistent/libsofthsm2.so";
  for (const uri of [`pkcs11:object=a?${module}&pin-value=${PIN}`, `pkcs11:object=a?${module}`]) {
    const signing = pkcs11Signer(uri, "claim", async () => PIN).sign(Buffer.from("x"));
    await fails(t, signing, "signer-failed", [PIN]);
  }
});
