/** What a collector saw, without judgement. `at` is ISO 8601 in UTC. */
export interface Fact<T = unknown> {
  readonly kind: string;
  readonly source: string;
  readonly at: string;
  readonly value: T;
}
