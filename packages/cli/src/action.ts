/** Takes what a command's work comes to, its exit code. */
export type Action = (outcome: Promise<number>) => Promise<void>;
