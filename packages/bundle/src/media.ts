export const BUNDLE_V03 = "application/vnd.dev.sigstore.bundle.v0.3+json";
export const IN_TOTO = "application/vnd.in-toto+json";
export const STATEMENT_V1 = "https://in-toto.io/Statement/v1";
/** OMS 1.0 predicate type. */
export const MODEL_SIGNATURE = "https://model_signing/signature/v1.0";
/** The predicate type of model_signing 0.2, accepted on verification only. */
export const MODEL_SIGNATURE_LEGACY = "https://model_signing/Digests/v0.1";
