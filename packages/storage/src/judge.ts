import type { BucketFacts, ObjectFacts } from "@mlsign/objects";
import { judgeAzure } from "./judge-azure.ts";
import { judgeGcs } from "./judge-gcs.ts";
import { judgeS3 } from "./judge-s3.ts";
import type { Expectation, Judgement, StoragePolicy } from "./verdict.ts";

/**
 * Whether this object is what it ought to be and stays so until the date, going by facts alone.
 * A store may lie in all of them: only a drill tells.
 */
export function judge(
  bucket: BucketFacts,
  object: ObjectFacts,
  expected: Expectation,
  policy: StoragePolicy,
): Judgement {
  if (bucket.provider === "s3" && object.provider === "s3")
    return judgeS3(bucket, object, expected, policy);
  if (bucket.provider === "gcs" && object.provider === "gcs")
    return judgeGcs(bucket, object, expected, policy);
  if (bucket.provider === "azure" && object.provider === "azure")
    return judgeAzure(bucket, object, expected, policy);
  throw new TypeError("the bucket's provider is not the object's");
}
