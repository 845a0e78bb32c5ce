import { isRecord, MlsignError, parseJson } from "@mlsign/core";

/** An OpenID Connect token. Its text is a secret: whoever holds it can sign as this identity. */
export interface IdentityToken {
  readonly text: string;
  readonly issuer: string;
  /** What Fulcio wants signed as proof of possession: the e-mail address, else the subject. */
  readonly subject: string;
  readonly email: string | undefined;
  readonly expires: Date;
}

/**
 * Reads a token's claims without verifying it: that is Fulcio's part. Checked here so that a
 * token that is no token never travels, and is never echoed.
 *
 * @throws MlsignError `identity-token-invalid`; no part of the token is in its message.
 */
export function parseIdentityToken(text: string, now: Date): IdentityToken {
  const claims = claimsOf(text.trim());
  const { iss, aud, sub, exp, email, email_verified: verified } = claims;
  if (typeof iss !== "string" || typeof exp !== "number") throw invalid("it lacks iss or exp");
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (!audiences.includes("sigstore")) throw invalid('its audience is not "sigstore"');
  const expires = new Date(exp * 1000);
  if (Number.isNaN(expires.getTime())) throw invalid("its exp is not a time");
  if (expires <= now) throw invalid(`it expired at ${expires.toISOString()}`);
  if (typeof email === "string" && verified !== true && verified !== "true") {
    throw invalid("its e-mail address is not verified");
  }
  const subject = typeof email === "string" ? email : sub;
  if (typeof subject !== "string" || subject === "") throw invalid("it names no subject");
  return {
    text: text.trim(),
    issuer: iss,
    subject,
    email: typeof email === "string" ? email : undefined,
    expires,
  };
}

function claimsOf(text: string): Record<string, unknown> {
  const parts = text.split(".");
  if (parts.length !== 3 || text.length > MOST_CHARACTERS) throw invalid("it is not a JWT");
  try {
    const claims = parseJson(Buffer.from(parts[1] ?? "", "base64url"));
    if (isRecord(claims)) return claims;
  } catch {
    // The parser's message could quote the token.
  }
  throw invalid("its claims are not a JSON object");
}

function invalid(why: string): MlsignError {
  return new MlsignError("identity-token-invalid", `Cannot use identity token: ${why}`);
}

const MOST_CHARACTERS = 64 * 1024;
