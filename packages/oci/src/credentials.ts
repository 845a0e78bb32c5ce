/**
 * Who to be at a registry. An identity token is exchanged at the registry's token service, a
 * registry token is shown as it is.
 */
export type Credentials =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  | { readonly kind: "identity-token"; readonly token: string }
  | { readonly kind: "registry-token"; readonly token: string };

/** RFC 7617. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

/** Whether a text can stand in a header as a token; one that cannot would be quoted by an error. */
export function isToken(text: unknown): text is string {
  return typeof text === "string" && text.length <= MOST_CHARACTERS && /^[\x21-\x7e]+$/.test(text);
}

const MOST_CHARACTERS = 64 * 1024;
