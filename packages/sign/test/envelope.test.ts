import { randomBytes } from "node:crypto";
import { type Bundle, cosignHint, IN_TOTO, omsHint, pae, parseBundle } from "@mlsign/bundle";
import { MlsignError } from "@mlsign/core";
import {
  certificateSigner,
  type EnvelopeForm,
  keySigner,
  signEnvelope,
  type Signer,
  type Witness,
} from "@mlsign/sign";
import { parseCertificate } from "@mlsign/x509";
import test from "ava";
import { generateKeys, Instance } from "mlsign-test-sigstore";
import { fails, PAYLOAD } from "./helpers.ts";

const NOW = new Date("2026-03-04T05:06:07Z");
const instance = new Instance({ clock: () => NOW });
const keys = generateKeys();
const signer = keySigner(keys.privateKey, "model-signature");
const leaf = parseCertificate(instance.authority.issue(keys.publicKey).der);
const intermediate = parseCertificate(instance.authority.intermediate.der);

async function bundleOf(
  of: Signer,
  form: EnvelopeForm,
  witnesses: Witness[] = [],
): Promise<Bundle> {
  const { text } = await signEnvelope(IN_TOTO, PAYLOAD, { signer: of, witnesses, form });
  return parseBundle(Buffer.from(text));
}

test("`signEnvelope()` writes a key's bundle as OMS has it", async (t) => {
  const { material, content, legacy } = await bundleOf(signer, "oms");
  t.deepEqual(material, { kind: "publicKey", hint: omsHint(keys.publicKey) });
  t.like(content, { kind: "dsse", keyid: "", payloadType: IN_TOTO, payload: PAYLOAD });
  t.deepEqual(legacy, []);
});

test("`signEnvelope()` writes a key's claim as cosign has it", async (t) => {
  const { material, content } = await bundleOf(signer, "claim");
  const hint = cosignHint(keys.publicKey);
  t.deepEqual(material, { kind: "publicKey", hint });
  // cosign takes an envelope whose keyid is another name than its own for the key to be unsigned.
  t.like(content, { keyid: "" });
});

test("`signEnvelope()` writes a certificate with its chain for OMS, and alone for claims", async (t) => {
  const certified = certificateSigner(signer, [leaf, intermediate], NOW);
  const oms = await bundleOf(certified, "oms");
  t.deepEqual(oms.material, {
    kind: "certificate",
    certificates: [leaf.der, intermediate.der],
    form: "x509CertificateChain",
  });
  const alone = { kind: "certificate", certificates: [leaf.der], form: "certificate" } as const;
  t.deepEqual((await bundleOf(certified, "claim")).material, alone);
  t.deepEqual((await bundleOf(certificateSigner(signer, [leaf], NOW), "oms")).material, alone);
});

test("`signEnvelope()` signs the pre-authentication encoding", async (t) => {
  const { content } = await bundleOf(signer, "oms");
  if (content.kind !== "dsse") return t.fail();
  const { algorithm } = await signer.sign(PAYLOAD);
  t.true(algorithm.verify(pae(IN_TOTO, PAYLOAD), keys.publicKey, content.signature));
  t.false(algorithm.verify(PAYLOAD, keys.publicKey, content.signature));
});

test("`signEnvelope()` keeps what every witness says, and asks them in order", async (t) => {
  const seen: string[] = [];
  const witness = (name: string, timestamp: Buffer): Witness => ({
    testify: async ({ envelope, signedBytes, signed }) => {
      seen.push(name);
      t.deepEqual(envelope.signature, signed.signature);
      t.deepEqual(signedBytes, pae(IN_TOTO, PAYLOAD));
      return { timestamps: [timestamp] };
    },
  });
  const stamps = [randomBytes(8), randomBytes(8)];
  const { timestamps } = await bundleOf(signer, "claim", [
    witness("a", stamps[0]!),
    witness("b", stamps[1]!),
  ]);
  t.deepEqual(seen, ["a", "b"]);
  t.deepEqual(timestamps, stamps);
});

test("`signEnvelope()` asks no later witness once one failed", async (t) => {
  const failing: Witness = {
    testify: async () => {
      throw new MlsignError("service-failed", "Cannot get an answer");
    },
  };
  const unasked: Witness = { testify: async () => t.fail() as never };
  const signing = signEnvelope(IN_TOTO, PAYLOAD, {
    signer,
    witnesses: [failing, unasked],
    form: "oms",
  });
  await fails(t, signing, "service-failed");
});

test("`signEnvelope()` refuses a signature that does not verify, before any witness sees it", async (t) => {
  const unasked: Witness = { testify: async () => t.fail() as never };
  const faulty: Signer = {
    sign: async (data) => ({ ...(await signer.sign(data)), signature: randomBytes(70) }),
  };
  const signing = signEnvelope(IN_TOTO, PAYLOAD, {
    signer: faulty,
    witnesses: [unasked],
    form: "oms",
  });
  await fails(t, signing, "signer-failed");
});
