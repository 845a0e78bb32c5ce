/** The command-line tester of sigstore's policy-controller. */
import { goProgram } from "./go-program.ts";

export async function policyTester(): Promise<
  { readonly program: string } | { readonly reason: string }
> {
  return goProgram({
    name: "policy-tester",
    module: "github.com/sigstore/policy-controller",
    version: "v0.13.1",
    folder: "cmd/tester",
    slow: true,
  });
}
