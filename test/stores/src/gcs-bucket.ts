import { createHash } from "node:crypto";
import { crc32c } from "./crc32c.ts";

/** What the JSON API answers an error with. */
export class GcsError extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

export interface GcsBucketOptions {
  readonly versioning?: boolean;
  readonly retentionSeconds?: number;
  readonly locked?: boolean;
  /** Only when it is made: a later patch is taken and ignored. */
  readonly objectRetention?: boolean;
  readonly softDeleteSeconds?: number;
  readonly defaultEventBasedHold?: boolean;
}

interface Generation {
  readonly name: string;
  readonly generation: bigint;
  readonly content: Buffer;
  readonly created: Date;
  metageneration: number;
  deleted?: Date;
  softDeleted?: Date;
  retention?: { mode: string; retainUntilTime: string };
  temporaryHold: boolean;
  eventBasedHold: boolean;
  holdReleased?: Date;
}

/**
 * One bucket that keeps to what was measured of Google Cloud Storage (published on 2026-09-30):
 * conditions come first (412), then holds and retentions (403). `enforce: false` makes it say all
 * of it, and hold none.
 */
export class GcsBucket {
  readonly name: string;
  readonly generations: Generation[] = [];
  readonly #clock: () => Date;
  readonly #enforce: boolean;
  readonly #objectRetention: boolean;
  readonly #softDeleteSeconds: number;
  readonly #defaultEventBasedHold: boolean;
  #versioning: boolean;
  #retention: { seconds: number; locked: boolean } | undefined;
  #metageneration = 1;
  #last = 0n;

  constructor(
    name: string,
    options: GcsBucketOptions,
    { clock, enforce }: { readonly clock: () => Date; readonly enforce: boolean },
  ) {
    this.name = name;
    this.#clock = clock;
    this.#enforce = enforce;
    this.#versioning = options.versioning ?? false;
    this.#objectRetention = options.objectRetention ?? false;
    this.#softDeleteSeconds = options.softDeleteSeconds ?? 0;
    this.#defaultEventBasedHold = options.defaultEventBasedHold ?? false;
    if (options.retentionSeconds !== undefined)
      this.#retention = { seconds: options.retentionSeconds, locked: options.locked ?? false };
  }

  metadata(): object {
    return {
      kind: "storage#bucket",
      name: this.name,
      metageneration: String(this.#metageneration),
      versioning: { enabled: this.#versioning },
      iamConfiguration: { uniformBucketLevelAccess: { enabled: true } },
      softDeletePolicy: { retentionDurationSeconds: String(this.#softDeleteSeconds) },
      ...(this.#objectRetention && { objectRetention: { mode: "Enabled" } }),
      ...(this.#retention && {
        retentionPolicy: {
          retentionPeriod: String(this.#retention.seconds),
          ...(this.#retention.locked && { isLocked: true }),
        },
      }),
    };
  }

  patch(change: {
    readonly retentionPolicy?: { readonly retentionPeriod?: string | number } | null;
    readonly versioning?: { readonly enabled?: boolean };
  }): void {
    if (change.retentionPolicy !== undefined) {
      const seconds = Number(change.retentionPolicy?.retentionPeriod ?? 0);
      if (this.#retention?.locked === true && this.#enforce && seconds < this.#retention.seconds) {
        throw new GcsError(
          403,
          "forbidden",
          seconds === 0
            ? `Bucket '${this.name}' has a locked Retention Policy which cannot be removed.`
            : `Cannot reduce retention duration of a locked Retention Policy for bucket '${this.name}'.`,
        );
      }
      this.#retention =
        seconds === 0 ? undefined : { seconds, locked: this.#retention?.locked ?? false };
    }
    if (change.versioning?.enabled !== undefined) this.#versioning = change.versioning.enabled;
    this.#metageneration += 1;
  }

  lock(metageneration: string | null): void {
    if (metageneration !== String(this.#metageneration)) throw conditionNotMet();
    if (this.#retention === undefined || this.#retention.locked)
      throw new GcsError(400, "invalid", "The retention policy cannot be locked.");
    this.#retention.locked = true;
    this.#metageneration += 1;
  }

  /** All generations, by name and age; soft-deleted ones apart. */
  list(options: {
    readonly prefix: string;
    readonly versions: boolean;
    readonly softDeleted: boolean;
  }): Generation[] {
    return this.generations
      .filter(
        (it) =>
          it.name.startsWith(options.prefix) &&
          (it.softDeleted !== undefined) === options.softDeleted &&
          (options.versions || options.softDeleted || it.deleted === undefined),
      )
      .toSorted((a, b) =>
        a.name === b.name
          ? Number(a.generation - b.generation)
          : Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)),
      );
  }

  find(name: string, generation?: string | null, softDeleted = false): Generation | undefined {
    return this.generations.find(
      (it) =>
        it.name === name &&
        (it.softDeleted !== undefined) === softDeleted &&
        (generation === undefined || generation === null
          ? it.deleted === undefined
          : String(it.generation) === generation),
    );
  }

  get(name: string, generation?: string | null, softDeleted = false): Generation {
    const found = this.find(name, generation, softDeleted);
    if (found === undefined)
      throw new GcsError(404, "notFound", `No such object: ${this.name}/${name}`);
    return found;
  }

  write(
    name: string,
    content: Buffer,
    options: { readonly ifGenerationMatch?: string | null; readonly mayDelete?: boolean } = {},
  ): Generation {
    const live = this.find(name);
    const wanted = options.ifGenerationMatch ?? undefined;
    if (wanted !== undefined && wanted !== String(live?.generation ?? 0)) throw conditionNotMet();
    if (live !== undefined) {
      if (options.mayDelete === false) throw forbidden("storage.objects.delete");
      // What is overwritten becomes noncurrent where versions are kept, retained or not.
      if (!this.#versioning) this.#mayGo(live);
      this.#supersede(live);
    }
    const now = this.#clock();
    // Microseconds, and never twice.
    const next = BigInt(now.getTime()) * 1000n;
    this.#last = next > this.#last ? next : this.#last + 1n;
    const written: Generation = {
      name,
      generation: this.#last,
      content,
      created: now,
      metageneration: 1,
      temporaryHold: false,
      eventBasedHold: this.#defaultEventBasedHold,
    };
    this.generations.push(written);
    return written;
  }

  remove(
    name: string,
    generation: string | null,
    conditions: { readonly ifGenerationMatch?: string | null } = {},
  ): void {
    const found = this.get(name, generation);
    const wanted = conditions.ifGenerationMatch ?? undefined;
    if (wanted !== undefined && wanted !== String(found.generation)) throw conditionNotMet();
    if (generation === null && this.#versioning) {
      found.deleted = this.#clock();
      return;
    }
    this.#mayGo(found);
    if (this.#softDeleteSeconds > 0) {
      found.deleted ??= this.#clock();
      found.softDeleted = this.#clock();
    } else this.generations.splice(this.generations.indexOf(found), 1);
  }

  update(
    name: string,
    generation: string | null,
    change: {
      readonly retention?: { readonly mode?: string; readonly retainUntilTime?: string } | null;
      readonly temporaryHold?: boolean;
      readonly eventBasedHold?: boolean;
    },
    override: boolean,
  ): Generation {
    const found = this.get(name, generation);
    if (change.retention !== undefined) this.#retain(found, change.retention, override);
    if (change.temporaryHold !== undefined) found.temporaryHold = change.temporaryHold;
    if (change.eventBasedHold !== undefined) {
      if (found.eventBasedHold && !change.eventBasedHold) found.holdReleased = this.#clock();
      found.eventBasedHold = change.eventBasedHold;
    }
    found.metageneration += 1;
    return found;
  }

  resource(it: Generation): object {
    const expires = this.#expires(it);
    return {
      kind: "storage#object",
      bucket: this.name,
      name: it.name,
      generation: String(it.generation),
      metageneration: String(it.metageneration),
      size: String(it.content.length),
      etag: Buffer.from(`${it.generation}/${it.metageneration}`).toString("base64"),
      md5Hash: createHash("md5").update(it.content).digest("base64"),
      crc32c: crc32c(it.content),
      timeCreated: it.created.toISOString(),
      updated: it.created.toISOString(),
      ...(it.deleted && { timeDeleted: it.deleted.toISOString() }),
      ...(it.softDeleted && { softDeleteTime: it.softDeleted.toISOString() }),
      ...(it.retention && { retention: it.retention }),
      ...(expires && !it.eventBasedHold && { retentionExpirationTime: expires.toISOString() }),
      ...(it.temporaryHold && { temporaryHold: true }),
      ...(it.eventBasedHold && { eventBasedHold: true }),
    };
  }

  #supersede(live: Generation): void {
    if (this.#versioning) live.deleted = this.#clock();
    else if (this.#softDeleteSeconds > 0) {
      live.deleted = this.#clock();
      live.softDeleted = this.#clock();
    } else this.generations.splice(this.generations.indexOf(live), 1);
  }

  #expires(it: Generation): Date | undefined {
    return (
      this.#retention &&
      new Date((it.holdReleased ?? it.created).getTime() + this.#retention.seconds * 1000)
    );
  }

  #mayGo(it: Generation): void {
    if (!this.#enforce) return;
    const now = this.#clock();
    if (it.temporaryHold || it.eventBasedHold) {
      const hold = it.temporaryHold ? "Temporary" : "Event-Based";
      throw new GcsError(
        403,
        "forbidden",
        `Object '${this.name}/${it.name}' is under active ${hold} hold and cannot be deleted, overwritten or archived until hold is removed.`,
      );
    }
    const ends = [
      this.#expires(it),
      it.retention && new Date(it.retention.retainUntilTime),
    ].flatMap((date) => (date !== undefined && date > now ? [date] : []));
    if (ends.length > 0) {
      const end = new Date(Math.max(...ends.map((date) => date.getTime())));
      throw new GcsError(
        403,
        "retentionPolicyNotMet",
        `Object '${this.name}/${it.name}' is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until ${end.toISOString()}`,
      );
    }
  }

  #retain(
    it: Generation,
    wanted: { readonly mode?: string; readonly retainUntilTime?: string } | null,
    override: boolean,
  ): void {
    if (!this.#objectRetention)
      throw new GcsError(400, "invalid", "The bucket does not have object retention enabled.");
    const until = wanted?.retainUntilTime;
    const old = it.retention;
    const weaker =
      old !== undefined &&
      (until === undefined ||
        Date.parse(until) < Date.parse(old.retainUntilTime) ||
        (old.mode === "Locked" && wanted?.mode !== "Locked"));
    const active = old !== undefined && Date.parse(old.retainUntilTime) > this.#clock().getTime();
    if (this.#enforce && active && weaker && (old.mode === "Locked" || !override)) {
      throw new GcsError(
        403,
        "forbidden",
        old.mode === "Locked"
          ? `Object '${this.name}/${it.name}' has a locked retention which cannot be reduced or removed.`
          : `Object '${this.name}/${it.name}' has a retention which is reduced only with overrideUnlockedRetention.`,
      );
    }
    if (until === undefined) delete it.retention;
    else it.retention = { mode: wanted?.mode ?? "Unlocked", retainUntilTime: until };
  }
}

export function forbidden(permission: string): GcsError {
  return new GcsError(
    403,
    "forbidden",
    `the caller does not have ${permission} access to the Google Cloud Storage resource.`,
  );
}

function conditionNotMet(): GcsError {
  return new GcsError(
    412,
    "conditionNotMet",
    "At least one of the pre-conditions you specified did not hold.",
  );
}
