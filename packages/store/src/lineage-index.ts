import { isHex } from "@mlsign/core";
import type { ClaimKind, Relation } from "./facts.ts";
import { type Position, START } from "./journal.ts";
import { indexed, type Indexed, writeRows } from "./sql/rows.ts";
import { schema, SCHEMA_VERSION } from "./sql/schema.ts";
import type { Row, Sql, Value } from "./sql/sql.ts";
import { compareVersions, type VersionRange } from "./version-range.ts";

export interface ClaimRow {
  readonly id: number;
  readonly sha256: string;
  readonly sequence: number;
  readonly place: number;
  /** SHA-256 of its line in the journal. */
  readonly line: string;
  readonly type: string;
  readonly kind: ClaimKind;
  readonly status: "verified" | "unverified" | "failed";
  readonly issuer: string | null;
  readonly signer: string | null;
  readonly time: string | null;
  readonly added: string;
  /** The trusted time; where nobody witnessed one, when it was added. */
  readonly at: string;
  readonly resource: string | null;
  readonly result: string | null;
}

export interface ThingRow {
  readonly id: number;
  readonly key: string;
  readonly kind: string;
  readonly name: string;
}

export interface LinkRow {
  readonly source: number;
  readonly target: number;
  readonly relation: Relation;
  readonly claim: number;
}

export interface SubjectRow {
  readonly thing: number;
  readonly claim: number;
}

export interface SignedBy {
  /** An e-mail address, a URI, or a key as `sha256:HEX`. */
  readonly signer: string;
  readonly issuer?: string;
  /** ISO 8601. */
  readonly since?: string;
  readonly until?: string;
}

export interface ModelKinds {
  readonly thing: number;
  /** Whether there was any claim about it then. */
  readonly known: boolean;
  /** Of its verified claims. */
  readonly kinds: ReadonlySet<string>;
}

/** How far a walk goes; `asOf` leaves out what nobody knew then. */
export interface Walk {
  readonly asOf?: string | undefined;
  readonly most: number;
}

/** Look-ups over a database that can be made anew at any time. */
export class LineageIndex {
  readonly #sql: Sql;
  readonly #lent: boolean;

  /** @param lent whether the connection is somebody else's, who closes it */
  constructor(sql: Sql, { lent = false }: { readonly lent?: boolean } = {}) {
    this.#sql = sql;
    this.#lent = lent;
  }

  /** Up to where it was made; `undefined` where it is none, or of another version. */
  async position(): Promise<Position | undefined> {
    let rows;
    try {
      rows = await this.#sql.all("SELECT key, value FROM meta");
    } catch {
      return undefined;
    }
    const meta = new Map(rows.map(({ key, value }) => [key, String(value)]));
    const [sequence, offset] = [Number(meta.get("sequence")), Number(meta.get("offset"))];
    const head = meta.get("head") ?? "";
    if (meta.get("version") !== String(SCHEMA_VERSION) || !isHex(head, 32)) return undefined;
    if (!Number.isSafeInteger(sequence) || !Number.isSafeInteger(offset)) return undefined;
    return { sequence, offset, head };
  }

  async create(dialect: "sqlite" | "postgres"): Promise<void> {
    await this.#sql.run(schema(dialect));
    await this.#mark(START);
  }

  /** Adds lines of the journal, all or none of them. */
  async add(batch: readonly Indexed[], end: Position): Promise<void> {
    await this.#sql.transaction(async () => {
      await writeRows(this.#sql, batch);
      await this.#mark(end);
    });
  }

  /** The claims of these bundles that are there. */
  async claimsOfBundles(hexes: readonly string[]): Promise<ClaimRow[]> {
    return (await this.#in(
      (marks) => `SELECT * FROM claim WHERE sha256 IN (${marks})`,
      hexes,
    )) as unknown as ClaimRow[];
  }

  async claims(ids: readonly number[]): Promise<ClaimRow[]> {
    return (await this.#in(
      (marks) => `SELECT * FROM claim WHERE id IN (${marks})`,
      ids,
    )) as unknown as ClaimRow[];
  }

  async things(ids: readonly number[]): Promise<ThingRow[]> {
    return (await this.#in(
      (marks) => `SELECT * FROM thing WHERE id IN (${marks})`,
      ids,
    )) as unknown as ThingRow[];
  }

  async digests(
    ids: readonly number[],
  ): Promise<{ thing: number; algorithm: string; value: string }[]> {
    return (await this.#in(
      (marks) => `SELECT thing, algorithm, value FROM digest WHERE thing IN (${marks})`,
      ids,
    )) as unknown as { thing: number; algorithm: string; value: string }[];
  }

  /** What has this digest or URI; of one algorithm, where one is named. */
  async withDigest(value: string, algorithm?: string): Promise<ThingRow[]> {
    const rows = await this.#sql.all(
      `SELECT DISTINCT t.* FROM digest d JOIN thing t ON t.id = d.thing WHERE d.value = ?${
        algorithm === undefined ? "" : " AND d.algorithm = ?"
      } LIMIT ?`,
      [indexed(value), ...(algorithm === undefined ? [] : [algorithm]), MOST_THINGS],
    );
    return rows as unknown as ThingRow[];
  }

  /** What claims call by this name: a name proves nothing, and several may have it. */
  async withName(name: string): Promise<ThingRow[]> {
    const rows = await this.#sql.all(
      "SELECT t.* FROM name n JOIN thing t ON t.id = n.thing WHERE n.name = ? LIMIT ?",
      [indexed(name), MOST_THINGS],
    );
    return rows as unknown as ThingRow[];
  }

  /** Every link from these things to what they were made of, and on from there. */
  async ancestors(from: readonly number[], walk: Walk): Promise<LinkRow[]> {
    return this.#walk(from, "source", "target", walk);
  }

  /** Every link to these things from what was made of them, and on from there. */
  async descendants(from: readonly number[], walk: Walk): Promise<LinkRow[]> {
    return this.#walk(from, "target", "source", walk);
  }

  /** Claims about these things. */
  async claimsAbout(things: readonly number[], asOf?: string): Promise<SubjectRow[]> {
    return (await this.#in(
      (marks) =>
        asOf === undefined
          ? `SELECT thing, claim FROM subject WHERE thing IN (${marks})`
          : `SELECT s.thing, s.claim FROM subject s JOIN claim c ON c.id = s.claim
             WHERE s.thing IN (${marks}) AND c.at <= ?`,
      things,
      asOf === undefined ? [] : [asOf],
    )) as unknown as SubjectRow[];
  }

  async subjectsOf(claims: readonly number[]): Promise<SubjectRow[]> {
    return (await this.#in(
      (marks) => `SELECT thing, claim FROM subject WHERE claim IN (${marks})`,
      claims,
    )) as unknown as SubjectRow[];
  }

  /** Signatures that list a file with these bytes. */
  async claimsWithFile(hex: string, most: number): Promise<number[]> {
    const rows = await this.#sql.all("SELECT claim FROM content WHERE sha256 = ? LIMIT ?", [
      hex,
      most,
    ]);
    return rows.map(({ claim }) => Number(claim));
  }

  /** Bills of materials that list a package in a range of versions. */
  async claimsWithPackage(
    name: string,
    within: VersionRange,
    most: number,
  ): Promise<{ readonly claim: number; readonly version: string }[]> {
    const known = await this.#sql.all("SELECT id, version FROM package WHERE name = ?", [
      indexed(name),
    ]);
    const versions = new Map(
      known.flatMap(({ id, version }): [number, string][] =>
        within(String(version)) ? [[Number(id), String(version)]] : [],
      ),
    );
    const rows = await this.#in(
      (marks) => `SELECT package, claim FROM component WHERE package IN (${marks}) LIMIT ?`,
      [...versions.keys()],
      [most],
    );
    return rows
      .map((row) => ({
        claim: Number(row.claim),
        version: versions.get(Number(row.package)) ?? "",
      }))
      .sort((a, b) => compareVersions(b.version, a.version) || a.claim - b.claim)
      .slice(0, most);
  }

  /** What this signer is said to have signed; without trusted time, no window leaves it out. */
  async signedBy({ signer, issuer, since, until }: SignedBy, most: number): Promise<ClaimRow[]> {
    const conditions = ["signer = ?"];
    const values: Value[] = [indexed(signer)];
    const where = (condition: string, value: string | undefined): void => {
      if (value === undefined) return;
      conditions.push(condition);
      values.push(value);
    };
    where("issuer = ?", issuer === undefined ? undefined : indexed(issuer));
    where("(time IS NULL OR time >= ?)", since);
    where("(time IS NULL OR time <= ?)", until);
    const rows = await this.#sql.all(
      `SELECT * FROM claim WHERE ${conditions.join(" AND ")} ORDER BY at, id LIMIT ?`,
      [...values, most],
    );
    return rows as unknown as ClaimRow[];
  }

  /** Claims of a kind, oldest first; of one target, and known by then. */
  async ofKind(
    kind: ClaimKind,
    {
      target,
      asOf,
      most,
    }: { target?: string | undefined; asOf?: string | undefined; most: number },
  ): Promise<ClaimRow[]> {
    const from =
      target === undefined ? "claim c" : "target t JOIN claim c ON c.id = t.claim AND t.name = ?";
    const rows = await this.#sql.all(
      `SELECT c.* FROM ${from} WHERE c.kind = ?${asOf === undefined ? "" : " AND c.at <= ?"}
       ORDER BY c.at, c.id LIMIT ?`,
      [
        ...(target === undefined ? [] : [indexed(target)]),
        kind,
        ...(asOf === undefined ? [] : [asOf]),
        most,
      ],
    );
    return rows as unknown as ClaimRow[];
  }

  async targetsOf(claims: readonly number[]): Promise<{ claim: number; name: string }[]> {
    return (await this.#in(
      (marks) => `SELECT claim, name FROM target WHERE claim IN (${marks})`,
      claims,
    )) as unknown as { claim: number; name: string }[];
  }

  /** Models after a place, with the kinds of verified claims about each, for finding what lacks some. */
  async models(after: number, most: number, asOf = "9999"): Promise<ModelKinds[]> {
    const rows = await this.#sql.all(
      `SELECT m.id AS thing, c.kind AS kind, c.status AS status
       FROM (SELECT id FROM thing WHERE kind = 'model' AND id > ? AND EXISTS
              (SELECT 1 FROM subject x WHERE x.thing = thing.id) ORDER BY id LIMIT ?) m
       JOIN subject s ON s.thing = m.id LEFT JOIN claim c ON c.id = s.claim AND c.at <= ?
       ORDER BY m.id`,
      [after, most, asOf],
    );
    const models = new Map<number, { known: boolean; kinds: Set<string> }>();
    for (const { thing, kind, status } of rows) {
      const model = models.get(Number(thing)) ?? { known: false, kinds: new Set() };
      if (kind !== null) model.known = true;
      if (status === "verified") model.kinds.add(String(kind));
      models.set(Number(thing), model);
    }
    return [...models].map(([thing, model]) => ({ thing, ...model }));
  }

  /** How many rows each table has. */
  async counts(): Promise<Readonly<Record<"claims" | "things" | "links" | "components", number>>> {
    const count = async (table: string): Promise<number> => {
      const [row] = await this.#sql.all(`SELECT CAST(count(*) AS integer) AS n FROM ${table}`);
      return Number(row?.n ?? 0);
    };
    return {
      claims: await count("claim"),
      things: await count("thing"),
      links: await count("link"),
      components: await count("component"),
    };
  }

  /** Every claim, in the journal's order: what `verify` compares with the journal. */
  async allClaims(after: number, most: number): Promise<ClaimRow[]> {
    const rows = await this.#sql.all(
      "SELECT * FROM claim WHERE sequence > ? ORDER BY sequence LIMIT ?",
      [after, most],
    );
    return rows as unknown as ClaimRow[];
  }

  async close(): Promise<void> {
    if (!this.#lent) await this.#sql.close();
  }

  /** `UNION` counts a thing once, so that a circle ends. */
  async #walk(
    from: readonly number[],
    near: "source" | "target",
    far: "source" | "target",
    { asOf, most }: Walk,
  ): Promise<LinkRow[]> {
    const then = asOf === undefined ? "" : " JOIN claim c ON c.id = l.claim AND c.at <= ?";
    const time: Value[] = asOf === undefined ? [] : [asOf];
    return (await this.#in(
      (marks) =>
        `WITH RECURSIVE reached (id) AS (
           SELECT id FROM thing WHERE id IN (${marks})
           UNION SELECT l.${far} FROM reached r JOIN link l ON l.${near} = r.id${then})
         SELECT l.source, l.target, l.relation, l.claim
         FROM reached r JOIN link l ON l.${near} = r.id${then} LIMIT ?`,
      from,
      [...time, ...time, most],
    )) as unknown as LinkRow[];
  }

  /** In portions whose sizes are powers of two, so that few statements are prepared. */
  async #in(
    statement: (marks: string) => string,
    values: readonly Value[],
    more: readonly Value[] = [],
  ): Promise<Row[]> {
    const found: Row[] = [];
    for (let from = 0; from < values.length; from += AT_ONCE) {
      const some = values.slice(from, from + AT_ONCE);
      const size = 2 ** Math.ceil(Math.log2(some.length));
      const padded = [...some, ...Array<Value>(size - some.length).fill(some[0] ?? null)];
      const marks = padded.map(() => "?").join(", ");
      for (const row of await this.#sql.all(statement(marks), [...padded, ...more]))
        found.push(row);
    }
    return found;
  }

  async #mark({ sequence, offset, head }: Position): Promise<void> {
    const values = Object.entries({ version: SCHEMA_VERSION, sequence, offset, head });
    for (const [key, value] of values) {
      await this.#sql.all(
        "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, String(value)],
      );
    }
  }
}

const AT_ONCE = 256;
const MOST_THINGS = 1000;
