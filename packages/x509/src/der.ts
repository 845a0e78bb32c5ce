import { ASN1Obj } from "@sigstore/core";

/** Parses one DER value that fills the whole buffer. */
export function parseDer(bytes: Uint8Array): ASN1Obj {
  return ASN1Obj.parseBuffer(Buffer.from(bytes));
}

/** The members of a DER sequence, or none where there is none. */
export function members(value: ASN1Obj | undefined): ASN1Obj[] {
  return value?.subs ?? [];
}
