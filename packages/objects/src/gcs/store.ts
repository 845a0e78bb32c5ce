import type { StoreOptions } from "../open.ts";
import { ServerClock } from "../server-clock.ts";
import type { ObjectStore } from "../store.ts";
import { create, removeVersion, retain } from "./attempts.ts";
import { readBucket } from "./bucket.ts";
import { connect } from "./client.ts";
import { download, stream } from "./download.ts";
import { listObjects } from "./list.ts";
import { readObject } from "./object.ts";

/** Google Cloud Storage, where a version is a generation. */
export function gcsStore(options: StoreOptions): ObjectStore {
  const clock = new ServerClock();
  const connection = connect(options, clock);
  return {
    provider: "gcs",
    endpoint: connection.endpoint,
    sdk: "@google-cloud/storage@8.4.0",
    bucket: (bucket) => readBucket(connection, bucket),
    object: (name, listed) => readObject(connection, name, listed),
    serverTime: () => clock.latest,
    list: (bucket, prefix) => listObjects(connection, bucket, prefix),
    read: (name, maxBytes) => download(connection, name, maxBytes),
    stream: (name, start) => stream(connection, name, start),
    retain: (name, until, how) => retain(connection, name, until, how),
    removeVersion: (name) => removeVersion(connection, name),
    create: (name, content) => create(connection, name, content),
    close: () => undefined,
  };
}
