/** Whom to believe and where to sign: trusted roots, signing configurations, the public instance. @module */
export { PUBLIC_OIDC_ISSUER, publicSigningConfig, publicTrustedRoot } from "./public.ts";
export { parseSigningConfig, servicesAt } from "./signing-config.ts";
export { parseTrustConfig } from "./trust-config.ts";
export { parseTrustedRoot } from "./trusted-root.ts";

export type { PublicOptions } from "./public.ts";
export type { Service, Services, SigningConfig } from "./signing-config.ts";
export type { TrustConfig } from "./trust-config.ts";
export type { TrustedRoot } from "./trusted-root.ts";
