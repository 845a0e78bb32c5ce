import { type Clock, DAY, later, wholeSeconds } from "./clock.ts";
import { type Handler, notFound } from "./http.ts";
import { canonical, type Json } from "./json.ts";
import { generateKeys, type Keys, sha, signWith } from "./keys.ts";

type Role = "root" | "timestamp" | "snapshot" | "targets";

/** A TUF repository with consistent snapshots; one Ed25519 key a role. */
export class TufRepository {
  readonly #clock: Clock;
  readonly #files = new Map<string, Buffer>();
  readonly #keys: Record<Exclude<Role, "root">, Keys>;
  #rootKeys: Keys;
  #rootVersion = 0;
  #version = 0;

  constructor(clock: Clock, targets: Readonly<Record<string, Buffer>>) {
    this.#clock = clock;
    this.#rootKeys = generateKeys("ed25519");
    this.#keys = {
      timestamp: generateKeys("ed25519"),
      snapshot: generateKeys("ed25519"),
      targets: generateKeys("ed25519"),
    };
    this.#writeRoot([this.#rootKeys]);
    this.publish(targets);
  }

  /** The first root: what a client trusts from the start. */
  get root(): Buffer {
    return this.#files.get("1.root.json") ?? Buffer.alloc(0);
  }

  file(name: string): Buffer | undefined {
    return this.#files.get(name);
  }

  /** Publishes these targets as a new version of everything but the root. */
  publish(targets: Readonly<Record<string, Buffer>>): void {
    this.#version += 1;
    for (const [name, bytes] of Object.entries(targets)) {
      this.#files.set(`targets/${sha(bytes).toString("hex")}.${name}`, bytes);
    }
    const described = Object.entries(targets).map(([name, bytes]) => [name, describe(bytes)]);
    const signed = { targets: Object.fromEntries(described) as Json };
    const targetsFile = this.#write("targets", this.#version, 365, signed);
    const snapshot = this.#write("snapshot", this.#version, 365, {
      meta: { "targets.json": { version: this.#version, ...describe(targetsFile) } },
    });
    this.#files.set("timestamp.json", this.#timestamp(this.#version, snapshot, 7));
  }

  /** Replaces the root's key: the new root is signed by the old key and the new one. */
  rotateRoot(): void {
    const old = this.#rootKeys;
    this.#rootKeys = generateKeys("ed25519");
    this.#writeRoot([old, this.#rootKeys]);
  }

  /** A timestamp that has expired, newer than the current one. */
  stale(): Buffer {
    const snapshot = this.#files.get(`${this.#version}.snapshot.json`) ?? Buffer.alloc(0);
    return this.#timestamp(this.#version + 1, snapshot, -1);
  }

  /** The current timestamp under a key that the root does not name. */
  forged(): Buffer {
    const snapshot = this.#files.get(`${this.#version}.snapshot.json`) ?? Buffer.alloc(0);
    return this.#timestamp(this.#version, snapshot, 7, generateKeys("ed25519"));
  }

  #timestamp(version: number, snapshot: Buffer, days: number, keys = this.#keys.timestamp): Buffer {
    const meta = { "snapshot.json": { version: this.#version, ...describe(snapshot) } };
    return this.#sign("timestamp", version, days, { meta }, [keys]);
  }

  #writeRoot(signers: readonly Keys[]): void {
    this.#rootVersion += 1;
    const roles = { root: this.#rootKeys, ...this.#keys };
    const keys = Object.values(roles).map((key) => [keyIdOf(key), publicOf(key)]);
    const named = Object.entries(roles).map(([role, key]) => [
      role,
      { keyids: [keyIdOf(key)], threshold: 1 },
    ]);
    const signed = {
      consistent_snapshot: true,
      keys: Object.fromEntries(keys) as Json,
      roles: Object.fromEntries(named) as Json,
    };
    const bytes = this.#sign("root", this.#rootVersion, 3650, signed, signers);
    this.#files.set(`${this.#rootVersion}.root.json`, bytes);
    this.#files.set("root.json", bytes);
  }

  #write(role: "targets" | "snapshot", version: number, days: number, signed: object): Buffer {
    const bytes = this.#sign(role, version, days, signed, [this.#keys[role]]);
    this.#files.set(`${version}.${role}.json`, bytes);
    return bytes;
  }

  #sign(role: Role, version: number, days: number, more: object, signers: readonly Keys[]): Buffer {
    const expires = later(wholeSeconds(this.#clock()), days * DAY).toISOString();
    const common = { _type: role, spec_version: "1.0.31", version };
    const signed: Json = { ...common, expires: expires.replace(".000Z", "Z"), ...more };
    const signatures = signers.map((keys) => ({
      keyid: keyIdOf(keys),
      sig: signWith(keys, canonical(signed)).toString("hex"),
    }));
    return Buffer.from(JSON.stringify({ signatures, signed }, null, 1));
  }
}

/** Serves a repository below `/tuf/`. */
export function tufHandler(repository: () => TufRepository): Handler {
  return ({ method, url }, lie) => {
    if (method !== "GET" || !url.pathname.startsWith("/tuf/")) return notFound();
    const name = decodeURIComponent(url.pathname.slice("/tuf/".length));
    const lying = name === "timestamp.json" ? lie : undefined;
    const body =
      lying === "stale"
        ? repository().stale()
        : lying === "wrong-key"
          ? repository().forged()
          : repository().file(name);
    if (body === undefined) return notFound();
    return { status: 200, headers: { "content-type": "application/json" }, body };
  };
}

function describe(bytes: Buffer): { length: number; hashes: { sha256: string } } {
  return { length: bytes.length, hashes: { sha256: sha(bytes).toString("hex") } };
}

function publicOf(keys: Keys): { readonly [key: string]: Json } {
  const value = keys.spki.subarray(-32).toString("hex");
  return { keytype: "ed25519", scheme: "ed25519", keyval: { public: value } };
}

function keyIdOf(keys: Keys): string {
  return sha(canonical(publicOf(keys))).toString("hex");
}
