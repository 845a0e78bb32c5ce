import { type Finding, finding, type OnProgress, printable } from "@mlsign/core";
import { inParallel, keyBelow, type ObjectFacts, type ObjectStore } from "@mlsign/objects";
import { CHECKS } from "./checks.ts";
import { judgeBytes } from "./judge-bytes.ts";
import type { PinnedObject } from "./pins.ts";

/** A file of the model, as it lies here. */
export interface ModelFile {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
  readonly md5: string;
}

export interface PinOptions {
  readonly bucket: string;
  readonly prefix: string;
  readonly onProgress?: OnProgress;
}

/**
 * The version of each object that holds a file of a model now. One that is not there, keeps no
 * versions, or holds other bytes as far as the store can tell, is a finding, and is not pinned.
 */
export async function pinObjects(
  store: ObjectStore,
  files: readonly ModelFile[],
  { bucket, prefix, onProgress }: PinOptions,
): Promise<{ readonly objects: readonly PinnedObject[]; readonly findings: readonly Finding[] }> {
  const pins = new Map<string, PinnedObject>();
  const findings = new Map<string, Finding>();
  let done = 0;
  await inParallel(files, WIDTH, async (file) => {
    const key = file.path === "." ? prefix : keyBelow(prefix, file.path);
    const pinned = pinOf(file, key, await store.object({ bucket, key }, []));
    if ("code" in pinned) findings.set(file.path, { ...pinned, subject: `${bucket}/${key}` });
    else pins.set(file.path, pinned);
    done += 1;
    onProgress?.({ step: "pinning objects", done, total: files.length, unit: "items" });
  });
  return {
    objects: files.flatMap(({ path }) => pins.get(path) ?? []),
    findings: files.flatMap(({ path }) => findings.get(path) ?? []),
  };
}

function pinOf(file: ModelFile, key: string, { head }: ObjectFacts): PinnedObject | Finding {
  const shown = printable(key);
  switch (head.kind) {
    case "none":
      return finding(CHECKS["STO-020"], "fail", `${shown} is not in the bucket`, {
        fix: "upload the model first",
      });
    case "denied":
      return finding(CHECKS["STO-090"], "unknown", `${head.status} when ${shown} was read`, {
        fix: "grant s3:GetObject, or storage.objects.get",
      });
    case "failed":
    case "unsupported":
      return finding(CHECKS["STO-090"], "unknown", `${shown} was not read`);
    case "value":
  }
  const { versionId, size, md5, checksums } = head.value;
  const [differs] = judgeBytes(head.value, file).filter(({ verdict }) => verdict === "tampered");
  if (differs !== undefined)
    return finding(CHECKS["STO-020"], "fail", `${shown}: ${differs.message}`, {
      fix: "upload the model that is here, or sign the one that is there",
    });
  if (versionId === undefined || versionId === "null")
    return finding(CHECKS["STO-011"], "fail", `${shown} has no version that could be pinned`, {
      fix: "enable versioning on the bucket, and upload the model again",
    });
  const whole = checksums.flatMap((it): [string, string][] =>
    it.whole ? [[it.algorithm, it.value]] : [],
  );
  return {
    path: file.path,
    key,
    versionId,
    size,
    sha256: file.sha256,
    checksums: {
      ...Object.fromEntries(whole.toSorted(([a], [b]) => (a < b ? -1 : 1))),
      ...(md5 !== undefined && { MD5: md5 }),
    },
  };
}

const WIDTH = 16;
