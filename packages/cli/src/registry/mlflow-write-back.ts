import { parseBundle, readStatement, type Statement } from "@mlsign/bundle";
import { hexOf, MlsignError, printable, sha256 } from "@mlsign/core";
import { readBounded } from "@mlsign/files";
import { SUMMARY_PREDICATE } from "@mlsign/gate";
import { LINEAGE_PREDICATE, readLineage } from "@mlsign/lineage";
import {
  checkRun,
  logTriple,
  type Pointers,
  putEvidence,
  type RemoteFolder,
  setPointers,
  type Triple,
} from "@mlsign/registry";
import type { Host } from "../host.ts";
import type { ModelUse } from "../model/with-model.ts";
import { say } from "../terminal/output.ts";
import type { MlflowModel } from "./mlflow-model.ts";
import { tripleOf } from "./mlflow-triple.ts";

/** What lies beside a model: its signature, and the lines of its claims. */
export interface EvidenceBeside {
  readonly signature: Buffer | undefined;
  /** The claims file. */
  readonly file: Buffer | undefined;
  /** Its lines. */
  readonly claims: readonly string[];
}

export interface WorkedModel {
  readonly path: string;
  /** Where the model was brought from; `undefined` where it lies here itself. */
  readonly folder: RemoteFolder | undefined;
  readonly before: EvidenceBeside;
}

export function evidenceAt(path: string): EvidenceBeside {
  const file = readBounded(`${path}/claims.jsonl`, MOST_BYTES);
  const claims = file?.toString("utf8") ?? "";
  return {
    file,
    signature: readBounded(`${path}/model.sig`, MOST_BYTES),
    claims: claims.split("\n").filter((line) => line.trim() !== ""),
  };
}

/**
 * Puts what a command left beside the model back where it came from, then tells MLflow: the
 * lineage's triple in the run, pointers on the version. A run that contradicts a lineage is found
 * before anything is written.
 */
export async function writeBack(
  { client, model, run }: MlflowModel,
  { path, folder, before }: WorkedModel,
  { to }: ModelUse,
  host: Host,
): Promise<void> {
  if (folder !== undefined && readBounded(`${path}.claims.jsonl`, MOST_BYTES) !== undefined) {
    throw new MlsignError(
      "usage",
      "Cannot put the claims into the model: its signature covers them",
      {
        hint: "sign it again with mlsign, which leaves claims.jsonl out",
      },
    );
  }
  const after = evidenceAt(path);
  const claims = after.claims.filter((line) => !before.claims.includes(line));
  const signed =
    after.signature !== undefined && before.signature?.equals(after.signature) !== true;
  if (claims.length === 0 && !signed) return;
  const statements = claims.map((line) => ({ line, statement: statementOf(Buffer.from(line)) }));
  const triples = statements.flatMap(({ statement }) => lineageIn(statement));
  const known = run === "missing" ? undefined : run;
  for (const triple of triples) if (known !== undefined) checkRun(known, triple);
  let bundle = after.file && hexOf(sha256(after.file));
  if (folder !== undefined) {
    const content = after.signature;
    bundle = await putEvidence(folder, {
      claims,
      ...(signed && content && { signature: { content, replaces: before.signature } }),
    });
    const what = [...(claims.length > 0 ? ["claims.jsonl"] : []), ...(signed ? ["model.sig"] : [])];
    say(host, `put ${what.join(" and ")} beside ${printable(model.reference)}`);
  }
  for (const triple of triples) if (known !== undefined) await logTriple(client, known, triple);
  const summary = statements.findLast(
    ({ statement }) => statement?.predicateType === SUMMARY_PREDICATE,
  );
  await setPointers(client, model, {
    ...rootPointer(after),
    ...(bundle && { bundle: `sha256:${bundle}` }),
    ...triplePointers(triples.at(-1)),
    ...(summary && { vsa: `sha256:${hexOf(sha256(summary.line))}`, ...(to && { env: to }) }),
  });
}

function rootPointer({ signature }: EvidenceBeside): Pointers {
  const root = signature && statementOf(signature)?.subject[0]?.digest.sha256;
  return root === undefined ? {} : { root: `sha256:${root}` };
}

function triplePointers(triple: Triple | undefined): Pointers {
  if (triple === undefined) return {};
  const { commit, datasets, image } = triple;
  const oids = datasets.map(({ oid }) => oid).slice(0, 50);
  return {
    git: commit,
    ...(oids.length > 0 && { dvc: oids.join(",") }),
    ...(image !== undefined && { image }),
  };
}

function lineageIn(statement: Statement | undefined): Triple[] {
  if (statement?.predicateType !== LINEAGE_PREDICATE) return [];
  const triple = tripleOf(readLineage(statement.predicate));
  return triple === undefined ? [] : [triple];
}

function statementOf(bundle: Buffer): Statement | undefined {
  try {
    const { content } = parseBundle(bundle);
    return content.kind === "dsse" ? readStatement(content.payload) : undefined;
  } catch (error) {
    if (error instanceof MlsignError) return undefined;
    throw error;
  }
}

const MOST_BYTES = 256 * 1024 * 1024;
