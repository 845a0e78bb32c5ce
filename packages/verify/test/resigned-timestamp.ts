import { ASN1Obj } from "@sigstore/core";
import { type Hash, type Keys, sha, signWith } from "mlsign-test-sigstore";

/** A timestamp response signed again with another hash (RFC 5652 5.3, 5.4). */
export function resigned(response: Buffer, keys: Keys, hash: Hash, named = false): Buffer {
  const root = ASN1Obj.parseBuffer(Buffer.from(response));
  const signedData = root.subs[1]!.subs[1]!.subs[0]!;
  const info = signedData.subs[2]!.subs[1]!.subs[0]!.subs[0]!;
  const signer = signedData.subs.at(-1)!.subs[0]!;
  const attributes = signer.subs[3]!;
  signer.subs[2] = algorithm(DIGESTS[hash]);
  const digest = attributes.subs.find((one) => one.subs[0]!.toOID() === MESSAGE_DIGEST)!;
  digest.subs[1]!.subs[0] = octets(sha(info.toDER(), hash));
  signer.subs[4] = algorithm(named ? RSA_WITH[hash] : RSA_ENCRYPTION);
  const signed = attributes.toDER();
  signed[0] = 0x31;
  signer.subs[5] = octets(signWith(keys, signed, hash));
  return root.toDER();
}

function algorithm(oid: string): ASN1Obj {
  const hex = (oid.length / 2).toString(16).padStart(2, "0");
  const content = `06${hex}${oid}0500`;
  return ASN1Obj.parseBuffer(
    Buffer.from(`30${(content.length / 2).toString(16).padStart(2, "0")}${content}`, "hex"),
  );
}

/** Its content may look like DER, and must not be parsed as such. */
function octets(value: Uint8Array): ASN1Obj {
  const empty = ASN1Obj.parseBuffer(Buffer.from([0x04, 0x00]));
  return new ASN1Obj(empty.tag, Buffer.from(value), []);
}

const MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const RSA_ENCRYPTION = "2a864886f70d010101";
const DIGESTS: Record<Hash, string> = {
  sha256: "608648016503040201",
  sha384: "608648016503040202",
  sha512: "608648016503040203",
};
const RSA_WITH: Record<Hash, string> = {
  sha256: "2a864886f70d01010b",
  sha384: "2a864886f70d01010c",
  sha512: "2a864886f70d01010d",
};
