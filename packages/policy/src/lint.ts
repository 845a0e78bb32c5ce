import { type Finding, finding, printable } from "@mlsign/core";
import { readPolicy } from "./parse-policy.ts";
import type { Policy } from "./policy.ts";
import { soundness } from "./soundness.ts";

/** What is wrong with a policy, each with line and column; an expired one is told as such. */
export function lintPolicy(bytes: Uint8Array, source: string, now: Date): Finding[] {
  const read = readPolicy(bytes, source);
  if (read.faults.length > 0)
    return read.faults.map(({ message, location }) =>
      finding("policy-form", "fail", printable(message), { location }),
    );
  const policy = read.value as Policy;
  const found = soundness(policy).map(({ severity, message, path, fix }) =>
    finding("policy-sound", "fail", printable(message), {
      severity,
      fix: printable(fix),
      location: read.locate(path),
    }),
  );
  if (Date.parse(policy.expires) <= now.getTime())
    found.push(
      finding("policy-sound", "fail", `the policy expired at ${policy.expires}`, {
        fix: "look it over, and give it a new date",
        location: read.locate(["expires"]),
      }),
    );
  const location = { path: printable(source) };
  const form = finding("policy-form", "pass", "the policy is well formed", { location });
  return found.length > 0
    ? [form, ...found]
    : [form, finding("policy-sound", "pass", "the policy has no known gap", { location })];
}
