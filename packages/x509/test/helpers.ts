import { sign } from "node:crypto";
import { ASN1Obj } from "@sigstore/core";
import type { Keys } from "mlsign-test-sigstore";

/** A certificate signed again with SHA-1 (ecdsa-with-SHA1, in both places that name it). */
export function withSha1(der: Buffer, issuer: Keys): Buffer {
  const certificate = ASN1Obj.parseBuffer(Buffer.from(der));
  const [tbs, algorithm, signature] = certificate.subs;
  const sha1 = ASN1Obj.parseBuffer(Buffer.from("06072a8648ce3d0401", "hex"));
  tbs!.subs[2]!.subs[0] = sha1;
  algorithm!.subs[0] = sha1;
  const bits = sign("sha1", tbs!.toDER(), issuer.privateKey);
  certificate.subs[2] = new ASN1Obj(signature!.tag, Buffer.concat([Buffer.of(0), bits]), []);
  return certificate.toDER();
}
