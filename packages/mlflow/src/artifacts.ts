import { isRecord, MlsignError, printable } from "@mlsign/core";
import { type Asking, lied } from "./ask.ts";
import { numberText } from "./model.ts";

/** What lies in a folder of artifacts; a name is one part of a path, as the server gave it. */
export interface ArtifactEntry {
  readonly name: string;
  readonly directory: boolean;
  /** Bytes, of a file. */
  readonly size: number;
}

/** Artifacts that the tracking server itself passes on (`mlflow-artifacts:`). */
export interface Artifacts {
  /**
   * What lies in one folder. MLflow says nothing of a folder that is not there: it is empty.
   *
   * @throws MlsignError `service-failed`, `service-lied`
   */
  list(path: string): Promise<readonly ArtifactEntry[]>;
  /**
   * A file's bytes, exactly as many as it was listed with; `undefined` where there is none.
   *
   * @throws MlsignError `service-failed`, `service-lied`: also while they are read
   */
  read(path: string, size: number): Promise<AsyncIterable<Uint8Array> | undefined>;
  /**
   * Writes a file over what was there. There is no condition (no `If-Match`, no version), so that
   * whoever writes at the same time may be overwritten: read it back.
   *
   * @throws MlsignError `service-failed`
   */
  write(path: string, content: Uint8Array): Promise<void>;
}

export function proxiedArtifacts({ ask, stream }: Asking): Artifacts {
  return {
    list: async (path) => {
      const query = path === "" ? "" : `?path=${encodeURIComponent(checked(path))}`;
      const answer = await ask({ path: `${PREFIX}${query}` });
      return entriesOf(answer ?? {});
    },
    read: async (path, size) => {
      const bytes = await stream(`${PREFIX}/${encoded(path)}`);
      return bytes && exactly(bytes, size, path);
    },
    write: async (path, bytes) => {
      const answer = await ask({ method: "PUT", path: `${PREFIX}/${encoded(path)}`, bytes });
      if (answer === undefined)
        throw new MlsignError("service-failed", `Cannot write ${printable(path)}: no such place`);
    },
  };
}

function entriesOf(answer: unknown): ArtifactEntry[] {
  const files: unknown = isRecord(answer) ? (answer.files ?? []) : undefined;
  if (!Array.isArray(files)) throw lied("it is no list of files");
  return (files as unknown[]).map((item) => {
    const { path, is_dir: directory = false, file_size: size = 0 } = isRecord(item) ? item : {};
    if (typeof path !== "string" || typeof directory !== "boolean")
      throw lied("a file has no name");
    const bytes = Number(directory ? "0" : numberText(size));
    if (!Number.isSafeInteger(bytes)) throw lied(`${path} has no size`);
    return { name: path, directory, size: bytes };
  });
}

async function* exactly(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
  path: string,
): AsyncGenerator<Uint8Array, void> {
  let seen = 0;
  for await (const piece of bytes) {
    seen += piece.length;
    if (seen > size) throw lied(`${path} is longer than ${size} bytes`);
    yield piece;
  }
  if (seen !== size) throw lied(`${path} has ${seen} bytes, not ${size}`);
}

function encoded(path: string): string {
  return checked(path).split("/").map(encodeURIComponent).join("/");
}

/** What a server or proxy on the way would resolve leads elsewhere. */
function checked(path: string): string {
  if (path.split("/").every((part) => !["", ".", ".."].includes(part))) return path;
  throw new MlsignError("name-invalid", `Cannot ask MLflow for the artifact ${printable(path)}`);
}

const PREFIX = "/api/2.0/mlflow-artifacts/artifacts";
