/** A Sigstore instance on loopback, and its parts for making what no instance would. @module */
export { Authority, fulcioExtension, fulcioShape, selfSigned } from "./authority.ts";
export {
  dsseBody,
  hashedRekordBody,
  hashedRekordV2Body,
  intotoBody,
  keyOf,
  pae,
} from "./bodies.ts";
export { hintOf, signBundle } from "./bundle.ts";
export { buildCertificate, PURPOSE } from "./certificate.ts";
export { signCheckpoint } from "./checkpoint.ts";
export { CtLog } from "./ctlog.ts";
export { recoverKeys, verifyDigest } from "./curve.ts";
export { SERVICES } from "./faults.ts";
export { identityOf } from "./identity.ts";
export { Instance } from "./instance.ts";
export { GITHUB_ISSUER, githubClaims, GOOGLE_ISSUER, Issuer } from "./issuer.ts";
export { canonical } from "./json.ts";
export { generateKeys, hashOf, keyDetailsOf, sha, signWith } from "./keys.ts";
export { TransparencyLog } from "./log.ts";
export { MerkleTree } from "./merkle.ts";
export { startSigstore, tufTargets } from "./sigstore.ts";
export { TimestampAuthority } from "./timestamp.ts";
export { authorityInstance, logInstance, trustStart } from "./trust.ts";
export { TufRepository } from "./tuf.ts";

export type {
  AuthorityOptions,
  CaCertificate,
  FulcioIdentity,
  Issued,
  LeafShape,
} from "./authority.ts";
export type { EntryVerifier, SignedBy } from "./bodies.ts";
export type { BundleJson, BundleOptions, Content, LogStep, TimestampStep } from "./bundle.ts";
export type {
  AlternativeName,
  CertificateShape,
  Extension,
  KeyUsage,
  Timestamper,
} from "./certificate.ts";
export type { CheckpointOptions, Cosigner } from "./checkpoint.ts";
export type { SctOptions } from "./ctlog.ts";
export type { Fault, FaultKind, ServiceName } from "./faults.ts";
export type { InstanceOptions, Urls } from "./instance.ts";
export type { TokenOptions } from "./issuer.ts";
export type { Claims } from "./jwt.ts";
export type { Hash, KeyKind, Keys } from "./keys.ts";
export type { EntryOptions, InclusionProof, LogEntry, LogOptions, LogRecord } from "./log.ts";
export type { Users } from "./oidc.ts";
export type { RequestRecord } from "./server.ts";
export type { Sigstore, SigstoreOptions } from "./sigstore.ts";
export type { TimestampOptions, TsaOptions } from "./timestamp.ts";
export type {
  AuthorityInstance,
  ClientTrustConfigJson,
  LogInstance,
  Service,
  SigningConfigJson,
  SigningConfigOptions,
  TimeRange,
  TrustedRootJson,
} from "./trust.ts";
