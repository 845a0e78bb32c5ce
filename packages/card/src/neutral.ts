/** What the three formats share, and what two of them do. A member is absent where nothing was said. */
export interface Neutral {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly licenses?: readonly string[] | undefined;
  readonly overview?: string | undefined;
  readonly contacts?: readonly string[] | undefined;
  readonly references?: readonly string[] | undefined;
  readonly citations?: readonly string[] | undefined;
  readonly task?: string | undefined;
  readonly architecture?: string | undefined;
  readonly inputFormat?: string | undefined;
  readonly outputFormat?: string | undefined;
  readonly datasets?:
    | readonly {
        readonly name: string;
        readonly url?: string | undefined;
        readonly description?: string | undefined;
      }[]
    | undefined;
  readonly metrics?:
    | readonly {
        readonly type: string;
        readonly value: string;
        readonly slice?: string | undefined;
      }[]
    | undefined;
  readonly users?: readonly string[] | undefined;
  readonly useCases?: readonly string[] | undefined;
  readonly limitations?: readonly string[] | undefined;
  readonly tradeoffs?: readonly string[] | undefined;
  readonly ethics?:
    | readonly { readonly name: string; readonly mitigation?: string | undefined }[]
    | undefined;
  /** As CycloneDX properties: `mlsign:privacy:dp:epsilon` and the like. */
  readonly properties?: readonly { readonly name: string; readonly value: string }[] | undefined;
}

/** Members that hold something and that a format has no place for. */
export function lostOf(card: Neutral, unsupported: readonly (keyof Neutral)[]): string[] {
  return unsupported.filter((key) => {
    const value = card[key];
    return value !== undefined && value.length > 0;
  });
}

/** An object without members that are absent or empty. */
export function compact<T>(values: Readonly<Record<string, T | undefined>>): Record<string, T> {
  const kept = Object.entries(values).filter(([, value]) => {
    if (value === undefined || value === "") return false;
    if (Array.isArray(value)) return value.length > 0;
    return typeof value !== "object" || value === null || Object.keys(value).length > 0;
  });
  return Object.fromEntries(kept) as Record<string, T>;
}

/** Paths of members that a reader does not know, so that they are named as lost. */
export function unknownKeys(
  values: Readonly<Record<string, unknown>>,
  known: readonly string[],
  prefix = "",
): string[] {
  return Object.keys(values)
    .filter((key) => !known.includes(key))
    .map((key) => `${prefix}${key}`);
}
