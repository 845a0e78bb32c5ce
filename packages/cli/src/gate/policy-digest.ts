import { MlsignError, printable } from "@mlsign/core";

/** The hex of `--policy-digest`. @throws MlsignError `usage` */
export function policyDigest(text: string): string {
  const hex = /^sha256:([0-9a-fA-F]{64})$/.exec(text)?.[1];
  if (hex !== undefined) return hex.toLowerCase();
  throw new MlsignError("usage", `Cannot use --policy-digest ${printable(text)}`, {
    hint: "a policy's digest is sha256: with 64 hexadecimal digits, as promote prints it in --json",
  });
}
