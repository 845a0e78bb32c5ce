import { createPublicKey, type KeyObject } from "node:crypto";
import { readAll, readOne } from "./der.ts";
import { verifyWith } from "./keys.ts";

/**
 * The key that a certification request (PKCS #10, RFC 2986) in PEM asks for.
 *
 * @throws SyntaxError where it is not one, or not signed by that key.
 */
export function readCsr(pem: string): KeyObject {
  const der = Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ""), "base64");
  const [info, , signature] = readAll(readOne(der).content);
  const [, , spki] = readAll(info?.content ?? Buffer.alloc(0));
  if (info === undefined || signature === undefined || spki === undefined) {
    throw new SyntaxError("Cannot read the certification request: cut short");
  }
  const key = createPublicKey({ key: spki.raw, format: "der", type: "spki" });
  if (!verifyWith(key, info.raw, signature.content.subarray(1))) {
    throw new SyntaxError("Cannot accept the certification request: not signed by its key");
  }
  return key;
}
