import { IN_TOTO, legacyPae, MODEL_SIGNATURE_LEGACY } from "@mlsign/bundle";
import test from "ava";
import { generateKeys, type KeyKind, signWith } from "mlsign-test-sigstore";
import { codesOf, findingsOf, make, type Side, statement } from "./rules.ts";

/** A bundle whose signature is over the faulty encoding of release 0.2 (oms.md 1.11). */
function legacy(kind: KeyKind, predicateType: string, more: Partial<Side> = {}): Side {
  const keys = generateKeys(kind);
  const payload = statement({ predicateType });
  return {
    method: "key",
    content: { payload },
    signing: { keys, logs: [], timestamps: [] },
    edit: (json) => {
      const signature = signWith(keys, legacyPae(IN_TOTO, payload));
      json.dsseEnvelope!.signatures[0]!.sig = signature.toString("base64");
    },
    options: { use: "model-signature" },
    ...more,
  };
}

test("`verifyBundle()` accepts the encoding of release 0.2 in model signatures of its predicate", async (t) => {
  for (const kind of ["P-256", "P-384", "P-521"] as const) {
    t.deepEqual(await codesOf(legacy(kind, MODEL_SIGNATURE_LEGACY)), [], kind);
  }
});

test("`verifyBundle()` refuses the encoding of release 0.2 in anything else", async (t) => {
  const claim = legacy("P-256", MODEL_SIGNATURE_LEGACY, { options: { use: "claim" } });
  t.deepEqual(await codesOf(claim), ["signature-valid"]);
  const current = legacy("P-256", "https://model_signing/signature/v1.0");
  t.deepEqual(await codesOf(current), ["signature-valid"]);
});

test("`verifyBundle()` refuses the encoding of release 0.2 beside a log entry, which it had none of", async (t) => {
  const side = legacy("P-256", MODEL_SIGNATURE_LEGACY);
  const logged = { ...side, signing: { ...side.signing, logs: [{ log: 1 as const }] } };
  t.true((await codesOf(logged)).includes("signature-valid"));
});

test("`verifyBundle()` refuses a changed payload in the encoding of release 0.2", async (t) => {
  const side = legacy("P-256", MODEL_SIGNATURE_LEGACY);
  const { json } = make(side);
  const changed = Buffer.from(json.dsseEnvelope!.payload, "base64")
    .toString()
    .replace('"w"', '"x"');
  const edit: Side["edit"] = (bundle) => {
    side.edit?.(bundle);
    bundle.dsseEnvelope!.payload = Buffer.from(changed).toString("base64");
  };
  t.deepEqual(await codesOf({ ...side, edit }), ["signature-valid"]);
  const findings = await findingsOf({ ...side, edit });
  t.false(findings.some(({ code, outcome }) => code === "signature-valid" && outcome === "pass"));
});
