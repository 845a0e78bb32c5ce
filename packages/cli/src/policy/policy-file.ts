/** What a policy and its table of cases may measure. */
export const MOST_POLICY_BYTES: number = 1024 * 1024;
