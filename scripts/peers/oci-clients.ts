/** Other programs that read what is in a registry, or what is in a model's folder. */
import { goProgram } from "./go-program.ts";

type Found = { readonly program: string } | { readonly reason: string };

/** ORAS: fetches any artifact as files. */
export function orasProgram(): Promise<Found> {
  return goProgram({
    name: "oras",
    module: "oras.land/oras",
    version: "v1.3.0",
    folder: "cmd/oras",
  });
}

/** Syft: finds packages in a folder. */
export function syftProgram(): Promise<Found> {
  return goProgram({
    name: "syft",
    module: "github.com/anchore/syft",
    version: "v1.32.0",
    folder: "cmd/syft",
    slow: true,
  });
}
