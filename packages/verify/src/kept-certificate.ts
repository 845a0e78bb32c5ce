import { X509Certificate } from "@sigstore/core";

/**
 * A certificate that keeps the bytes it was parsed from. The library compares certificates by
 * encoding both again, many times a path: half of the time that verifying takes.
 */
export class KeptCertificate extends X509Certificate {
  readonly #der: Buffer;

  constructor(der: Uint8Array) {
    const bytes = Buffer.from(der);
    super(X509Certificate.parse(bytes).root);
    this.#der = bytes;
  }

  override equals(other: X509Certificate): boolean {
    return other instanceof KeptCertificate ? this.#der.equals(other.#der) : super.equals(other);
  }

  override clone(): X509Certificate {
    return X509Certificate.parse(Buffer.from(this.#der));
  }
}
