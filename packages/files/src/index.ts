/** Writes files so that a crash leaves the old one or the new one, and reads them bounded. @module */
export { readBounded } from "./read.ts";
export { updateFileAtomic, writeFileAtomic, writeNewFile } from "./write.ts";
