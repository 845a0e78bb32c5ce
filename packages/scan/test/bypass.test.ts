/** The catalogue of published ways around scanners: one generated file each, and every one is caught. */
import test from "ava";
import { worse } from "../src/report.ts";
import { scanSource } from "../src/scan-source.ts";
import { bufferSource } from "../src/source.ts";
import { BYPASS_ROWS } from "./bypass-rows.ts";

/** The catalogue may only grow. */
const FLOOR = 150;

for (const [at, { id, what, file, floor }] of BYPASS_ROWS.entries()) {
  test(`scanSource() catches ${id}: ${what} [${at}]`, async (t) => {
    const { verdict, observations } = await scanSource("model.bin", bufferSource(file));
    t.is(worse(floor, verdict), verdict, JSON.stringify(observations, null, 1));
    t.not(verdict, "allowed");
  });
}

test("the catalogue only grows", (t) => {
  t.true(BYPASS_ROWS.length >= FLOOR, `${BYPASS_ROWS.length} rows`);
});
