/** Signs statements: keys, certificates, programs, tokens and identities; and has them witnessed. @module */
export { ambientToken } from "./ambient.ts";
export { certificateSigner } from "./certificate-signer.ts";
export { execSigner } from "./exec-signer.ts";
export { fulcioSigner } from "./fulcio-signer.ts";
export { parseIdentityToken } from "./identity-token.ts";
export { interactiveToken } from "./interactive.ts";
export { generateKeyPair } from "./keygen.ts";
export { keySigner, loadPrivateKey } from "./key-signer.ts";
export { pkcs11Signer } from "./pkcs11-signer.ts";
export { rekorV1Witness } from "./rekor-v1.ts";
export { rekorV2Witness } from "./rekor-v2.ts";
export { signEnvelope } from "./sign-envelope.ts";
export { timestampWitness } from "./timestamp-witness.ts";

export type { AmbientOptions } from "./ambient.ts";
export type { ExecSignerOptions } from "./exec-signer.ts";
export type { FulcioOptions } from "./fulcio-signer.ts";
export type { IdentityToken } from "./identity-token.ts";
export type { InteractiveOptions } from "./interactive.ts";
export type { KeyPair } from "./keygen.ts";
export type { EnvelopeForm, SignOptions } from "./sign-envelope.ts";
export type { Signed, Signer, Testimony, Witness, WitnessRequest } from "./signer.ts";
