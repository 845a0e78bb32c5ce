import { type Finding, finding, printable } from "@mlsign/core";
import type { ObjectStore } from "@mlsign/objects";
import { CHECKS } from "./checks.ts";

/**
 * STO-001: where the answers come from. Without TLS whoever is on the way can forge them all; a
 * server on this machine is a test's.
 */
export function judgeEndpoint(
  { endpoint, sdk }: Pick<ObjectStore, "endpoint" | "sdk">,
  ignored: readonly string[],
): Finding {
  const { protocol, hostname } = new URL(endpoint);
  const loopback = ["127.0.0.1", "[::1]", "localhost"].includes(hostname);
  const evidence = { check: "STO-001", endpoint, sdk, ignoredVariables: [...ignored] };
  const also = ignored.length === 0 ? "" : `, whatever ${ignored.join(" and ")} says`;
  const where = printable(endpoint);
  return protocol === "https:" || loopback
    ? finding(CHECKS["STO-001"], "pass", `answers come from ${where}${also}`, { evidence })
    : finding(CHECKS["STO-001"], "fail", `answers come from ${where} without TLS`, {
        fix: "give --endpoint https://…",
        evidence,
      });
}
