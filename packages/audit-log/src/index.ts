/** Reads who pushed and who uploaded from the audit logs of forges and buckets. @module */
export { readAuditLog } from "./read.ts";

export type { AuditEvent, ObjectEvent, PushEvent } from "./event.ts";
export type { AuditLog } from "./read.ts";
