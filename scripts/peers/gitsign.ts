/** gitsign, which signs and verifies commits keylessly. */
import { dirname } from "node:path";
import { goProgram } from "./go-program.ts";

/** The folder that it is in, for `PATH`, or why it cannot be had. */
export async function gitsignFolder(): Promise<
  { readonly folder: string } | { readonly reason: string }
> {
  const module = "github.com/sigstore/gitsign";
  const found = await goProgram({ name: "gitsign", module, version: "v0.14.0" });
  return "reason" in found ? found : { folder: dirname(found.program) };
}
