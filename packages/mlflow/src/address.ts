import { MlsignError, printable } from "@mlsign/core";

export interface ClientOptions {
  /** `http://` or `https://`; what follows the host is kept as the prefix of every path. */
  readonly uri: string;
  /** Sent over https, or to this machine. */
  readonly credentials?:
    | { readonly username: string; readonly password: string }
    | { readonly token: string };
  /** Of an answer; of a stream, between two pieces. */
  readonly timeoutMs?: number;
}

/**
 * Origin and prefix of a tracking server, without a slash at the end.
 *
 * @throws MlsignError `usage` for an address that is no such server's, or credentials in the open
 */
export function baseOf({ uri, credentials }: ClientOptions): string {
  const url = URL.canParse(uri) ? new URL(uri) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw new MlsignError("usage", `Cannot ask MLflow at ${printable(uri)}: not an http address`, {
      hint: "a tracking server's, such as https://mlflow.example",
    });
  }
  const here = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (credentials !== undefined && url.protocol === "http:" && !here) {
    throw new MlsignError("usage", `Cannot log in to ${printable(url.origin)} without TLS`, {
      hint: "use its https address",
    });
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}
