import { createHash } from "node:crypto";
import type { ObjectFacts, ObjectName, ObjectStore } from "@mlsign/objects";

interface Version {
  readonly versionId: string | undefined;
  readonly content: Buffer;
}

/** A bucket that keeps every version, as a capability sees one. */
export class MemoryBucket {
  readonly #objects = new Map<string, Version[]>();
  readonly #hidden = new Set<string>();
  readonly asked: ObjectName[] = [];
  #count = 0;

  put(
    key: string,
    content: string | Buffer,
    options: { readonly versioned?: boolean } = {},
  ): string {
    const versionId = `v${++this.#count}`;
    const version = {
      versionId: options.versioned === false ? undefined : versionId,
      content: Buffer.from(content),
    };
    this.#objects.set(key, [version, ...(this.#objects.get(key) ?? [])]);
    return versionId;
  }

  remove(key: string): void {
    this.#objects.delete(key);
  }

  hide(key: string): void {
    this.#hidden.add(key);
  }

  store(): ObjectStore {
    const unused = (): never => {
      throw new Error("a lineage only looks");
    };
    return {
      provider: "s3",
      endpoint: "https://s3.registry.example",
      sdk: "memory",
      bucket: unused,
      list: unused,
      retain: unused,
      removeVersion: unused,
      stream: unused,
      create: unused,
      serverTime: () => undefined,
      close: () => undefined,
      object: async (name) => Promise.resolve(this.#facts(name)),
      read: async ({ key }) => {
        const [newest] = this.#objects.get(key) ?? [];
        if (newest === undefined) throw new Error(`no ${key}`);
        return Promise.resolve(newest.content);
      },
    };
  }

  #facts(name: ObjectName): ObjectFacts {
    this.asked.push(name);
    const { key, versionId } = name;
    const versions = this.#objects.get(key) ?? [];
    const found = versions.find((it) => versionId === undefined || it.versionId === versionId);
    const none = { kind: "none" } as const;
    const listed = versions.map((it, at) => ({
      versionId: it.versionId ?? "null",
      isLatest: at === 0,
      isMarker: false,
      size: it.content.length,
      etag: undefined,
      lastModified: undefined,
    }));
    const stored = found && {
      versionId: found.versionId,
      size: found.content.length,
      etag: undefined,
      md5: createHash("md5").update(found.content).digest("hex"),
      checksums: [],
      lastModified: undefined,
    };
    return {
      provider: "s3",
      key,
      head: this.#hidden.has(key)
        ? { kind: "denied", status: 403 }
        : stored === undefined
          ? none
          : { kind: "value", value: stored },
      retention: none,
      legalHold: none,
      versions: { kind: "value", value: listed },
      reads: [],
    };
  }
}
