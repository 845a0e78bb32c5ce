import { bundleText, IN_TOTO, type Statement, statementBytes } from "@mlsign/bundle";
import { hexOf, type JsonValue, sha256 } from "@mlsign/core";
import type { NewClaim } from "../src/index.ts";

export const ALICE = { issuer: "https://issuer.example", subject: "alice@example.com" };
export const BOB = { issuer: "https://issuer.example", subject: "bob@example.com" };

/** A digest that is as good as any: of its name. */
export function digest(name: string): string {
  return hexOf(sha256(name));
}

/** The bytes of a bundle in its one form; its signature is nobody's, which is not the store's matter. */
export function bundleOf(statement: Omit<Statement, "type">): Buffer {
  return Buffer.from(
    bundleText({
      material: { kind: "publicKey", hint: "test" },
      tlogEntries: [],
      timestamps: [],
      content: {
        kind: "dsse",
        payloadType: IN_TOTO,
        payload: statementBytes(statement),
        signature: Buffer.from("not a signature"),
        keyid: "",
      },
    }),
  );
}

export function claim(
  name: string,
  predicateType: string,
  predicate: JsonValue,
  more: Partial<NewClaim> = {},
): NewClaim {
  const subject = [
    {
      name,
      digest: { sha256: digest(name) },
      annotations: { dirHash1: digest(`names of ${name}`) },
    },
  ];
  return {
    bytes: bundleOf({ subject, predicateType, predicate }),
    source: `${name}/claims.jsonl`,
    status: "verified",
    signer: ALICE,
    time: "2026-03-01T12:00:00.000Z",
    ...more,
  };
}

export function signature(name: string, files: string[], more: Partial<NewClaim> = {}): NewClaim {
  const resources = files.map((file) => ({
    name: file,
    algorithm: "sha256",
    digest: digest(`file ${file}`),
  }));
  const predicate = { resources, serialization: { method: "files", hash_type: "sha256" } };
  return claim(name, "https://model_signing/signature/v1.0", predicate, more);
}

export interface Made {
  readonly commit?: string;
  readonly data?: string;
  readonly image?: string;
  readonly base?: string;
  readonly parameters?: Record<string, string>;
}

export function lineage(name: string, made: Made, more: Partial<NewClaim> = {}): NewClaim {
  const { commit, data, image, base, parameters = {} } = made;
  const resolvedDependencies = [
    ...(commit === undefined
      ? []
      : [
          {
            uri: `git+https://git.example/org/repo@${commit}`,
            digest: { gitCommit: digest(commit).slice(0, 40) },
            annotations: { "mlsign.role": "source" },
          },
        ]),
    ...(data === undefined
      ? []
      : [
          {
            uri: `dvc+https://git.example/org/repo@main#${encodeURI(data)}`,
            name: data,
            digest: { md5: digest(data).slice(0, 32), sha256: digest(`data ${data}`) },
            annotations: { "mlsign.role": "dataset" },
          },
        ]),
    ...(image === undefined
      ? []
      : [
          {
            uri: `pkg:oci/${image}@sha256%3A${digest(image)}`,
            digest: { sha256: digest(image) },
            annotations: { "mlsign.role": "container" },
          },
        ]),
    ...(base === undefined
      ? []
      : [
          {
            uri: `pkg:huggingface/org/${base}@1`,
            name: base,
            digest: { sha256: digest(base) },
            annotations: { "mlsign.role": "baseModel" },
          },
        ]),
  ];
  return claim(
    name,
    "https://slsa.dev/provenance/v1",
    {
      buildDefinition: {
        buildType: "urn:mlsign:buildtype:train:v1",
        externalParameters: parameters,
        resolvedDependencies,
      },
      runDetails: { builder: { id: "urn:builder" } },
    },
    more,
  );
}

export function sbom(name: string, purls: string[], more: Partial<NewClaim> = {}): NewClaim {
  const components = purls.map((purl) => ({ type: "library", name: purl, purl }));
  return claim(name, "https://cyclonedx.org/bom", { bomFormat: "CycloneDX", components }, more);
}

export function promotion(name: string, target: string, more: Partial<NewClaim> = {}): NewClaim {
  return claim(
    name,
    "https://slsa.dev/verification_summary/v1",
    {
      verifier: { id: "urn:mlsign:verifier:promote:v1" },
      resourceUri: `urn:example:${target}`,
      verificationResult: "PASSED",
      verifiedLevels: [`MLSIGN_PROMOTED_${target.toUpperCase()}`],
    },
    { time: "2026-04-01T00:00:00.000Z", signer: BOB, ...more },
  );
}

export function card(name: string, more: Partial<NewClaim> = {}): NewClaim {
  return claim(
    name,
    "https://in-toto.io/attestation/reference/v0.1",
    {
      attester: { id: "urn:x" },
      references: [{ name: "README.md", digest: { sha256: digest(`card of ${name}`) } }],
    },
    more,
  );
}
