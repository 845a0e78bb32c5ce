import type { LogEntry } from "@mlsign/bundle";
import { messageOf, MlsignError } from "@mlsign/core";
import { lied } from "./answer.ts";
import type { Witness, WitnessRequest } from "./signer.ts";

/**
 * A Rekor v1 log, through the library's client. A try that was answered too late is found again
 * by the log's answer that the entry exists, so it is logged once.
 *
 * @throws MlsignError `service-failed` or `service-lied`
 */
export function rekorV1Witness(url: string): Witness {
  return {
    testify: async (asked) => {
      const entry = await logged(url, asked);
      if (!entry.canonicalizedBody.includes(asked.envelope.signature.toString("base64"))) {
        throw lied(SERVICE, "the entry is of another signature");
      }
      return { tlogEntries: [entry] };
    },
  };
}

async function logged(url: string, { envelope, signed }: WitnessRequest): Promise<LogEntry> {
  const { RekorWitness } = await import("@sigstore/sign");
  const witness = new RekorWitness({
    rekorBaseURL: url.replace(/\/$/, ""),
    majorApiVersion: 1,
    entryType: "dsse",
    fetchOnConflict: true,
    timeout: 20_000,
    retry: { retries: 2, minTimeout: 250, maxTimeout: 1000 },
  });
  const { payload, payloadType, signature } = envelope;
  const dsseEnvelope = { payload, payloadType, signatures: [{ sig: signature, keyid: "" }] };
  try {
    const testimony = await witness.testify(
      { $case: "dsseEnvelope", dsseEnvelope },
      verifierOf(signed),
    );
    const [entry] = testimony.tlogEntries ?? [];
    if (entry === undefined) throw new Error("no entry");
    return {
      ...entry,
      inclusionProof: entry.inclusionProof && {
        ...entry.inclusionProof,
        checkpoint: { envelope: entry.inclusionProof.checkpoint?.envelope ?? "" },
      },
    };
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause !== undefined ? cause.cause : cause;
    throw new MlsignError("service-failed", `Cannot log to ${SERVICE}: ${messageOf(reason)}`, {
      cause,
      hint: `asked ${new URL(url).origin}`,
    });
  }
}

function verifierOf({ certificates, publicKey }: WitnessRequest["signed"]): string {
  const [leaf] = certificates;
  if (leaf === undefined) return publicKey.export({ type: "spki", format: "pem" }).toString();
  const lines = leaf.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

const SERVICE = "the transparency log (Rekor)";
