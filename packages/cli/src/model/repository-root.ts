import { MlsignError } from "@mlsign/core";
import { openRepository } from "@mlsign/git";

/** The root of the repository that a folder is in; `undefined` where git finds none with a commit, or is not there. */
export async function repositoryRoot(folder: string): Promise<string | undefined> {
  try {
    return (await openRepository(folder)).root;
  } catch (error) {
    if (error instanceof MlsignError) return undefined;
    throw error;
  }
}
