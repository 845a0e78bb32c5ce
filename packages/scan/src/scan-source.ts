import { messageOf, MlsignError, systemCode } from "@mlsign/core";
import type { DescendOptions, Examination, Format } from "./examine.ts";
import { FORMATS } from "./formats.ts";
import { SCAN_LIMITS, type ScanLimits } from "./limits.ts";
import { PICKLE } from "./pickle/format.ts";
import { type Observation, type ScanVerdict, worse } from "./report.ts";
import type { ByteSource } from "./source.ts";
import { Spill } from "./spill.ts";

export interface SourceScanOptions {
  readonly limits?: Partial<ScanLimits>;
  readonly signal?: AbortSignal | undefined;
}

export interface SourceScan {
  readonly verdict: ScanVerdict;
  readonly formats: readonly string[];
  readonly observations: readonly Observation[];
  /** Files beside this one that it takes its data from, `/`-separated, relative to its folder. */
  readonly references: readonly string[];
}

/**
 * Judges bytes by their content, and all that is found within them: every format that recognises
 * them looks at them, and what none recognises is `unscannable` unless it is text.
 */
export async function scanSource(
  name: string,
  source: ByteSource,
  { limits, signal }: SourceScanOptions = {},
): Promise<SourceScan> {
  const scan = new Scan(name, { ...SCAN_LIMITS, ...limits }, signal);
  await scan.judge(name, source, [], {});
  return scan.result();
}

interface Mark {
  readonly verdict: ScanVerdict;
  readonly formats: ReadonlySet<string>;
  readonly observations: number;
}

class Scan {
  readonly #path: string;
  readonly #limits: ScanLimits;
  readonly #signal: AbortSignal | undefined;
  readonly #formats = new Set<string>();
  readonly #observations: Observation[] = [];
  readonly #references = new Set<string>();
  #verdict: ScanVerdict = "safe-format";
  #entries = 0;
  #decoded = 0;
  #size = 0;
  #judged = 0;

  constructor(path: string, limits: ScanLimits, signal: AbortSignal | undefined) {
    this.#path = path;
    this.#limits = limits;
    this.#signal = signal;
  }

  result(): SourceScan {
    return {
      verdict: this.#verdict,
      formats: [...this.#formats],
      observations: this.#observations,
      references: [...this.#references],
    };
  }

  async judge(
    name: string,
    source: ByteSource,
    within: readonly string[],
    options: DescendOptions,
  ): Promise<void> {
    this.#signal?.throwIfAborted();
    if (source.size === 0) {
      this.#formats.add("empty");
      return;
    }
    if (within.length > this.#limits.depth) {
      return this.#limit(within, `lies deeper than ${this.#limits.depth} files within files`);
    }
    this.#entries += 1;
    // Entries may lie in each other's bytes; those that do not come to this much at most.
    this.#judged += source.size;
    if (within.length === 0) this.#size = source.size;
    if (this.#judged > (this.#size + this.#decoded) * (this.#limits.depth + 1)) {
      return this.#limit(within, "lies in bytes that other entries have, too");
    }
    if (this.#entries > this.#limits.entries) {
      return this.#limit(within, `is one of more than ${this.#limits.entries} entries`);
    }
    const recognised = FORMATS.filter((format) => format.recognises(source, name));
    const raw = options.raw === true;
    let known = false;
    for (const format of recognised) {
      // Two bytes are enough to begin a pickle, and other things begin with them, too.
      const doubtful = format === PICKLE && (raw || known);
      const mark = this.#mark();
      await format.scan(source, this.#examination(within, format));
      if (doubtful && this.#saysNothing(mark)) this.#reset(mark);
      else known = true;
    }
    if (known) return;
    if (raw) this.#formats.add("raw-data");
    else {
      this.#add({
        verdict: "unscannable",
        rule: "unrecognised",
        message: "is of no format that is known, and is no text",
        within,
      });
    }
  }

  #examination(within: readonly string[], format: Format): Examination {
    return {
      path: this.#path,
      within,
      report: (observation) => this.#add({ ...observation, within }),
      format: (name) => void this.#formats.add(name),
      refers: (path) => void this.#references.add(path),
      descend: (name, source, more = {}) => this.judge(name, source, [...within, name], more),
      decoded: (decoder, use) => this.#decode(decoder, use, { within, format }),
    };
  }

  async #decode(
    decoder: AsyncIterable<Uint8Array>,
    use: (source: ByteSource) => Promise<void>,
    { within, format }: { readonly within: readonly string[]; readonly format: Format },
  ): Promise<void> {
    const spill = new Spill();
    try {
      try {
        for await (const bytes of decoder) {
          this.#signal?.throwIfAborted();
          this.#decoded += bytes.length;
          if (this.#decoded > this.#limits.decodedBytes) {
            return this.#limit(within, `unpacks to more than ${this.#limits.decodedBytes} bytes`);
          }
          spill.write(bytes);
        }
      } catch (error) {
        if (error instanceof MlsignError || systemCode(error) === undefined) throw error;
        // What came out before has been read by whoever reads as it comes.
        this.#add({
          verdict: "unscannable",
          rule: "stream-broken",
          message: `holds a ${format.name} stream that does not unpack to its end: ${messageOf(error)}`,
          within,
        });
      }
      await use(spill.source());
    } finally {
      spill.close();
    }
  }

  #mark(): Mark {
    return {
      verdict: this.#verdict,
      formats: new Set(this.#formats),
      observations: this.#observations.length,
    };
  }

  /** Whether a pickle broke before it did anything: whoever loads it comes no further. */
  #saysNothing({ observations }: Mark): boolean {
    const said = this.#observations.slice(observations);
    const broken = said.some(({ rule }) => rule === "pickle-broken");
    return broken && said.every(({ rule }) => rule === "pickle-broken" || rule === "pickle-data");
  }

  #reset({ verdict, formats, observations }: Mark): void {
    this.#verdict = verdict;
    this.#formats.clear();
    for (const format of formats) this.#formats.add(format);
    this.#observations.length = observations;
  }

  #limit(within: readonly string[], message: string): void {
    this.#add({ verdict: "unscannable", rule: "limit", message, within });
  }

  #add(observation: Observation): void {
    this.#verdict = worse(this.#verdict, observation.verdict);
    if (this.#observations.length < this.#limits.observations) {
      this.#observations.push(observation);
      return;
    }
    // Of too many, the worst are told.
    const milder = this.#observations.findIndex(
      ({ verdict }) =>
        verdict !== observation.verdict && worse(verdict, observation.verdict) !== verdict,
    );
    if (milder >= 0) this.#observations[milder] = observation;
  }
}
