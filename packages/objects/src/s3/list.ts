import { ListObjectsV2Command, ListObjectVersionsCommand } from "@aws-sdk/client-s3";
import { MlsignError } from "@mlsign/core";
import type { ObjectVersion } from "../facts.ts";
import type { ListedObject } from "../store.ts";
import { answerOf, readingOf } from "./answers.ts";
import type { S3Connection } from "./client.ts";
import { failed } from "./failed.ts";
import { versionsOf } from "./versions.ts";

/** Keys with their versions, where the server lists versions, a page at a time. */
export async function* listObjects(
  connection: S3Connection,
  bucket: string,
  prefix: string,
): AsyncIterable<ListedObject> {
  let marker: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {};
  let groups = new Map<string, ObjectVersion[]>();
  for (;;) {
    const command = new ListObjectVersionsCommand({ Bucket: bucket, Prefix: prefix, ...marker });
    let page;
    try {
      page = await connection.client.send(command);
    } catch (error) {
      const answer = answerOf(error);
      if (readingOf(answer, "bucket").kind === "unsupported" && marker.KeyMarker === undefined) {
        yield* listKeys(connection, bucket, prefix);
        return;
      }
      throw failed("list", connection, error);
    }
    for (const { key, ...version } of versionsOf(page)) {
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [version]);
      else if (group.length < MOST_VERSIONS || version.isLatest) group.push(version);
    }
    const { IsTruncated, NextKeyMarker, NextVersionIdMarker } = page;
    const more = IsTruncated === true && NextKeyMarker !== undefined;
    // The last key's versions may go on on the next page.
    const open = more ? NextKeyMarker : undefined;
    for (const [key, versions] of groups) {
      if (key === open) continue;
      const latest = versions.find(({ isLatest }) => isLatest);
      yield { key, size: latest?.size ?? 0, versions };
    }
    const rest = open === undefined ? undefined : groups.get(open);
    groups = new Map(open !== undefined && rest !== undefined ? [[open, rest]] : []);
    if (!more) return;
    if (NextKeyMarker === marker.KeyMarker && NextVersionIdMarker === marker.VersionIdMarker)
      throw new MlsignError("service-lied", "Cannot list: the server sends the same page again");
    marker = { KeyMarker: NextKeyMarker, VersionIdMarker: NextVersionIdMarker };
  }
}

async function* listKeys(
  connection: S3Connection,
  bucket: string,
  prefix: string,
): AsyncIterable<ListedObject> {
  let token: string | undefined;
  do {
    let page;
    try {
      page = await connection.client.send(
        new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
      );
    } catch (error) {
      throw failed("list", connection, error);
    }
    for (const { Key, Size = 0 } of page.Contents ?? [])
      if (Key !== undefined) yield { key: Key, size: Size };
    const next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    if (next !== undefined && next === token)
      throw new MlsignError("service-lied", "Cannot list: the server sends the same page again");
    token = next;
  } while (token !== undefined);
}

const MOST_VERSIONS = 1000;
