import { MlsignError } from "@mlsign/core";
import type { IdentityToken } from "@mlsign/sign";
import type { SigningConfig } from "@mlsign/trust";
import type { Host } from "../host.ts";
import { say } from "../terminal/output.ts";
import type { SignerFlags } from "./signer-options.ts";
import { readFile } from "./trust-options.ts";

/**
 * Where the identity of a keyless signature comes from: the flag, else the CI's, else a login on
 * a terminal. What can be known now is checked now; the login itself waits until it is needed.
 *
 * @throws MlsignError `identity-token-missing`, `identity-token-invalid` or `confirmation-needed`
 */
export async function identityToken(
  flags: SignerFlags,
  host: Host,
  config: SigningConfig | undefined,
): Promise<() => Promise<IdentityToken>> {
  const { ambientToken, parseIdentityToken } = await import("@mlsign/sign");
  if (flags.identityToken !== undefined) {
    const token = parseIdentityToken(tokenText(flags.identityToken, host), host.clock());
    return async () => token;
  }
  const ambient = await ambientToken(host);
  if (ambient !== undefined) {
    const token = parseIdentityToken(ambient, host.clock());
    return async () => token;
  }
  if (!host.interactive) {
    throw new MlsignError("identity-token-missing", "Cannot sign keyless: no identity was found", {
      hint: "give --key, or --identity-token, or run in a CI that offers an identity",
    });
  }
  await confirm(flags, host);
  return async () => parseIdentityToken(await login(flags, host, config), host.clock());
}

function tokenText(flag: string, host: Host): string {
  return flag.startsWith("@") ? readFile(flag.slice(1), host, 1024 * 1024).toString("utf8") : flag;
}

async function confirm(flags: SignerFlags, host: Host): Promise<void> {
  if (flags.yes) return;
  say(
    host,
    "your identity (an e-mail address, say) will be in the signature, and where it is logged,",
  );
  say(host, "in a public log that never forgets");
  const answer = await host.ask("sign with your identity? [y/N] ", false);
  if (/^y(?:es)?$/i.test(answer?.trim() ?? "")) return;
  throw new MlsignError("confirmation-needed", "Cannot sign keyless: not confirmed", {
    hint: "--yes agrees beforehand; --key signs without an identity",
  });
}

async function login(
  flags: SignerFlags,
  host: Host,
  config: SigningConfig | undefined,
): Promise<string> {
  const [{ interactiveToken }, trust] = await Promise.all([
    import("@mlsign/sign"),
    import("@mlsign/trust"),
  ]);
  const service = config && trust.servicesAt(config, host.clock()).oidc;
  return interactiveToken({
    issuer: service?.url ?? trust.PUBLIC_OIDC_ISSUER,
    show: (url) => {
      say(host, `log in at\n\n  ${url}\n`);
      if (!flags.pasteCode) host.openBrowser(url);
    },
    ...(flags.pasteCode && {
      pasteCode: async () => (await host.ask("paste the code that is shown there: ", true)) ?? "",
    }),
  });
}
