/** A Python package index on the loopback (PEP 503), of tiny wheels made here. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { ExecutionContext } from "ava";
import { wheel } from "../../packages/deps/test/zip.ts";

export interface Wheel {
  readonly filename: string;
  readonly bytes: Buffer;
  readonly sha256: string;
}

export interface PackageIndex {
  /** Of the simple repository. */
  readonly url: string;
  /** Where a file lies. */
  fileUrl(wheel: Wheel): string;
  /** Serves other bytes under a file's name; the hashes that the index states stay. */
  tamper(wheel: Wheel, bytes: Buffer): void;
}

/** `alpha` wants `beta`, which has what installers relocate or generate. */
export const ALPHA: Wheel = wheel(
  "alpha",
  "1.0",
  { "alpha/__init__.py": "import beta\n", "alpha/data.bin": "\0\u00ff" },
  "Requires-Dist: beta>=1\n",
);
export const BETA: Wheel = wheel("beta", "2.0", {
  "beta.py": "def main():\n    return 0\n",
  "beta-2.0.dist-info/entry_points.txt": "[console_scripts]\nbeta-run = beta:main\n",
  "beta-2.0.data/scripts/beta-script": "#!python\nprint(1)\n",
  "beta-2.0.data/data/share/beta.txt": "data\n",
});
const OLD_BETA: Wheel = wheel("beta", "1.0", { "beta.py": "old = True\n" });
/** As `BETA`, but for one module. */
export const EVIL_BETA: Wheel = wheel("beta", "2.0", { "beta.py": "import os\n" });
const ALL = [ALPHA, BETA, OLD_BETA];

export async function packageIndex(t: ExecutionContext): Promise<PackageIndex> {
  const files = new Map(ALL.map(({ filename, bytes }) => [filename, bytes]));
  const server = createServer((request, response) => {
    const [, kind, name = ""] = (request.url ?? "").split("/");
    const bytes = kind === "files" ? files.get(decodeURIComponent(name)) : undefined;
    if (kind === "simple") response.setHeader("content-type", "text/html").end(pageOf(name));
    else if (bytes !== undefined) response.end(bytes);
    else response.writeHead(404).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
  return {
    url: `${base}/simple/`,
    fileUrl: ({ filename }) => `${base}/files/${filename}`,
    tamper: ({ filename }, bytes) => void files.set(filename, bytes),
  };
}

function pageOf(name: string): string {
  const links = ALL.filter(({ filename }) => filename.startsWith(`${name}-`)).map(
    ({ filename, sha256 }) => `<a href="/files/${filename}#sha256=${sha256}">${filename}</a>`,
  );
  return `<!DOCTYPE html><html><body>${links.join("\n")}</body></html>`;
}
