import type { StoreOptions } from "../open.ts";
import { ServerClock } from "../server-clock.ts";
import type { ObjectStore } from "../store.ts";
import { create, removeVersion, retain } from "./attempts.ts";
import { readBucket } from "./bucket.ts";
import { connect } from "./client.ts";
import { download, stream } from "./download.ts";
import { listObjects } from "./list.ts";
import { readObject } from "./object.ts";

/** Any S3 server. */
export function s3Store(options: StoreOptions): ObjectStore {
  const clock = new ServerClock();
  const connection = connect(options, clock);
  return {
    provider: "s3",
    endpoint: connection.endpoint,
    sdk: "@aws-sdk/client-s3@3.1169.0",
    bucket: (bucket) => readBucket(connection, bucket),
    object: (name, listed) => readObject(connection, name, listed),
    serverTime: () => clock.latest,
    list: (bucket, prefix) => listObjects(connection, bucket, prefix),
    read: (name, maxBytes) => download(connection, name, maxBytes),
    stream: (name, start) => stream(connection, name, start),
    retain: (name, until, how) => retain(connection, name, until, how),
    removeVersion: (name, how) => removeVersion(connection, name, how),
    create: (name, content) => create(connection, name, content),
    close: () => connection.client.destroy(),
  };
}
