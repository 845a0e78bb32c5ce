import { purl } from "../purl.ts";
import type { Facts, Sheet } from "../sheet.ts";

interface ImageReference {
  readonly name: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Judges an image reference that holds no variable: only a lower-case digest pins it. */
export function judgeImage(sheet: Sheet, text: string, line: number | undefined): void {
  const reference = parseImage(text);
  const facts = imageFacts(text, line);
  if (reference === undefined) {
    sheet.unpinned(facts, "image-pinned", "is not an image reference");
  } else if (reference.digest !== undefined) {
    if (DIGEST.test(reference.digest)) sheet.pinned(facts, "has a digest");
    else {
      const fix = "write @sha256: and 64 lower-case hexadecimal digits";
      sheet.unpinned(facts, "image-pinned", `its digest is malformed: ${reference.digest}`, fix);
    }
  } else if (reference.tag === undefined || reference.tag === "latest") {
    const found = reference.tag === undefined ? "has no tag, which means latest" : "is latest";
    sheet.unpinned(facts, "image-latest", found, FIX);
  } else {
    sheet.unpinned(facts, "image-pinned", "has a tag, which can move, and no digest", FIX);
  }
}

/** An image whose reference holds variables: `resolved` has those that the file gives a default. */
export function judgeVariableImage(
  sheet: Sheet,
  image: { text: string; resolved: string | undefined; what: string },
  line: number | undefined,
): void {
  const { text, resolved, what } = image;
  const literal = /@(sha256:[0-9a-f]{64})$/.exec(text)?.[1];
  // Whatever the variables become, these are the bytes: a reference has one digest.
  if (literal !== undefined && !text.slice(0, text.lastIndexOf("@")).includes("@")) {
    sheet.pinned(imageFacts(text, line), "has a digest");
  } else if (resolved === undefined) {
    sheet.unknown(imageFacts(text, line), `holds a ${what} without a value`, ARGS);
  } else if (parseImage(resolved)?.digest === undefined || sheet.policy.allowArgs === true) {
    judgeImage(sheet, resolved, line);
  } else {
    const reason = `its digest is the default of a ${what}, which a caller can override`;
    sheet.unpinned(imageFacts(resolved, line), "image-pinned", reason, ARGS);
  }
}

/** `[registry[:port]/]name[:tag][@digest]`. */
function parseImage(text: string): ImageReference | undefined {
  const match = /^([^\s@]+?)(?::([\w][\w.-]{0,127}))?(?:@(\S+))?$/.exec(text);
  if (match === null || !NAME.test(match[1] as string)) return undefined;
  return { name: match[1] as string, tag: match[2], digest: match[3] };
}

function imageFacts(text: string, line: number | undefined): Facts {
  const reference = parseImage(text);
  if (reference === undefined) return { ecosystem: "oci", name: text, line };
  const { name, tag, digest } = reference;
  const slash = name.lastIndexOf("/");
  const hex = digest !== undefined && DIGEST.test(digest) ? digest.slice(7) : undefined;
  return {
    ecosystem: "oci",
    name: text,
    version: undefined,
    line,
    hashes: hex === undefined ? [] : [{ algorithm: digest?.slice(0, 6) as string, hex }],
    purl:
      hex === undefined
        ? undefined
        : purl("oci", name.slice(slash + 1).toLowerCase(), digest, {
            repository_url: slash < 0 ? `docker.io/library/${name}` : name,
            tag,
          }),
  };
}

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const NAME =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\d+)?\/|\[[0-9a-fA-F:]+\](?::\d+)?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*$/;
const FIX = "add the digest: name:tag@sha256:…, as `docker buildx imagetools inspect` prints it";
const ARGS = "write the digest itself where the image is named";
