import type { KeyObject } from "node:crypto";
import { parseBundle } from "@mlsign/bundle";
import { decide, MlsignError, printable } from "@mlsign/core";
import { type Trust, verifyBundle } from "@mlsign/verify";
import { fulcioClaims, parseCertificate } from "@mlsign/x509";
import type { ResolvedSigner } from "../options/signer-options.ts";

/**
 * Verifies a new signature as anybody would, and says in words who made it.
 *
 * @throws MlsignError `service-lied` where a service's answer does not hold.
 */
export async function checkSignature(
  signature: { readonly text: string; readonly signed: { readonly publicKey: KeyObject } },
  resolved: ResolvedSigner,
  now: Date,
): Promise<string> {
  const bundle = parseBundle(Buffer.from(signature.text));
  const { material } = bundle;
  const trustedRoot = resolved.root?.root;
  if (material.kind === "publicKey") {
    await check({
      method: "key",
      key: signature.signed.publicKey,
      ...(trustedRoot && { trustedRoot }),
    });
    return `with the key ${material.hint?.slice(0, 16) ?? ""}…`;
  }
  const [leaf, ...rest] = material.certificates.map((der) => parseCertificate(der));
  const name = leaf?.names[0]?.value;
  const issuer = leaf && fulcioClaims(leaf).issuer;
  if (resolved.method === "keyless" && trustedRoot !== undefined) {
    if (name === undefined || issuer === undefined) throw lied("the certificate names nobody");
    await check({
      method: "keyless",
      trustedRoot,
      identity: { identity: { exact: name }, issuer },
    });
  } else if (leaf !== undefined) {
    const anchors = [leaf, ...rest].slice(-1);
    const trust = { method: "certificate", anchors, ...(trustedRoot && { trustedRoot }) } as const;
    if (resolved.method === "certificate") await check(trust);
  }
  return name === undefined ? "with a certificate" : `as ${printable(name)}`;

  async function check(trust: Trust): Promise<void> {
    const { findings } = await verifyBundle(bundle, trust, { now, use: "claim" });
    if (decide(findings) === "accepted") return;
    const fault = findings.find(({ outcome }) => outcome !== "pass")?.message ?? "";
    throw lied(fault);
  }
}

function lied(why: string): MlsignError {
  return new MlsignError("service-lied", `Cannot keep the signature: it would not verify: ${why}`, {
    hint: "nothing was written; is the trusted root that of the services?",
  });
}
