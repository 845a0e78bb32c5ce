import { openStore } from "@mlsign/objects";
import test from "ava";
import { startS3Crowd } from "mlsign-test-stores";
import { checkStorage } from "../src/index.ts";

test("checkStorage() asks 16 things at a time, lists no further than it looks, and tells how far it is", async (t) => {
  const crowd = await startS3Crowd(2500);
  t.teardown(() => crowd.close());
  const store = await openStore("s3", {
    endpoint: crowd.endpoint,
    env: { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" },
  });
  t.teardown(() => store.close());
  const progress: number[] = [];
  const checked = await checkStorage(store, {
    bucket: "models",
    prefix: "m/",
    policy: { now: new Date() },
    onProgress: ({ done }) => void progress.push(done),
  });
  t.is(checked.objects.protected, 2500);
  t.true(checked.findings.length < 10, "findings do not grow with the objects");
  t.true(crowd.peak() <= 16, `${crowd.peak()} at once`);
  t.true(crowd.ahead() <= 16, `${crowd.ahead()} listed and not looked at when more was listed`);
  t.is(progress.at(-1), 2500);
  t.deepEqual(
    progress,
    progress.toSorted((a, b) => a - b),
  );
});
