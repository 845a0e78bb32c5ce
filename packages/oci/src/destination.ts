import { type MlsignError, printable } from "@mlsign/core";
import { failed } from "./ask.ts";

/**
 * Where a registry's `Location` leads: the registry itself, or another host over https (storage
 * that it hands out), or this machine where the registry is on it. Never from https to http.
 *
 * @throws MlsignError `service-failed` for no such address
 */
export function destination(location: string | null, from: URL, registry: URL): URL {
  const refuse = (why: string): MlsignError =>
    failed(registry.host, `it leads to ${printable(location ?? "nowhere")}: ${why}`);
  if (location === null || location.length > MOST_CHARACTERS || !URL.canParse(location, from))
    throw failed(registry.host, "it leads to no address");
  const url = new URL(location, from);
  if (url.username !== "" || url.password !== "")
    throw failed(registry.host, "it leads to an address that holds a password");
  url.hash = "";
  if (url.origin === registry.origin || url.protocol === "https:") return url;
  if (url.protocol !== "http:") throw refuse("neither https nor http");
  if (isLoopback(url) && isLoopback(registry) && registry.protocol === "http:") return url;
  throw refuse("not over https");
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

const MOST_CHARACTERS = 16 * 1024;
