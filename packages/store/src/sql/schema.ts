import type { Columns } from "./sql.ts";

/** Counts up whenever what follows changes: an index of another version is made anew. */
export const SCHEMA_VERSION = 1;

type Table =
  | "claim"
  | "thing"
  | "digest"
  | "name"
  | "subject"
  | "link"
  | "content"
  | "package"
  | "component"
  | "target";

/** The columns of each table, as rows are inserted. `id`s are the database's. */
export const TABLES: Readonly<Record<Table, Columns>> = {
  claim: {
    sha256: "text",
    sequence: "integer",
    place: "integer",
    line: "text",
    type: "text",
    kind: "text",
    status: "text",
    issuer: "text",
    signer: "text",
    time: "text",
    added: "text",
    at: "text",
    resource: "text",
    result: "text",
  },
  thing: { key: "text", kind: "text", name: "text" },
  digest: { value: "text", algorithm: "text", thing: "integer" },
  name: { name: "text", thing: "integer" },
  subject: { thing: "integer", claim: "integer" },
  link: { source: "integer", target: "integer", relation: "text", claim: "integer" },
  content: { sha256: "text", claim: "integer" },
  package: { name: "text", version: "text" },
  component: { package: "integer", claim: "integer" },
  target: { name: "text", claim: "integer" },
};

/** The same tables for both databases; `dialect` is about how each writes a key. */
export function schema(dialect: "sqlite" | "postgres"): string {
  const [id, text, end] =
    dialect === "sqlite"
      ? ["id INTEGER PRIMARY KEY", "TEXT", ") WITHOUT ROWID"]
      : ["id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY", 'text COLLATE "C"', ")"];
  const required = `${text} NOT NULL`;
  return `
CREATE TABLE meta (key ${required} PRIMARY KEY, value ${required}${end};
CREATE TABLE claim (
  ${id}, sha256 ${required} UNIQUE, sequence integer NOT NULL, place integer NOT NULL,
  line ${required}, type ${required}, kind ${required}, status ${required},
  issuer ${text}, signer ${text}, time ${text}, added ${required}, at ${required},
  resource ${text}, result ${text});
CREATE INDEX claim_signer ON claim (signer, at);
CREATE INDEX claim_kind ON claim (kind, at);
CREATE TABLE thing (${id}, key ${required} UNIQUE, kind ${required}, name ${required});
CREATE TABLE digest (
  value ${required}, algorithm ${required}, thing integer NOT NULL,
  PRIMARY KEY (value, algorithm, thing)${end};
CREATE INDEX digest_thing ON digest (thing);
CREATE TABLE name (name ${required}, thing integer NOT NULL, PRIMARY KEY (name, thing)${end};
CREATE TABLE subject (thing integer NOT NULL, claim integer NOT NULL, PRIMARY KEY (thing, claim)${end};
CREATE INDEX subject_claim ON subject (claim);
CREATE TABLE link (
  source integer NOT NULL, target integer NOT NULL, relation ${required}, claim integer NOT NULL,
  PRIMARY KEY (source, target, relation, claim)${end};
CREATE INDEX link_target ON link (target);
CREATE TABLE content (sha256 ${required}, claim integer NOT NULL, PRIMARY KEY (sha256, claim)${end};
CREATE TABLE package (${id}, name ${required}, version ${required}, UNIQUE (name, version));
CREATE TABLE component (
  package integer NOT NULL, claim integer NOT NULL, PRIMARY KEY (package, claim)${end};
CREATE TABLE target (name ${required}, claim integer NOT NULL, PRIMARY KEY (name, claim)${end};
`;
}

/** Forgets the index of a database, and nothing else in it. */
export function dropped(): string {
  return ["meta", ...Object.keys(TABLES)]
    .map((table) => `DROP TABLE IF EXISTS mlsign.${table};`)
    .join("\n");
}
