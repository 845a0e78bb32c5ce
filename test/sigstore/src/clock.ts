export type Clock = () => Date;

export function later(date: Date, seconds: number): Date {
  return new Date(date.getTime() + seconds * 1000);
}

/** Certificates and tokens hold whole seconds; so does everything that is compared with them. */
export function wholeSeconds(date: Date): Date {
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}

export const MINUTE = 60;
export const DAY = 86_400;
