import { MlsignError, printable } from "@mlsign/core";

/** A PKCS #11 URI (RFC 7512). The PIN is a secret. */
export interface Pkcs11Uri {
  readonly token: string | undefined;
  readonly serial: string | undefined;
  readonly slotId: number | undefined;
  readonly object: string | undefined;
  readonly id: Buffer | undefined;
  readonly modulePath: string | undefined;
  readonly pinValue: string | undefined;
  /** A file's path. */
  readonly pinSource: string | undefined;
}

/**
 * Parses a PKCS #11 URI. An attribute given twice, one that is unknown, and a bad escape are
 * refused: a URI that names more than we look at would sign with another key than was meant.
 *
 * @throws MlsignError `key-invalid`; the PIN is not in its message.
 */
export function parsePkcs11Uri(uri: string): Pkcs11Uri {
  if (!uri.startsWith("pkcs11:")) throw invalid('it does not start with "pkcs11:"');
  const [, path = "", query = ""] = /^pkcs11:([^?]*)\??(.*)$/s.exec(uri) ?? [];
  const attributes = new Map([
    ...pairs(path, ";", PATH_ATTRIBUTES),
    ...pairs(query, "&", QUERY_ATTRIBUTES),
  ]);
  const text = (name: string): string | undefined => attributes.get(name)?.toString("utf8");
  const type = text("type");
  if (type !== undefined && type !== "private")
    throw invalid(`type is "${printable(type)}", not "private"`);
  const slot = text("slot-id");
  if (slot !== undefined && !/^\d{1,9}$/.test(slot)) throw invalid("slot-id is not a number");
  const modulePath = text("module-path");
  if (modulePath !== undefined && !modulePath.startsWith("/")) {
    throw invalid("module-path is not absolute");
  }
  if (text("object") === undefined && attributes.get("id") === undefined) {
    throw invalid("it names neither an object nor an id");
  }
  return {
    token: text("token"),
    serial: text("serial"),
    slotId: slot === undefined ? undefined : Number(slot),
    object: text("object"),
    id: attributes.get("id"),
    modulePath,
    pinValue: text("pin-value"),
    pinSource: text("pin-source")?.replace(/^file:(?:\/\/)?/, ""),
  };
}

function pairs(text: string, separator: string, known: readonly string[]): [string, Buffer][] {
  const seen = new Set<string>();
  return text
    .split(separator)
    .filter((part) => part !== "")
    .map((part) => {
      const at = part.indexOf("=");
      // Without its "=", it could be a PIN.
      if (at < 0) throw invalid("an attribute has no value");
      const name = part.slice(0, at);
      if (!known.includes(name)) throw invalid(`unknown attribute "${printable(name)}"`);
      if (seen.has(name)) throw invalid(`attribute "${name}" is there twice`);
      seen.add(name);
      return [name, percentDecoded(part.slice(at + 1), name)];
    });
}

/** Values may be bytes that are no text: `id=%00%ff`. */
function percentDecoded(value: string, name: string): Buffer {
  if (/%(?![0-9a-fA-F]{2})/.test(value)) throw invalid(`attribute "${name}" has a bad escape`);
  const pieces = value.split(/(%[0-9a-fA-F]{2})/);
  return Buffer.concat(
    pieces.map((piece) =>
      piece.startsWith("%") ? Buffer.from(piece.slice(1), "hex") : Buffer.from(piece),
    ),
  );
}

function invalid(why: string): MlsignError {
  return new MlsignError("key-invalid", `Cannot read PKCS #11 URI: ${why}`);
}

const PATH_ATTRIBUTES = [
  "token",
  "manufacturer",
  "serial",
  "model",
  "object",
  "type",
  "id",
  "slot-id",
];
const QUERY_ATTRIBUTES = ["pin-value", "pin-source", "module-path", "module-name"];
