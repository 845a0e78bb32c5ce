import type { Card } from "./card.ts";
import type { LintOptions } from "./lint-options.ts";
import type { Report } from "./report.ts";
import { blockOf, listOf, recordOf, textOf, textsOf } from "./values.ts";

type Values = Readonly<Record<string, unknown>>;

/** MC030-MC034. */
export function lintSecurity(card: Card, options: LintOptions, report: Report): void {
  const block = blockOf(card.frontMatter?.value);
  privacy(block, options, report);
  fairness(block, options, report);
  for (const [rule, level, key, heading, what] of STATED) {
    const stated = textsOf(block[key]).length > 0 || hasSection(card, heading);
    if (!stated)
      report.fail(rule, level, `${what} not stated`, ["mlsign", key], `add mlsign.${key}`);
  }
}

function privacy(block: Values, { policy }: LintOptions, report: Report): void {
  const { dp, reason } = recordOf(block.privacy);
  const fail = (key: string, message: string): void =>
    report.fail("MC030", "error", message, ["mlsign", "privacy", "dp", key]);
  if (dp === undefined) {
    return report.fail(
      "MC030",
      "warning",
      "nothing is said of differential privacy",
      ["mlsign", "privacy"],
      "add mlsign.privacy.dp, or dp: none with a reason",
    );
  }
  if (dp === "none") {
    if (textOf(reason) === undefined) fail("", "dp: none gives no reason");
    return;
  }
  const { epsilon, delta, mechanism, examples } = recordOf(dp);
  if (typeof epsilon !== "number" || !Number.isFinite(epsilon) || epsilon <= 0) {
    fail(
      "epsilon",
      `epsilon ${typeof epsilon === "number" ? epsilon : ""} is not a finite number above 0`,
    );
  } else if (policy?.maxEpsilon !== undefined && epsilon > policy.maxEpsilon) {
    fail("epsilon", `epsilon ${epsilon} is above the policy's ${policy.maxEpsilon}`);
  }
  if (delta === undefined) {
    // Only the Laplace and exponential mechanisms are pure: all others spend a delta.
    if (!/laplace|exponential|pure/i.test(String(mechanism))) {
      fail("delta", `delta is missing, and ${String(mechanism)} is an (epsilon, delta) mechanism`);
    }
  } else if (typeof delta !== "number" || !(delta >= 0) || delta >= 1) {
    fail("delta", "delta is not a number from 0 to 1");
  } else if (typeof examples === "number" && delta >= 1 / examples) {
    fail("delta", `delta ${delta} is not below 1/${examples}, one over the number of examples`);
  }
}

function fairness(block: Values, { policy }: LintOptions, report: Report): void {
  for (const [index, entry] of listOf(block.fairness).map(recordOf).entries()) {
    const at = (key: string): (string | number)[] => ["mlsign", "fairness", index, key];
    if (recordOf(recordOf(entry.report).digest).sha256 === undefined) {
      report.fail("MC031", "warning", "the fairness report has no digest", at("report"));
    }
    const { value, threshold, date } = entry;
    if (typeof value === "number" && typeof threshold === "number" && !(value <= threshold)) {
      report.fail(
        "MC031",
        "error",
        `${String(entry.metric)} ${value} is over the threshold ${threshold}`,
        at("value"),
      );
    }
    if (policy?.maxFairnessAgeDays === undefined) continue;
    const days = (policy.now.getTime() - Date.parse(String(date))) / DAY;
    if (!(days <= policy.maxFairnessAgeDays) || days < -1) {
      const age = Number.isNaN(days)
        ? "has no date"
        : days < 0
          ? "is of the future"
          : `is ${Math.floor(days)} days old`;
      report.fail(
        "MC031",
        "error",
        `the fairness report ${age}, the policy wants ${policy.maxFairnessAgeDays} days at most`,
        at("date"),
      );
    }
  }
}

/** Whether prose says it: a section of that name with text that is no placeholder. */
function hasSection({ sections }: Card, title: RegExp): boolean {
  return sections.some(
    (s) => title.test(s.title) && s.text !== "" && !/^\[More Information Needed\]$/i.test(s.text),
  );
}

const STATED = [
  ["MC032", "error", "limitations", /limitation/i, "limitations are"],
  ["MC033", "warning", "out_of_scope", /out[- ]of[- ]scope/i, "uses out of scope are"],
  ["MC034", "warning", "contact", /contact/i, "a contact is"],
] as const;
const DAY = 86_400_000;
