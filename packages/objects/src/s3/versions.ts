import type { ObjectVersion } from "../facts.ts";

/** The versions and delete markers of a page, with their keys. */
export function versionsOf(page: {
  readonly Versions?: readonly object[] | undefined;
  readonly DeleteMarkers?: readonly object[] | undefined;
}): (ObjectVersion & { readonly key: string })[] {
  return [
    ...(page.Versions ?? []).flatMap((item) => versionOf(item, false)),
    ...(page.DeleteMarkers ?? []).flatMap((item) => versionOf(item, true)),
  ];
}

function versionOf(item: object, isMarker: boolean): (ObjectVersion & { readonly key: string })[] {
  const { Key, VersionId, IsLatest, Size, ETag, LastModified } = item as {
    Key?: string;
    VersionId?: string;
    IsLatest?: boolean;
    Size?: number;
    ETag?: string;
    LastModified?: Date;
  };
  if (Key === undefined) return [];
  return [
    {
      key: Key,
      versionId: VersionId ?? "null",
      isLatest: IsLatest === true,
      isMarker,
      size: Size ?? 0,
      etag: ETag?.replaceAll('"', ""),
      lastModified: LastModified?.toISOString(),
    },
  ];
}
