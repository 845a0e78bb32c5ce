/** The latest time that a server told: a date is judged by the later of two clocks. */
export class ServerClock {
  #latest: Date | undefined;

  /** A `Date` header, where there is one. */
  note(header: string | null | undefined): void {
    const date = header === undefined || header === null ? undefined : new Date(header);
    if (date === undefined || Number.isNaN(date.getTime())) return;
    if (this.#latest === undefined || date > this.#latest) this.#latest = date;
  }

  get latest(): Date | undefined {
    return this.#latest;
  }
}
