import type { Ended } from "./run-program.ts";

/** What gpg says of one signature. */
export type GpgVerdict =
  | { readonly status: "good"; readonly user: string; readonly fingerprint: string }
  | {
      readonly status: "bad" | "unknown-signer" | "unchecked";
      readonly why: string;
      readonly fingerprint?: string;
    };

/**
 * Judges by gpg's status lines (GnuPG, doc/DETAILS), strictly: good is one signature, of one kind
 * of line each, by a pinned key, with a hash that holds, and nothing said that is not understood.
 */
export function judgeGpg(ended: Ended, pinned: ReadonlySet<string>): GpgVerdict {
  if (ended.how === "missing") return unchecked("gpg is not installed");
  if (ended.how === "failed") return unchecked(`gpg did not answer: ${ended.why}`);
  const lines = ended.out.split("\n").flatMap((line) => {
    const [, word = "", rest = ""] = /^\[GNUPG:\] ([A-Z_0-9]+)(?: (.*))?$/.exec(line) ?? [];
    return word === "" ? [] : [{ word, words: rest.split(" ") }];
  });
  const of = (name: string): string[][] =>
    lines.filter(({ word }) => word === name).map(({ words }) => words);
  const results = lines.filter(({ word }) => RESULTS.has(word));
  const [result] = results;
  if (result === undefined) return unchecked("gpg said nothing of the signature");
  if (results.length > 1 || of("NEWSIG").length > 1)
    return { status: "bad", why: "there is more than one OpenPGP signature" };
  const fault = FAULTS[result.word];
  if (result.word === "ERRSIG") return errorOf(result.words);
  if (fault !== undefined) return fault;
  const [valid, second] = of("VALIDSIG");
  if (valid === undefined || second !== undefined || ended.code !== 0)
    return unchecked("gpg contradicts itself");
  const strange = lines.find(({ word }) => !EXPECTED.has(word));
  if (strange !== undefined) return unchecked(`gpg said "${strange.word}", which is not known`);
  const [made = "", , , , , , , hash = "", kind = "", primary = made] = valid;
  const fingerprint = primary;
  if (!pinned.has(primary))
    return { status: "unknown-signer", why: "the key is none of those given", fingerprint };
  if (kind !== "00") return { status: "bad", why: "the signature is not of bytes", fingerprint };
  if (!HASHES.has(hash))
    return { status: "bad", why: "the signature's hash is too weak", fingerprint };
  const [, ...user] = result.words;
  return { status: "good", user: unescape(user.join(" ")), fingerprint };
}

/** `ERRSIG keyid pkalgo hashalgo class time rc [fpr]`: 9 is a missing key, 4 an unknown algorithm. */
function errorOf(words: readonly string[]): GpgVerdict {
  const [key = "", , , , , code, full] = words;
  const fingerprint = full !== undefined && full !== "-" ? full : key;
  if (code === "9") {
    const why = `no allowed signer has the OpenPGP key ${fingerprint}`;
    return { status: "unknown-signer", why, fingerprint };
  }
  return { ...unchecked(`gpg cannot check the signature (${code ?? "?"})`), fingerprint };
}

function unchecked(why: string): { status: "unchecked"; why: string } {
  return { status: "unchecked", why };
}

/** Status lines escape with `%XX`, in bytes. */
function unescape(text: string): string {
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return /[^\0-\xff]/.test(bytes) ? text : Buffer.from(bytes, "latin1").toString("utf8");
}

const RESULTS = new Set(["GOODSIG", "BADSIG", "EXPSIG", "EXPKEYSIG", "REVKEYSIG", "ERRSIG"]);
const FAULTS: Readonly<Record<string, GpgVerdict>> = {
  BADSIG: { status: "bad", why: "the signature is not over this commit" },
  EXPSIG: { status: "bad", why: "the signature has expired" },
  EXPKEYSIG: { status: "unknown-signer", why: "the signer's OpenPGP key has expired" },
  REVKEYSIG: { status: "unknown-signer", why: "the signer's OpenPGP key is revoked" },
};
/** What accompanies a good signature. */
const EXPECTED = new Set([
  "GOODSIG",
  "KEYEXPIRED",
  "KEY_CONSIDERED",
  "NEWSIG",
  "NOTATION_DATA",
  "NOTATION_FLAGS",
  "NOTATION_NAME",
  "POLICY_URL",
  "PROGRESS",
  "SIG_ID",
  "TRUST_FULLY",
  "TRUST_MARGINAL",
  "TRUST_UNDEFINED",
  "TRUST_ULTIMATE",
  "VALIDSIG",
  "VERIFICATION_COMPLIANCE_MODE",
]);
/** SHA-256, 384, 512 and 224 (RFC 4880 9.4), SHA3-256 and SHA3-512 (RFC 9580 9.5). */
const HASHES = new Set(["8", "9", "10", "11", "12", "14"]);
