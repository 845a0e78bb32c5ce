/**
 * The two public conformance protocols, so that other people's suites can drive mlsign:
 * sigstore-conformance (`verify-bundle`, `sign-bundle`) and model-signing-conformance
 * (`verify-model`, `sign-model`, `capabilities`). Exit 0 is accepted or done; anything else is not.
 */
import { exitOf, messageOf, MlsignError, printable } from "@mlsign/core";

const COMMANDS: Readonly<Record<string, () => Promise<(argv: string[]) => Promise<number>>>> = {
  "verify-bundle": async () => (await import("./conformance/verify-bundle.ts")).verifyBundle,
  "sign-bundle": async () => (await import("./conformance/sign-bundle.ts")).signBundle,
  "verify-model": async () => (await import("./conformance/model.ts")).verifyModel,
  "sign-model": async () => (await import("./conformance/model.ts")).signModel,
  capabilities: async () => (await import("./conformance/model.ts")).capabilities,
};

const USAGE = `usage: node scripts/conformance.ts verify-bundle [--staging] --bundle FILE
         (--certificate-identity ID --certificate-oidc-issuer URL | --key FILE)
         [--trusted-root FILE] FILE|sha256:HEX
       node scripts/conformance.ts sign-bundle [--staging] [--in-toto] --identity-token TOKEN
         --bundle FILE [--trusted-root FILE] [--signing-config FILE] FILE
       node scripts/conformance.ts verify-model --method key|certificate|sigstore --model-path PATH
         --bundle FILE [--public-key FILE] [--cert-chain FILE]… [--ignore-paths PATH]…
         [--ignore-unsigned-files] [--identity ID --identity-provider URL] [--use-staging]
       node scripts/conformance.ts sign-model --method key|certificate|sigstore --model-path PATH
         --output-bundle FILE [--private-key FILE] [--signing-cert FILE] [--cert-chain FILE]…
         [--ignore-paths PATH]… [--identity-token TOKEN] [--use-staging]
         [--hash-algorithm sha256|blake2b|blake3] [--shard-size BYTES]
       node scripts/conformance.ts capabilities
`;

async function main([name = "", ...argv]: readonly string[]): Promise<number> {
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    const command = await load();
    return await command(argv);
  } catch (error) {
    const usage = error instanceof TypeError && "code" in error;
    process.stderr.write(`${name}: ${printable(messageOf(error))}\n`);
    if (!usage && !(error instanceof MlsignError)) process.stderr.write(`${stackOf(error)}\n`);
    return usage ? 2 : exitOf(error);
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? "") : "";
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
