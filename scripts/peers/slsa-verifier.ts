/** SLSA's own verifier, for summaries as others read them. */
import { goProgram } from "./go-program.ts";

export async function slsaVerifier(): Promise<
  { readonly program: string } | { readonly reason: string }
> {
  return goProgram({
    name: "slsa-verifier",
    module: "github.com/slsa-framework/slsa-verifier/v2",
    version: "v2.7.1",
    folder: "cli/slsa-verifier",
  });
}
