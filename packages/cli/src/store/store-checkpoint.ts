import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { IN_TOTO, parseBundle, readStatement, statementBytes } from "@mlsign/bundle";
import { decide, EXIT, type Finding, finding, MlsignError, printable } from "@mlsign/core";
import { writeNewFile } from "@mlsign/files";
import { earliestTime } from "@mlsign/gate";
import { signEnvelope } from "@mlsign/sign";
import {
  checkCheckpoint,
  checkpointStatement,
  checkStore,
  readCheckpoint,
  type Store,
} from "@mlsign/store";
import { verifyBundle } from "@mlsign/verify";
import type { Host } from "../host.ts";
import { resolveSigner, type SignerFlags } from "../options/signer-options.ts";
import { readFile, type TrustFlags } from "../options/trust-options.ts";
import { checkSignature } from "../sign/self-check.ts";
import { say } from "../terminal/output.ts";
import { requireTrust } from "../verify/verified-claims.ts";
import { type StoreFlags, withStore } from "./store-location.ts";

export interface StoreCheckpointOptions extends StoreFlags, SignerFlags {
  readonly output: string;
}

/** Signs, and has witnessed, how the journal stands now. A store that does not hold gets none. */
export async function checkpointStore(
  options: StoreCheckpointOptions,
  host: Host,
): Promise<number> {
  const output = resolve(host.cwd, options.output);
  if (existsSync(output))
    throw new MlsignError("output-exists", `Cannot write ${printable(options.output)}: it exists`);
  const resolved = await resolveSigner(options, host, "claim");
  const { findings, lines, head } = await withStore(options, false, host, checkStore);
  const broken = findings.find((it) => it.outcome === "fail" && it.severity === "error");
  if (broken !== undefined) {
    throw new MlsignError("store-broken", `Cannot sign the journal: ${broken.message}`, {
      hint: "mlsign store verify tells all that is wrong",
    });
  }
  const payload = statementBytes(checkpointStatement({ lines, head }));
  const signature = await signEnvelope(IN_TOTO, payload, { ...resolved, form: "claim" });
  const signer = await checkSignature(signature, resolved, host.clock());
  writeNewFile(output, `${signature.text.trimEnd()}\n`, 0o644);
  say(host, `signed the journal's ${lines} lines ${signer}, in ${printable(options.output)}`);
  return EXIT.accepted;
}

/** Whether a checkpoint is by whom the caller trusts, and of this journal. */
export async function judgeCheckpoint(
  file: string,
  flags: TrustFlags,
  store: Store,
  host: Host,
): Promise<Finding[]> {
  const { trust } = await requireTrust(flags, host);
  const fail = (message: string): Finding[] => [finding("store-checkpoint", "fail", message)];
  try {
    const bundle = parseBundle(readFile(file, host));
    if (bundle.content.kind !== "dsse") return fail(`${printable(file)} is no checkpoint`);
    const checkpoint = readCheckpoint(readStatement(bundle.content.payload));
    const result = await verifyBundle(bundle, trust, { now: host.clock(), use: "claim" });
    if (decide(result.findings) !== "accepted")
      return [
        ...result.findings.filter(({ outcome }) => outcome !== "pass"),
        ...fail(`${printable(file)} is not signed by whom you trust`),
      ];
    const time = earliestTime(result);
    const when = time === undefined ? "" : `, as it was at ${time}`;
    const found = await checkCheckpoint(store, checkpoint);
    return [{ ...found, message: `${found.message}${when}` }];
  } catch (error) {
    if (error instanceof MlsignError && error.category === "refused") return fail(error.message);
    throw error;
  }
}
