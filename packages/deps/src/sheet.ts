import { finding, type Finding, type FindingCode, printable, type Severity } from "@mlsign/core";
import type { Artifact, DependencyEntry, DependencyPolicy, Ecosystem, Hash, Pin } from "./entry.ts";
import { withoutUsers } from "./secrets.ts";

/** What a format says of one dependency, before it is judged. */
export interface Facts {
  readonly ecosystem: Ecosystem;
  readonly name: string;
  readonly version?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  /** Where another file than the sheet's holds it. */
  readonly path?: string | undefined;
  readonly hashes?: readonly Hash[];
  readonly artifacts?: readonly Artifact[];
  readonly purl?: string | undefined;
}

export interface Problem {
  readonly path?: string | undefined;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
  readonly fix?: string | undefined;
  readonly subject?: string | undefined;
  readonly severity?: Severity;
}

/**
 * Collects the verdicts of one file. What passes is told in one finding a file, so that a lock
 * of 50,000 entries makes one line and not 50,000.
 */
export class Sheet {
  readonly path: string;
  readonly policy: DependencyPolicy;
  readonly entries: DependencyEntry[] = [];
  readonly findings: Finding[] = [];
  #passed: Record<"dependency-pinned" | "image-pinned" | "action-pinned", number> = {
    "dependency-pinned": 0,
    "image-pinned": 0,
    "action-pinned": 0,
  };

  constructor(path: string, policy: DependencyPolicy = {}) {
    this.path = path;
    this.policy = policy;
  }

  /** Pinned by hash; problems beside it are told with `problem`. */
  pinned(facts: Facts, reason: string): void {
    this.#passed[pinCode(facts.ecosystem)] += 1;
    this.#enter(facts, "hash", reason);
  }

  /** Pinned to a commit: what an action can best be, and a middle way for a package. */
  commit(facts: Facts, reason: string): void {
    const { allowVcsCommit } = this.policy;
    if (facts.ecosystem === "github" || allowVcsCommit === true) {
      this.#passed[pinCode(facts.ecosystem)] += 1;
      this.#enter(facts, "commit", reason);
      return;
    }
    const fix = "depend on a released artifact by its hash, or allow commits in the policy";
    this.#enter(facts, "commit", reason, fix);
    const severity = allowVcsCommit === false ? "error" : "warning";
    this.#fail(pinCode(facts.ecosystem), facts, reason, { fix, severity });
  }

  /** Not pinned: `code` says which rule is broken. */
  unpinned(facts: Facts, code: FindingCode, reason: string, fix?: string): void {
    this.#enter(facts, "none", reason, fix);
    this.#fail(code, facts, reason, { fix });
  }

  /** Cannot be judged from the file: never a pass. */
  unknown(facts: Facts, reason: string, fix?: string): void {
    this.#enter(facts, "none", reason, fix);
    this.findings.push(
      finding("dependency-unknown", "unknown", sentence(facts, reason), {
        ...this.#place(facts),
        ...given({ fix }),
        subject: withoutUsers(facts.name),
      }),
    );
  }

  /** A failed rule that is about the file or about more than the pin. */
  problem(code: FindingCode, message: string, at: Problem = {}): void {
    this.findings.push(
      finding(code, "fail", shown(message), {
        severity: at.severity ?? "error",
        ...this.#place(at),
        ...given({ fix: at.fix, subject: at.subject && withoutUsers(at.subject) }),
      }),
    );
  }

  /** Something that the file alone cannot tell. */
  undecided(message: string, at: Problem = {}): void {
    this.findings.push(
      finding("dependency-unknown", "unknown", shown(message), {
        ...this.#place(at),
        ...given({ fix: at.fix, subject: at.subject && withoutUsers(at.subject) }),
      }),
    );
  }

  /** Adds what passed. A file without a dependency is not applicable. */
  close(): void {
    for (const code of ["dependency-pinned", "image-pinned", "action-pinned"] as const) {
      const count = this.#passed[code];
      if (count === 0) continue;
      const message = `${count} of ${this.#total(code)} ${NOUNS[code]} pinned`;
      this.findings.push(finding(code, "pass", message, { location: { path: this.path } }));
    }
    if (this.entries.length > 0 || this.findings.length > 0) return;
    this.findings.push(
      finding("dependency-pinned", "not-applicable", "The file names no dependency", {
        location: { path: this.path },
      }),
    );
  }

  #total(code: FindingCode): number {
    return this.entries.filter(({ ecosystem }) => pinCode(ecosystem) === code).length;
  }

  #enter(facts: Facts, pin: Pin, reason: string, fix?: string): void {
    const { ecosystem, version, purl, hashes = [] } = facts;
    const location = this.#place(facts).location;
    const artifacts = facts.artifacts?.map(({ url, ...artifact }) => ({
      ...artifact,
      ...given({ url: url && withoutUsers(url) }),
    }));
    const more = given({ version, artifacts, purl: purl && withoutUsers(purl), fix });
    const [name, why] = [withoutUsers(facts.name), withoutUsers(reason)];
    this.entries.push({ ecosystem, name, pin, reason: why, hashes, location, ...more });
  }

  #fail(
    code: FindingCode,
    facts: Facts,
    reason: string,
    more: { fix?: string | undefined; severity?: Severity },
  ): void {
    this.findings.push(
      finding(code, "fail", sentence(facts, reason), {
        severity: more.severity ?? "error",
        ...this.#place(facts),
        ...given({ fix: more.fix }),
        subject: withoutUsers(facts.name),
      }),
    );
  }

  #place(at: Pick<Facts, "path" | "line" | "column">): { location: DependencyEntry["location"] } {
    return {
      location: { path: at.path ?? this.path, ...given({ line: at.line, column: at.column }) },
    };
  }
}

function pinCode(ecosystem: Ecosystem): "dependency-pinned" | "image-pinned" | "action-pinned" {
  if (ecosystem === "oci") return "image-pinned";
  return ecosystem === "github" ? "action-pinned" : "dependency-pinned";
}

function sentence(facts: Facts, reason: string): string {
  const version = facts.version === undefined ? "" : ` ${facts.version}`;
  return shown(`${facts.name}${version}: ${reason}`);
}

function shown(text: string): string {
  return printable(withoutUsers(text));
}

/** Without what is undefined, as `exactOptionalPropertyTypes` asks. */
function given<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

const NOUNS = {
  "dependency-pinned": "dependencies",
  "image-pinned": "images",
  "action-pinned": "actions",
};
