import { type Keys, signWith } from "./keys.ts";

/** Deviations of a checkpoint (C2SP tlog-checkpoint); what is left out is the log's own. */
export interface CheckpointOptions {
  readonly origin?: string;
  readonly size?: number;
  readonly root?: Uint8Array;
  /** The signature's name, key hint and key. */
  readonly name?: string;
  readonly hint?: Uint8Array;
  readonly keys?: Keys;
  /** Witnesses whose signatures follow the log's own. */
  readonly cosigners?: readonly Cosigner[];
}

export interface Cosigner {
  readonly name: string;
  readonly keys: Keys;
}

export type CheckpointFields = Required<Omit<CheckpointOptions, "cosigners">>;

export function signCheckpoint(own: CheckpointFields, options: CheckpointOptions = {}): string {
  const { origin, size, root, name, hint, keys } = { ...own, ...options };
  const note = `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
  const cosigners = (options.cosigners ?? []).map((witness) =>
    signatureLine(note, witness.name, witness.keys.id, witness.keys),
  );
  return [note, "\n", signatureLine(note, name, hint, keys), ...cosigners].join("");
}

function signatureLine(note: string, name: string, hint: Uint8Array, keys: Keys): string {
  const signature = signWith(keys, Buffer.from(note, "utf8"));
  const blob = Buffer.concat([hint.subarray(0, 4), signature]);
  return `\u2014 ${name} ${blob.toString("base64")}\n`;
}
