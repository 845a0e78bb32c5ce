import { randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MlsignError, printable } from "@mlsign/core";
import { type GpgVerdict, judgeGpg } from "./gpg-status.ts";
import { type Ended, type Environment, runProgram } from "./run-program.ts";

/** OpenPGP keys whose signatures count, in a home of their own. */
export interface Keyring {
  verify(armour: string, signed: Buffer): Promise<GpgVerdict>;
  /** Removes its home. */
  close(): Promise<void>;
}

export interface KeyringOptions {
  /** Where the keys come from, for messages. */
  readonly source: string;
  /** Its `PATH` says where gpg is; nothing else of it is used. */
  readonly env: Environment;
}

/**
 * Opens a keyring of exactly the given public keys. gpg runs with a home made for it, without
 * agent, network, options file or trust database: neither the user's keys nor a repository's
 * `gpg.program` count. Where gpg is missing, `verify` says so, and nothing passes.
 *
 * @throws MlsignError `config-invalid` where there is no public key, or a secret one
 */
export async function openKeyring(keys: Buffer, options: KeyringOptions): Promise<Keyring> {
  const { source } = options;
  if (keys.includes("PRIVATE KEY BLOCK")) throw invalid(source, "it holds a secret key");
  const home = await mkdtemp(join(tmpdir(), "mlsign-gpg-"));
  const close = (): Promise<void> => rm(home, { recursive: true, force: true });
  const gpg = (args: readonly string[], input: Buffer): Promise<Ended> =>
    runProgram("gpg", ["--homedir", home, ...PINNED, ...args], {
      cwd: home,
      env: { PATH: options.env.PATH, HOME: home, GNUPGHOME: home, LC_ALL: "C" },
      input,
    });
  try {
    const pinned = pinnedKeys(await gpg(["--import"], keys), source);
    return { verify: (armour, signed) => verify(armour, signed, { home, gpg, pinned }), close };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Opened {
  readonly home: string;
  readonly gpg: (args: readonly string[], input: Buffer) => Promise<Ended>;
  /** Fingerprints of the primary keys; `undefined` where gpg could not be run. */
  readonly pinned: ReadonlySet<string> | Ended;
}

async function verify(armour: string, signed: Buffer, opened: Opened): Promise<GpgVerdict> {
  const { home, gpg, pinned } = opened;
  if (!(pinned instanceof Set)) return judgeGpg(pinned as Ended, new Set());
  // Anything else, a signed message or a second signature, could bring its own content.
  if (!ARMOUR.test(armour)) return { status: "bad", why: "the signature's armour is malformed" };
  // A name of its own: several may be verified at once.
  const file = join(home, `${randomUUID()}.asc`);
  await writeFile(file, armour, { mode: 0o600 });
  const ended = await gpg(["--verify", "--", file, "-"], signed);
  await rm(file);
  return judgeGpg(ended, pinned as Set<string>);
}

function pinnedKeys(imported: Ended, source: string): ReadonlySet<string> | Ended {
  if (imported.how !== "exit") return imported;
  const lines = imported.out.split("\n");
  const fingerprints = lines.flatMap(
    (line) => /^\[GNUPG:\] IMPORT_OK \d+ (\S+)$/.exec(line)?.[1] ?? [],
  );
  const counts = lines
    .find((line) => line.startsWith(RESULT))
    ?.slice(RESULT.length)
    .split(" ");
  // What was read, taken or already there of secret keys (GnuPG, doc/DETAILS).
  if (counts?.slice(9, 12).some((count) => count !== "0"))
    throw invalid(source, "it holds a secret key");
  if (fingerprints.length > 0 && imported.code === 0) return new Set(fingerprints);
  throw invalid(source, "gpg finds no OpenPGP public key in it, or a damaged one");
}

function invalid(source: string, why: string): MlsignError {
  return new MlsignError("config-invalid", `Cannot use the keys of ${printable(source)}: ${why}`, {
    hint: "export public keys with gpg --export --armor",
  });
}

const PINNED = [
  "--no-options",
  "--batch",
  "--no-tty",
  "--quiet",
  "--no-greeting",
  "--no-permission-warning",
  "--no-autostart",
  "--disable-dirmngr",
  "--no-auto-key-locate",
  "--no-auto-key-retrieve",
  "--no-auto-check-trustdb",
  "--trust-model",
  "always",
  "--display-charset",
  "utf-8",
  "--status-fd",
  "1",
];
const RESULT = "[GNUPG:] IMPORT_RES ";
const ARMOUR =
  /^-----BEGIN PGP SIGNATURE-----\n(?:[A-Za-z]+: [^\n]*\n)*\n[A-Za-z0-9+/=\n]+-----END PGP SIGNATURE-----\s*$/;
