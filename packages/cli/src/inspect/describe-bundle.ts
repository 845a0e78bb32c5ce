import { type Bundle, parseBundle, readStatement } from "@mlsign/bundle";
import { type JsonValue, messageOf, parseJson } from "@mlsign/core";
import { readModelStatement } from "@mlsign/manifest";
import { fulcioClaims, parseCertificate } from "@mlsign/x509";

export type Description = Readonly<Record<string, JsonValue>>;

/** What a bundle says of itself, as data. Nothing is verified. */
export function describeBundle(data: Buffer): Description {
  const bundle = parseBundle(data);
  return {
    bundle: `v${bundle.version}`,
    ...describeSigner(bundle),
    ...describeWitnesses(bundle),
    ...describeContent(bundle),
    ...(bundle.legacy.length > 0 && { legacy: [...bundle.legacy] }),
  };
}

/** The description as rows of a table. */
export function describeLines(description: Description): string[][] {
  return Object.entries(description).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
}

function describeSigner({ material }: Bundle): Description {
  if (material.kind === "publicKey") return { method: "key", keyHint: material.hint ?? null };
  try {
    const leaf = parseCertificate(material.certificates[0] ?? Buffer.alloc(0));
    const claims = fulcioClaims(leaf);
    return {
      method: claims.issuer === undefined ? "certificate" : "keyless",
      signer: leaf.names.map(({ type, value }) => `${type}:${value}`),
      ...(claims.issuer !== undefined && { issuer: claims.issuer, claims: claims as JsonValue }),
      certificateValid: [leaf.notBefore.toISOString(), leaf.notAfter.toISOString()],
    };
  } catch (error) {
    return { method: "certificate", fault: messageOf(error) };
  }
}

function describeWitnesses({ tlogEntries, timestamps }: Bundle): Description {
  return {
    logEntries: tlogEntries.map(({ logIndex, kindVersion, integratedTime }) => ({
      logIndex,
      kind: `${kindVersion.kind}/${kindVersion.version}`,
      integratedTime:
        integratedTime === "0" ? null : new Date(Number(integratedTime) * 1000).toISOString(),
    })),
    timestamps: timestamps.length,
  };
}

function describeContent({ content }: Bundle): Description {
  if (content.kind === "message") {
    return {
      content: "message signature",
      digest: `${content.digest.algorithm}:${content.digest.value.toString("hex")}`,
    };
  }
  try {
    const statement = readStatement(content.payload);
    const description = {
      content: "statement",
      predicateType: statement.predicateType,
      subjects: statement.subject.slice(0, 10).map(({ name = "", digest }) => ({ name, digest })),
    };
    return { ...description, ...describeModel(content.payload) };
  } catch (error) {
    return { content: "envelope", payloadType: content.payloadType, fault: messageOf(error) };
  }
}

function describeModel(payload: Buffer): Description {
  try {
    const signed = readModelStatement(parseJson(payload));
    const { method, hashType, shardSize, allowSymlinks, ignorePaths } = signed.serialization;
    return {
      root: signed.computedRoot,
      rootMatchesSubject:
        signed.declaredRoot === undefined || signed.declaredRoot === signed.computedRoot,
      specificationOrder: signed.specOrder,
      files: signed.files.length,
      serialization: {
        method,
        hashType,
        shardSize: shardSize ?? null,
        allowSymlinks,
        ignorePaths: [...ignorePaths],
      },
    };
  } catch {
    return {};
  }
}
