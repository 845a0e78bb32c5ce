/** The time source, passed in so that tests and replays can fix it. */
export type Clock = () => Date;

/** A step of long work. `done` and `total` are bytes, or items where `unit` says so. */
export interface Progress {
  readonly step: string;
  readonly done: number;
  readonly total: number;
  readonly unit: "bytes" | "items";
}

export type OnProgress = (progress: Progress) => void;
