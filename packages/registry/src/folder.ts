/** A file of a model that lies elsewhere. */
export interface RemoteFile {
  /** Relative to the model, `/`-separated, as the store has it: not yet to be trusted as a path. */
  readonly name: string;
  readonly size: number;
}

/** A model's folder in a store. */
export interface RemoteFolder {
  /** In words, for messages. */
  readonly where: string;
  /** @throws MlsignError `limit-exceeded`, `name-invalid`, `service-failed`, `service-lied` */
  list(): Promise<readonly RemoteFile[]>;
  /** The file of this name at the top, as it is now; `undefined` where there is none. */
  find(name: string): Promise<RemoteFile | undefined>;
  /**
   * The bytes of a listed file: as many as it was listed with, or an error while they are read.
   *
   * @throws MlsignError `service-failed`, `service-lied`
   */
  read(file: RemoteFile): Promise<AsyncIterable<Uint8Array>>;
  /** Writes a file at the top. @throws MlsignError `service-failed` */
  write(name: string, content: Uint8Array): Promise<void>;
}

/** A whole small file. */
export async function wholeOf(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of bytes) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}
