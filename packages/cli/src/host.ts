import type { Clock } from "@mlsign/core";
import type { BroughtModel } from "./model/brought-model.ts";

/** The world outside: the one way to the terminal, the environment and the clock. */
export interface Host {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** Data. */
  out(text: string): void;
  /** Everything else. */
  err(text: string): void;
  /** Whether a person reads stderr and can answer on stdin. */
  readonly interactive: boolean;
  /** Whether stderr is a terminal. */
  readonly terminal: boolean;
  readonly columns: number;
  readonly colour: boolean;
  /** Asks a person; `undefined` where there is none. `secret` does not echo. */
  ask(question: string, secret: boolean): Promise<string | undefined>;
  openBrowser(url: string): void;
  onGoogleCloud(): boolean;
  /** Models of registries that lie here for the time of one command. */
  readonly brought?: readonly BroughtModel[];
  /** Aborts long work; a process has none, an interrupt ends it. */
  readonly signal?: AbortSignal;
}
