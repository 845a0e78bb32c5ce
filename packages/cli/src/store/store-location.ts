import { resolve } from "node:path";
import { MlsignError } from "@mlsign/core";
import { openStore, type Store } from "@mlsign/store";
import type { Host } from "../host.ts";

export interface StoreFlags {
  readonly store?: string;
}

/** Does work with the store of `--store`, else of MLSIGN_STORE. @throws MlsignError `usage` */
export async function withStore<T>(
  { store: flag }: StoreFlags,
  create: boolean,
  host: Host,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  const location = flag ?? host.env.MLSIGN_STORE;
  if (!location) {
    throw new MlsignError("usage", "Cannot tell which store is meant", {
      hint: "give --store FOLDER or postgres://…, or set MLSIGN_STORE",
    });
  }
  const place = /^postgres(?:ql)?:/.test(location) ? location : resolve(host.cwd, location);
  const store = await openStore(place, { create });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}
