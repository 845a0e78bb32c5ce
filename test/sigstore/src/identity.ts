import type { FulcioIdentity } from "./authority.ts";
import type { Claims } from "./jwt.ts";

/** What Fulcio proves possession over: the e-mail address, else the subject. */
export function challengeOf(claims: Claims): string {
  if (typeof claims["email"] !== "string") return textOf(claims, "sub");
  if (claims["email_verified"] !== true) {
    throw new SyntaxError("Cannot accept the token: e-mail address not verified");
  }
  return claims["email"];
}

/** The names and extensions that Fulcio writes for a token's claims. */
export function identityOf(claims: Claims): FulcioIdentity {
  const issuer = textOf(claims, "iss");
  if (typeof claims["email"] === "string") {
    return { names: [{ type: "email", value: claims["email"] }], issuer };
  }
  if (typeof claims["job_workflow_ref"] === "string") return githubIdentity(claims, issuer);
  return { names: [{ type: "uri", value: textOf(claims, "sub") }], issuer };
}

function githubIdentity(claims: Claims, issuer: string): FulcioIdentity {
  const claim = (name: string): string => textOf(claims, name);
  const url = (path: string): string => `https://github.com/${path}`;
  const run = `${claim("repository")}/actions/runs/${claim("run_id")}/attempts/${claim("run_attempt")}`;
  return {
    names: [{ type: "uri", value: url(claim("job_workflow_ref")) }],
    issuer,
    claims: {
      2: claim("event_name"),
      3: claim("sha"),
      4: claim("workflow"),
      5: claim("repository"),
      6: claim("ref"),
      9: url(claim("job_workflow_ref")),
      10: claim("job_workflow_sha"),
      11: claim("runner_environment"),
      12: url(claim("repository")),
      13: claim("sha"),
      14: claim("ref"),
      15: claim("repository_id"),
      16: url(claim("repository_owner")),
      17: claim("repository_owner_id"),
      18: url(claim("workflow_ref")),
      19: claim("workflow_sha"),
      20: claim("event_name"),
      21: url(run),
      22: claim("repository_visibility"),
    },
  };
}

function textOf(claims: Claims, name: string): string {
  const value = claims[name];
  return typeof value === "string" ? value : "";
}
