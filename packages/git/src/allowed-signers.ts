import { MlsignError } from "@mlsign/core";

/** A line of an allowed signers file (ssh-keygen(1)). */
export interface AllowedSigner {
  readonly principals: readonly string[];
  readonly namespaces: readonly string[] | undefined;
  readonly validAfter: Date | undefined;
  readonly validBefore: Date | undefined;
  readonly certAuthority: boolean;
  readonly keyType: string;
  /** The key as SSH has it on the wire. */
  readonly key: Buffer;
}

/**
 * Parses an allowed signers file. A line that is not understood is an error: passing over it
 * could allow what it forbids.
 *
 * @throws MlsignError `config-invalid`
 */
export function parseAllowedSigners(text: string, source: string): AllowedSigner[] {
  return text.split("\n").flatMap((raw, index) => {
    const line = raw.trim();
    if (line === "" || line.startsWith("#")) return [];
    const signer = parseLine(line);
    if (signer !== undefined) return [signer];
    throw new MlsignError(
      "config-invalid",
      `Cannot read ${source}: line ${index + 1} is not understood`,
    );
  });
}

function parseLine(line: string): AllowedSigner | undefined {
  const words = line.match(/(?:[^\s"]|"[^"]*")+/g) ?? [];
  const [principals = "", ...rest] = words;
  const options = rest.length > 0 && !KEY_TYPES.test(rest[0] ?? "") ? rest.shift() : "";
  const [keyType = "", encoded = ""] = rest;
  const key = Buffer.from(encoded, "base64");
  if (!KEY_TYPES.test(keyType) || key.length < 20) return undefined;
  const parsed = parseOptions(options ?? "");
  return (
    parsed && { principals: principals.replaceAll('"', "").split(","), keyType, key, ...parsed }
  );
}

function parseOptions(text: string) {
  const options: {
    namespaces: string[] | undefined;
    validAfter: Date | undefined;
    validBefore: Date | undefined;
    certAuthority: boolean;
  } = {
    namespaces: undefined,
    validAfter: undefined,
    validBefore: undefined,
    certAuthority: false,
  };
  for (const option of text.match(/(?:[^,"]|"[^"]*")+/g) ?? []) {
    const [, name = "", value = ""] = /^([a-z-]+)(?:="?([^"]*)"?)?$/i.exec(option) ?? [];
    const key = name.toLowerCase();
    if (key === "cert-authority") options.certAuthority = true;
    else if (key === "namespaces") options.namespaces = value.split(",");
    else if (key === "valid-after") options.validAfter = sshTime(value);
    else if (key === "valid-before") options.validBefore = sshTime(value);
    else return undefined;
  }
  const times = [options.validAfter, options.validBefore];
  return times.some((time) => time !== undefined && Number.isNaN(time.getTime()))
    ? undefined
    : options;
}

/** `YYYYMMDD[HHMM[SS]][Z]`; without Z it is local time there, UTC here, so that machines agree. */
function sshTime(text: string): Date {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z?$/.exec(text);
  if (match === null) return new Date(Number.NaN);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map((n) => Number(n ?? 0));
  return new Date(Date.UTC(year, month - 1, day, hour, minute, second));
}

const KEY_TYPES =
  /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com)$/;
