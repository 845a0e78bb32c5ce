import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { EXIT, printable } from "@mlsign/core";
import type { Host } from "../host.ts";
import { repositoryRoot } from "../model/repository-root.ts";
import { say, writeJson } from "../terminal/output.ts";
import { proposal, type Seen, survey } from "./settings-proposal.ts";
import { alreadyThere, writeProposal } from "./write-proposal.ts";

export interface InitOptions {
  readonly print?: boolean;
  readonly json?: boolean;
}

/** Looks at the repository that this is in, and writes the `mlsign.yaml` that fits it. */
export async function initSettings(options: InitOptions, host: Host): Promise<number> {
  const root = await repositoryRoot(host.cwd);
  if (root === undefined) say(host, "this is no git repository with a commit: looked here only");
  const folder = root ?? host.cwd;
  const file = join(folder, NAME);
  if (!options.print && existsSync(file)) throw alreadyThere(file, host);
  const seen = survey(folder);
  const text = proposal(seen);
  if (!options.print) writeProposal(file, text, host);
  tell(seen, host);
  const shown = relative(host.cwd, file) || NAME;
  if (!options.print) say(host, `wrote ${printable(shown)}: read it, then commit it`);
  if (options.json) {
    writeJson(host, {
      schema: "urn:mlsign:init:v1",
      file: options.print ? null : shown,
      text,
      card: seen.card ?? null,
      locks: [...seen.locks],
      data: [...seen.data],
    });
  } else if (options.print) host.out(text);
  return EXIT.accepted;
}

function tell({ card, locks, data }: Seen, host: Host): void {
  const found: [string, readonly string[]][] = [
    ["card", card === undefined ? [] : [card]],
    ["lock files", locks],
    ["data", data],
  ];
  for (const [what, paths] of found) {
    const shown = paths.slice(0, MOST_SHOWN).map(printable).join(", ");
    const more = paths.length > MOST_SHOWN ? `, and ${paths.length - MOST_SHOWN} more` : "";
    say(host, `${what}: ${shown === "" ? "none found" : `${shown}${more}`}`);
  }
}

const NAME = "mlsign.yaml";
const MOST_SHOWN = 5;
