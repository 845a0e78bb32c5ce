import type { PinView } from "../entry.ts";
import { pypiName } from "../purl.ts";

/** Pins of Python packages by hash and by name. */
export class PinIndex {
  readonly #byHash = new Map<string, PinView[]>();
  readonly #byName = new Map<string, PinView[]>();
  readonly pins: readonly PinView[];

  constructor(pins: readonly PinView[]) {
    this.pins = pins.filter(({ ecosystem }) => ecosystem === "pypi");
    for (const pin of this.pins) {
      add(this.#byName, pypiName(pin.name), pin);
      // Pins that were found wanting vouch for nothing.
      if (pin.pin !== "hash") continue;
      for (const { algorithm, hex } of pin.hashes) add(this.#byHash, `${algorithm}:${hex}`, pin);
    }
  }

  /** Pins that one of these digests satisfies. */
  matching(digests: ReadonlyMap<string, string>): PinView[] {
    return [...digests].flatMap(
      ([algorithm, hex]) => this.#byHash.get(`${algorithm}:${hex}`) ?? [],
    );
  }

  named(name: string): readonly PinView[] {
    return this.#byName.get(pypiName(name)) ?? [];
  }
}

function add(map: Map<string, PinView[]>, key: string, pin: PinView): void {
  const list = map.get(key);
  if (list) list.push(pin);
  else map.set(key, [pin]);
}
