/** DVC's files, hashes and remote keys, computed as DVC does and trusted for nothing. @module */
export { dirJson, dirOid, parseDirObject } from "./dir-object.ts";
export { createTextMd5 } from "./text-md5.ts";
export { hashData } from "./hash-data.ts";
export { parseDvcConfig } from "./config.ts";
export { parseDvcFile, parseDvcLock } from "./dvc-file.ts";
export { remoteKey } from "./remote-key.ts";

export type { DirEntry } from "./dir-object.ts";
export type { DataDigests, HashOptions } from "./hash-data.ts";
export type { DvcConfig, DvcRemote } from "./config.ts";
export type { DvcOut, DvcStage } from "./dvc-file.ts";
