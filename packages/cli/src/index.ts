/** The command line as a function, for programs that embed it. @module */
export { run } from "./run.ts";

export type { Host } from "./host.ts";
