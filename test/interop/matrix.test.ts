/** The README's table of writers and readers, cell by cell; MLSIGN_UPDATE=1 rewrites `matrix.json`. */
import { readFileSync, writeFileSync } from "node:fs";
import test from "ava";
import { type PrivateSigstore, SIGSTORE_PEERS } from "../../scripts/peers.ts";
import { available, sharedSigstore, workshop } from "./cells.ts";
import { measure, READERS } from "./matrix.ts";

const FILE = new URL("matrix.json", import.meta.url);

let sigstore: PrivateSigstore | undefined;
test.before(async () => {
  sigstore = await sharedSigstore();
});
test.after.always(async () => sigstore?.stop());

test("every cell of the writer x reader matrix is as published", async (t) => {
  const peers = ["cosign", "model-signing", "sigstore-python", ...SIGSTORE_PEERS] as const;
  const needs = { peers, vectors: ["oms/keys"] };
  if (!(await available(t, needs)) || !sigstore) return;
  const shop = await workshop(t, { COSIGN_PASSWORD: "password" });
  const problems: string[] = [];
  const rows = await measure({ shop, sigstore }, (problem) => problems.push(problem));
  t.deepEqual(problems, []);
  const measured = { readers: READERS, rows };
  if (process.env.MLSIGN_UPDATE) writeFileSync(FILE, `${JSON.stringify(measured, null, 2)}\n`);
  t.deepEqual<unknown, unknown>(measured, JSON.parse(readFileSync(FILE, "utf8")));
});
