import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { decodeBase64, isRecord, type JsonValue, parseJson } from "@mlsign/core";
import {
  compareDigests,
  compareNames,
  listOptionsFor,
  localSource,
  manifestOf,
  readModelStatement,
} from "@mlsign/manifest";
import test from "ava";

const VECTORS = fileURLToPath(new URL("../../../../shared/vectors/oms", import.meta.url));

/** Where a vector's model lies, what its root starts with (oms.md 4.1), and what to ignore as well. */
const bundles: [string, string, string | undefined, string[]][] = [
  ["historical/historical-v0.2.0-certificate", "model", undefined, []],
  ["historical/historical-v0.3.1-elliptic-key", "model/signme-1", "afa48c86", []],
  ["historical/historical-v1.0.1-certificate", "model", "61d4849d", ["ignore-me"]],
  ["historical/historical-v1.1.0-certificate", "model", "61d4849d", []],
  ["historical/historical-v1.1.0-elliptic-key", "model", "92745110", []],
  ["historical/historical-v1.1.0-sigstore", "model", "61d4849d", []],
  ["positive/certificate-simple", "../../models/simple", "92745110", []],
  ["positive/key-single-file", "../../models/single-file", "8ecc35b9", []],
];

if (existsSync(VECTORS)) {
  for (const [name, model, root, ignorePaths] of bundles) {
    test(`\`readModelStatement()\` reads ${name}, and its model is what was signed`, async (t) => {
      const signed = readModelStatement(payloadOf(join(VECTORS, name, "bundle.sig")));
      if (root !== undefined) t.true(signed.declaredRoot?.startsWith(root));
      if (root !== undefined) t.is(signed.declaredRoot, signed.computedRoot);
      const source = localSource(join(VECTORS, name, model));
      const listing = await source.list(listOptionsFor(signed, { ignorePaths }));
      t.like(compareNames(signed, listing), { same: true, extra: [], missing: [] });
      const made = await manifestOf(source, listing, { serialization: signed.serialization });
      t.like(compareDigests(signed, made), { same: true });
    });
  }

  test("the list of vectors is complete", (t) => {
    const found = ["historical", "positive"].flatMap((kind) => {
      return readdirSync(join(VECTORS, kind)).map((name) => `${kind}/${name}`);
    });
    t.deepEqual(
      bundles.map(([name]) => name),
      found.toSorted((a, b) => (a < b ? -1 : 1)),
    );
  });

  test("`readModelStatement()` reads the specification's own vectors", (t) => {
    const directory = join(VECTORS, "spec-vectors");
    for (const name of ["key", "certificate", "sigstore"]) {
      const signed = readModelStatement(payloadOf(join(directory, "valid", `${name}.bundle.json`)));
      t.is(signed.declaredRoot, signed.computedRoot);
    }
    const wrong = payloadOf(join(directory, "invalid-payload/wrong-predicate.bundle.json"));
    t.throws(() => readModelStatement(wrong), { code: "manifest-invalid" } as object);
  });
} else {
  test("the public vectors are there", (t) => {
    if (process.env["CI"] !== undefined) t.fail(`${VECTORS} is missing`);
    else t.log(`skipped: ${VECTORS} is missing`);
    t.pass();
  });
}

function payloadOf(path: string): JsonValue {
  const bundle = parseJson(readFileSync(path));
  const envelope = isRecord(bundle) ? bundle["dsseEnvelope"] : undefined;
  const payload = isRecord(envelope) ? envelope["payload"] : undefined;
  if (typeof payload !== "string") throw new TypeError(`${path} has no payload`);
  return parseJson(decodeBase64(payload, "the payload"));
}
