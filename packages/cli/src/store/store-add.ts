import { readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseBundle } from "@mlsign/bundle";
import { EXIT, messageOf, MlsignError, printable } from "@mlsign/core";
import { readClaims } from "@mlsign/evidence";
import type { NewClaim } from "@mlsign/store";
import type { Host } from "../host.ts";
import { readFile } from "../options/trust-options.ts";
import { say, writeJson } from "../terminal/output.ts";
import { claimedSigner, claimVerifier, type VerifierFlags } from "./claim-verifier.ts";
import { type StoreFlags, withStore } from "./store-location.ts";

export interface StoreAddOptions extends StoreFlags, VerifierFlags {
  readonly unverified?: boolean;
  readonly json?: boolean;
}

/** Adds the bundles of files and folders, each verified by whom the flags trust. */
export async function addToStore(
  paths: readonly string[],
  options: StoreAddOptions,
  host: Host,
): Promise<number> {
  const verify = await claimVerifier(options, host);
  if (verify === undefined && options.unverified !== true) {
    throw new MlsignError(
      "trust-missing",
      "Cannot verify what is added: nobody was named to trust",
      {
        hint: "give --key, an identity, --policy or --trusted-root; --unverified stores it unverified",
      },
    );
  }
  const claims: NewClaim[] = [];
  let damaged = 0;
  for (const path of paths) {
    for (const { bytes, source, fault } of bundlesAt(resolve(host.cwd, path), path, host)) {
      if (fault !== undefined) {
        damaged += 1;
        say(host, `not added: ${printable(source)}: ${printable(fault)}`);
        continue;
      }
      const verdict =
        verify === undefined
          ? ({ status: "unverified", signer: claimedSigner(parseBundle(bytes)) } as const)
          : (await verify(bytes)).verdict;
      claims.push({ bytes, source, ...verdict });
    }
  }
  const done = await withStore(options, true, host, (store) => store.add(claims, host.clock()));
  const count = (status: string): number => claims.filter((it) => it.status === status).length;
  const [verified, unverified, failed] = [count("verified"), count("unverified"), count("failed")];
  say(
    host,
    `added ${done.added}, judged anew ${done.judged}, already there ${done.unchanged}: ${verified} verified, ${unverified} unverified, ${failed} failed`,
  );
  if (options.json) {
    writeJson(host, {
      schema: "urn:mlsign:store-add:v1",
      ...done,
      verified,
      unverified,
      failed,
      damaged,
    });
  }
  return damaged + failed > 0 ? EXIT.refused : EXIT.accepted;
}

interface Found {
  readonly bytes: Uint8Array;
  readonly source: string;
  readonly fault?: string;
}

function bundlesAt(path: string, shown: string, host: Host): Found[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory())
    return bundlesIn(path, shown, host);
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((it) => it.isFile() && BUNDLES.test(it.name))
    .map((it) => join(it.parentPath, it.name))
    .toSorted()
    .flatMap((file) => bundlesIn(file, join(shown, file.slice(path.length + 1)), host));
}

function bundlesIn(path: string, shown: string, host: Host): Found[] {
  if (path.endsWith(".jsonl")) {
    return readClaims([path]).map(({ text, line, fault }) => ({
      bytes: Buffer.from(text),
      source: `${shown}#${line}`,
      ...(fault !== undefined && { fault }),
    }));
  }
  const bytes = readFile(path, host, MOST_BYTES);
  try {
    parseBundle(bytes);
    return [{ bytes, source: shown }];
  } catch (error) {
    if (!(error instanceof MlsignError)) throw error;
    return [{ bytes, source: shown, fault: messageOf(error) }];
  }
}

const BUNDLES = /(?:\.sig|claims\.jsonl|\.sigstore(?:\.json)?|\.bundle\.json)$/;
const MOST_BYTES = 64 * 1024 * 1024;
