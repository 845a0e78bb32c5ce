import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import type { Commit } from "./objects.ts";
import { type Ended, type Environment, runProgram } from "./run-program.ts";

/** Whose keyless signatures (gitsign) count. */
export interface GitsignTrust {
  /** An e-mail address or a URI, exactly. */
  readonly identity: string;
  readonly issuer: string;
  /** The caller's: `PATH`, and where gitsign's own trusted root and proxies are set. */
  readonly env: Environment;
}

/** What gitsign says of one commit. */
export type GitsignVerdict =
  | { readonly status: "good"; readonly principal: string }
  | { readonly status: "bad" | "unknown-signer" | "unchecked"; readonly why: string };

/**
 * Verifies a commit with `gitsign verify` and a pinned identity, in a repository made for it that
 * holds this commit alone: gitsign reads its settings, the authorities among them, from the
 * repository that it runs in.
 */
export async function verifyWithGitsign(
  commit: Commit,
  trust: GitsignTrust,
): Promise<GitsignVerdict> {
  if (commit.oid.length !== 40) return unchecked("gitsign reads no SHA-256 repository");
  const folder = await mkdtemp(join(tmpdir(), "mlsign-gitsign-"));
  try {
    await writeRepository(folder, commit);
    const args = [
      "verify",
      `--certificate-identity=${trust.identity}`,
      `--certificate-oidc-issuer=${trust.issuer}`,
      commit.oid,
    ];
    const env = environment(trust.env, folder);
    return judgeGitsign(await runProgram("gitsign", args, { cwd: folder, env }), trust);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Good is what gitsign says was validated, of this identity; what is not understood is unchecked. */
export function judgeGitsign(
  ended: Ended,
  { identity, issuer }: Pick<GitsignTrust, "identity" | "issuer">,
): GitsignVerdict {
  if (ended.how === "missing") return unchecked("gitsign is not installed");
  if (ended.how === "failed") return unchecked(`gitsign did not answer: ${ended.why}`);
  if (ended.code !== 0) {
    if (/failed to (?:parse signature|verify detached signature)/.test(ended.err))
      return { status: "bad", why: "the signature is not over this commit, or of no authority" };
    if (/none of the expected identities matched/.test(ended.err))
      return { status: "unknown-signer", why: "the signature is somebody else's" };
    const line = ended.err.split("\n").find((text) => text.trim() !== "") ?? "no reason given";
    return unchecked(`gitsign could not check it: ${line.slice(0, 300)}`);
  }
  const lines = ended.out.split("\n");
  const once = (wanted: string): boolean => lines.filter((line) => line === wanted).length === 1;
  const good =
    once(`gitsign: Good signature from [${identity}](${issuer})`) &&
    once("Validated Git signature: true") &&
    once("Validated Certificate claims: true") &&
    !lines.some((line) => /^Validated .*: false$/.test(line));
  return good
    ? { status: "good", principal: identity }
    : unchecked("gitsign's answer is not understood");
}

async function writeRepository(folder: string, { oid, bytes }: Commit): Promise<void> {
  const git = join(folder, ".git");
  const object = join(git, "objects", oid.slice(0, 2), oid.slice(2));
  await mkdir(dirname(object), { recursive: true });
  await mkdir(join(git, "refs"));
  await writeFile(join(git, "HEAD"), "ref: refs/heads/main\n");
  await writeFile(join(git, "config"), "[core]\n\trepositoryformatversion = 0\n");
  const header = Buffer.from(`commit ${bytes.length}\0`);
  await writeFile(object, deflateSync(Buffer.concat([header, bytes])));
}

/** The caller's environment, with git's own variables replaced: they would lead elsewhere. */
function environment(env: Environment, folder: string): Environment {
  const kept = Object.entries(env).filter(([name]) => !name.startsWith("GIT_"));
  return {
    ...Object.fromEntries(kept),
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CEILING_DIRECTORIES: dirname(folder),
    GIT_TERMINAL_PROMPT: "0",
  };
}

function unchecked(why: string): { status: "unchecked"; why: string } {
  return { status: "unchecked", why };
}
