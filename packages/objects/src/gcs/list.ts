import { MlsignError } from "@mlsign/core";
import type { ObjectVersion } from "../facts.ts";
import type { ListedObject } from "../store.ts";
import { answerOf } from "./answers.ts";
import type { GcsConnection } from "./client.ts";
import { failed } from "./failed.ts";
import { type Resource, versionOf } from "./metadata.ts";

/** Names with their generations, a page at a time. */
export async function* listObjects(
  connection: GcsConnection,
  bucket: string,
  prefix: string,
): AsyncIterable<ListedObject> {
  const within = connection.storage.bucket(bucket);
  let pageToken: string | undefined;
  let open: { readonly key: string; readonly versions: ObjectVersion[] } | undefined;
  for (;;) {
    let page;
    try {
      page = await within.getFiles({
        prefix,
        versions: true,
        autoPaginate: false,
        maxResults: PAGE,
        ...(pageToken !== undefined && { pageToken }),
      });
    } catch (error) {
      connection.clock.note(answerOf(error).date);
      throw failed("list", connection, error);
    }
    const [files, next] = page;
    for (const { name, metadata } of files) {
      const version = versionOf(metadata as Resource);
      if (open?.key === name) {
        if (open.versions.length < MOST_VERSIONS || version.isLatest) open.versions.push(version);
        continue;
      }
      if (open !== undefined) yield listed(open);
      open = { key: name, versions: [version] };
    }
    const token = (next as { pageToken?: string } | null)?.pageToken;
    if (token === undefined) break;
    if (token === pageToken)
      throw new MlsignError("service-lied", "Cannot list: the server sends the same page again");
    pageToken = token;
  }
  if (open !== undefined) yield listed(open);
}

function listed({
  key,
  versions,
}: {
  readonly key: string;
  readonly versions: readonly ObjectVersion[];
}): ListedObject {
  const live = versions.find(({ isLatest }) => isLatest);
  return { key, size: live?.size ?? 0, versions };
}

const PAGE = 1000;
const MOST_VERSIONS = 1000;
