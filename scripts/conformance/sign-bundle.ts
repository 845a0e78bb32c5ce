import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { bundleText, IN_TOTO, parseBundle, readStatement } from "@mlsign/bundle";
import { decide, EXIT, MlsignError, sha256 } from "@mlsign/core";
import {
  fulcioSigner,
  parseIdentityToken,
  rekorV1Witness,
  rekorV2Witness,
  type Signer,
  signEnvelope,
  timestampWitness,
  type Witness,
} from "@mlsign/sign";
import {
  parseSigningConfig,
  publicSigningConfig,
  type Service,
  servicesAt,
  type TrustedRoot,
} from "@mlsign/trust";
import { verifyArtifact } from "@mlsign/verify";
import { rekorV1MessageWitness } from "./rekor-v1-message.ts";
import { needed, noStaging, publicOptions, trustedRootOf } from "./roots.ts";

/**
 * sigstore-conformance's `sign-bundle`, keyless: a message signature over the file, or with
 * `--in-toto` an envelope whose payload is the file, which is a statement.
 */
export async function signBundle(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    options: OPTIONS,
    allowPositionals: true,
  });
  const [file, ...rest] = positionals;
  if (rest.length > 0) throw new MlsignError("usage", "Cannot sign more than one file");
  const output = needed(values.bundle, "--bundle");
  const text = needed(values["identity-token"], "--identity-token");
  const data = readFileSync(needed(file, "file"));
  const token = parseIdentityToken(text, new Date());
  const config = values["signing-config"];
  if (config === undefined && values.staging) throw noStaging("--signing-config");
  const services = servicesAt(
    config === undefined
      ? await publicSigningConfig(publicOptions())
      : parseSigningConfig(readFileSync(config), config),
    new Date(),
  );
  if (services.fulcio === undefined) {
    throw new MlsignError("trusted-root-invalid", "Cannot sign: no certificate authority (caUrls)");
  }
  const signer = fulcioSigner({ url: services.fulcio.url, token: async () => token });
  const timestamps = services.tsa.map(({ url }) => timestampWitness(url));
  const bundle = values["in-toto"]
    ? await signStatement(data, signer, [...timestamps, ...services.rekor.map(statementLog)])
    : await signMessage(data, signer, [...timestamps, ...services.rekor.map(messageLog)]);
  const root = values["trusted-root"];
  if (root !== undefined) {
    await check(
      bundle,
      data,
      await trustedRootOf(root, values.staging),
      values["in-toto"] ?? false,
    );
  }
  writeFileSync(output, bundle);
  return EXIT.accepted;
}

async function signStatement(
  data: Buffer,
  signer: Signer,
  witnesses: readonly Witness[],
): Promise<string> {
  readStatement(data);
  return (await signEnvelope(IN_TOTO, data, { signer, witnesses, form: "claim" })).text;
}

/**
 * A message signature, as `cosign sign-blob` makes it. packages/sign signs envelopes only; its
 * timestamp and Rekor v2 witnesses look at the signature and the signed bytes alone, so they are
 * shown an envelope that holds no more than the signature.
 */
async function signMessage(
  data: Buffer,
  signer: Signer,
  witnesses: readonly Witness[],
): Promise<string> {
  const signed = await signer.sign(data);
  const { signature } = signed;
  const stand = { kind: "dsse", payloadType: "", payload: Buffer.of(), keyid: "" } as const;
  const request = { envelope: { ...stand, signature }, signedBytes: data, signed };
  const testimonies = [];
  for (const witness of witnesses) testimonies.push(await witness.testify(request));
  return bundleText({
    material: {
      kind: "certificate",
      certificates: signed.certificates.slice(0, 1),
      form: "certificate",
    },
    tlogEntries: testimonies.flatMap(({ tlogEntries }) => tlogEntries ?? []),
    timestamps: testimonies.flatMap((testimony) => testimony.timestamps ?? []),
    content: { kind: "message", digest: { algorithm: "sha256", value: sha256(data) }, signature },
  });
}

function statementLog({ url, apiVersion }: Service): Witness {
  return apiVersion === 2 ? rekorV2Witness(url) : rekorV1Witness(url);
}

function messageLog({ url, apiVersion }: Service): Witness {
  return apiVersion === 2 ? rekorV2Witness(url) : rekorV1MessageWitness(url);
}

/** Verifies what was made, by the certificate's own names: a service that lied is found here. */
async function check(
  text: string,
  data: Buffer,
  { root: trustedRoot }: TrustedRoot,
  statement: boolean,
): Promise<void> {
  const bundle = parseBundle(Buffer.from(text));
  const subject = statement ? readStatement(data).subject[0]?.digest.sha256 : undefined;
  const digest = statement ? Buffer.from(subject ?? "", "hex") : sha256(data);
  const { findings } = await verifyArtifact(
    bundle,
    { method: "keyless", trustedRoot, identity: { identity: { pattern: "[^]*" }, issuer: "" } },
    { now: new Date(), statements: "any", digest: async () => digest },
  );
  const others = findings.filter(({ code }) => code !== "issuer-match");
  if (decide(others) === "accepted") return;
  const fault = others.find(({ outcome }) => outcome !== "pass")?.message ?? "";
  throw new MlsignError("service-lied", `Cannot keep the signature: it would not verify: ${fault}`);
}

const OPTIONS = {
  staging: { type: "boolean" },
  "in-toto": { type: "boolean" },
  "identity-token": { type: "string" },
  bundle: { type: "string" },
  "trusted-root": { type: "string" },
  "signing-config": { type: "string" },
} as const;
