import { type CardPolicy, type CardPolicyFile, parseCardPolicy } from "@mlsign/card";
import { MlsignError, printable } from "@mlsign/core";
import type { Host } from "../host.ts";
import { readFile } from "../options/trust-options.ts";

/** What a card is held to, as flags say it. */
export interface CardPolicyFlags {
  readonly policy?: string;
  readonly rule?: readonly string[];
}

/** @throws MlsignError `config-invalid` or `usage` */
export function cardPolicy(flags: CardPolicyFlags, host: Host): CardPolicy {
  const { policy: file, rule = [] } = flags;
  const given: CardPolicyFile =
    file === undefined ? {} : parseCardPolicy(readFile(file, host).toString("utf8"), file);
  const levels = Object.fromEntries(
    rule.map((text) => {
      const [id, level, ...rest] = text.split("=");
      if (level !== undefined && rest.length === 0) return [id, level] as const;
      throw new MlsignError("usage", `Cannot use --rule ${printable(text)}: not RULE=LEVEL`, {
        hint: "such as --rule MC034=error; levels are error, warning, note and off",
      });
    }),
  );
  const { rules } = parseCardPolicy(JSON.stringify({ rules: levels }), "of --rule");
  return { ...given, rules: { ...given.rules, ...rules }, now: host.clock() };
}
