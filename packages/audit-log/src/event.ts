/** What a log says that somebody did. It is the log keeper's word, which nobody signed. */
export type AuditEvent = PushEvent | ObjectEvent;

interface Said {
  readonly at: Date;
  /** As the log names who it was: a login, an ARN, an e-mail address; `undefined` where it does not. */
  readonly actor: string | undefined;
  readonly source: "github" | "gitlab" | "cloudtrail" | "gcs" | "object-versions";
}

/** Somebody pushed to a repository. */
export interface PushEvent extends Said {
  readonly kind: "push";
  readonly repository: string | undefined;
  readonly ref: string | undefined;
  /** Commits before and after; GitHub's audit log names neither. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  readonly forced: boolean;
}

/** Somebody wrote or deleted an object, or a bucket's listing shows a version of it. */
export interface ObjectEvent extends Said {
  readonly kind: "upload" | "delete" | "version";
  readonly bucket: string | undefined;
  readonly key: string;
  /** S3's version id, or GCS's generation. */
  readonly versionId: string | undefined;
}
