import type { ASN1Obj } from "@sigstore/core";
import { members } from "./der.ts";

/** A subject alternative name with its type: `a@b` as e-mail and as URI are two identities. */
export interface SubjectName {
  readonly type: "email" | "uri" | "dns" | "username" | "other";
  readonly value: string;
}

/** The names of a subjectAltName extension (RFC 5280 4.2.1.6), in order. */
export function subjectNames(extension: ASN1Obj | undefined): SubjectName[] {
  return members(extension).map(readName);
}

function readName(name: ASN1Obj): SubjectName {
  const text = name.value.toString("utf8");
  if (name.tag.isContextSpecific(1)) return { type: "email", value: text };
  if (name.tag.isContextSpecific(2)) return { type: "dns", value: text };
  if (name.tag.isContextSpecific(6)) return { type: "uri", value: text };
  if (name.tag.isContextSpecific(0)) {
    const [oid, wrapped] = name.subs;
    const value = wrapped?.subs[0]?.value.toString("utf8");
    if (oid?.tag.isOID() && oid.toOID() === FULCIO_USERNAME && value !== undefined) {
      return { type: "username", value };
    }
  }
  return { type: "other", value: name.toDER().toString("hex") };
}

/** Fulcio's otherName for identities that are neither e-mail addresses nor URIs. */
const FULCIO_USERNAME = "1.3.6.1.4.1.57264.1.7";
