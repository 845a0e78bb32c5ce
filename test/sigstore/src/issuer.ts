import { randomBytes } from "node:crypto";
import type { Clock } from "./clock.ts";
import { type Claims, signJwt, verifyJwt } from "./jwt.ts";
import { generateKeys, type Keys } from "./keys.ts";

export const GITHUB_ISSUER = "https://token.actions.githubusercontent.com";
export const GOOGLE_ISSUER = "https://accounts.google.com";

/** Who a token speaks of. With an e-mail address it is a person, and `sub` is opaque. */
export interface TokenOptions {
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly sub?: string;
  readonly audience?: string;
  /** Seconds from now; negative for one that has expired. */
  readonly expiresIn?: number;
  /** Another `iss`, such as `GITHUB_ISSUER`. */
  readonly issuer?: string;
  readonly claims?: Claims;
}

/** An OpenID Connect issuer: it signs whatever it is told. */
export class Issuer {
  readonly keys: Keys;
  /** Other values of `iss` under which this issuer's tokens are accepted by the CA. */
  readonly aliases: readonly string[] = [GITHUB_ISSUER, GOOGLE_ISSUER];
  readonly #clock: Clock;
  readonly #strangers: () => Keys;
  url = "";

  constructor(clock: Clock, algorithm: "ES256" | "RS256" = "ES256") {
    const kind = algorithm === "RS256" ? "rsa-2048" : "P-256";
    this.#clock = clock;
    this.keys = generateKeys(kind);
    this.#strangers = () => generateKeys(kind);
  }

  token(options: TokenOptions = {}, foreign = false): string {
    const { email, emailVerified = true, audience = "sigstore", expiresIn = 600 } = options;
    const now = Math.floor(this.#clock().getTime() / 1000);
    const person = email === undefined ? {} : { email, email_verified: emailVerified };
    const claims = {
      iss: options.issuer ?? this.url,
      aud: audience,
      sub: options.sub ?? randomBytes(12).toString("base64url"),
      iat: now,
      nbf: now,
      exp: now + expiresIn,
      ...person,
      ...options.claims,
    };
    return signJwt(claims, foreign ? this.#strangers() : this.keys);
  }

  /** @throws SyntaxError naming what is wrong, never the token. */
  accept(token: string): Claims {
    const claims = verifyJwt(token, this.keys);
    const now = this.#clock().getTime() / 1000;
    const { iss, aud, exp } = claims;
    const issuers: unknown[] = [this.url, ...this.aliases];
    if (!issuers.includes(iss)) throw new SyntaxError("Cannot accept the token: unknown issuer");
    if (aud !== "sigstore") throw new SyntaxError("Cannot accept the token: another audience");
    if (!(Number(exp) > now)) throw new SyntaxError("Cannot accept the token: expired");
    return claims;
  }
}

/** The claims of a GitHub Actions job; `claims` replace any of them. */
export function githubClaims(claims: Claims = {}): Claims {
  const workflow = "acme/models/.github/workflows/train.yml@refs/heads/main";
  const sha = "8d1ba8a6e4c0d6a7c1b7a3a0f8d5a0e7c6b5a493";
  return {
    sub: "repo:acme/models:ref:refs/heads/main",
    repository: "acme/models",
    repository_id: "1001",
    repository_owner: "acme",
    repository_owner_id: "42",
    repository_visibility: "private",
    ref: "refs/heads/main",
    sha,
    workflow: "train",
    workflow_ref: workflow,
    workflow_sha: sha,
    job_workflow_ref: workflow,
    job_workflow_sha: sha,
    event_name: "push",
    runner_environment: "github-hosted",
    run_id: "77",
    run_attempt: "1",
    ...claims,
  };
}
