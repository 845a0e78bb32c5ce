import type { JsonObject } from "@mlsign/core";

export interface BomDigest {
  /** CycloneDX's name (`SHA-256`) or the usual one (`sha256`). */
  readonly algorithm: string;
  readonly hex: string;
}

export interface BomDependency {
  /** As in a purl: `pypi`, `npm`. */
  readonly ecosystem: string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  /** Of the artifact that was really installed. */
  readonly installed?: readonly BomDigest[];
  /** All artifacts that the lock file allows. */
  readonly artifacts?: readonly {
    readonly filename?: string;
    readonly url?: string;
    readonly hashes: readonly BomDigest[];
  }[];
}

export interface BomDataset {
  readonly name: string;
  readonly sha256?: string;
  /** An identifier, never integrity. */
  readonly dvcOid?: string;
  readonly path?: string;
  readonly url?: string;
}

/** What a bill of materials is made from: facts of a model, as data. */
export interface BomFacts {
  readonly model: {
    readonly name: string;
    readonly version?: string;
    readonly purl?: string;
    /** OMS root digest, hex. */
    readonly root: string;
    readonly files: readonly {
      readonly path: string;
      readonly size: number;
      readonly sha256: string;
    }[];
  };
  /** CycloneDX `modelCard`, from `convertCard`. */
  readonly modelCard?: JsonObject;
  readonly datasets: readonly BomDataset[];
  readonly git?: {
    readonly commit: string;
    /** Without user name and password. */
    readonly remote?: string;
    readonly dirty?: boolean;
  };
  readonly container?: { readonly reference: string; readonly digest: string };
  readonly baseModels?: readonly {
    readonly name: string;
    readonly version?: string;
    readonly purl?: string;
    /** Of a single file. */
    readonly sha256?: string;
    /** OMS root digest, hex. */
    readonly root?: string;
  }[];
  readonly dependencies: readonly BomDependency[];
  readonly timestamp: Date;
  readonly tool: { readonly name: string; readonly version: string };
  readonly spec?: "1.6" | "1.7";
}
