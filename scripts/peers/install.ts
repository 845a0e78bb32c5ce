import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { CTLOG_MAIN, CTLOG_MODULE, CTLOG_VERSION } from "./ctlog.ts";
import { mustRun, run } from "./run.ts";

/** Where peers are kept between runs: never inside the repository. */
export const PEERS_DIR: string =
  process.env.MLSIGN_PEERS ??
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "mlsign", "peers");

export type PeerName =
  | "cdxgen"
  | "cosign"
  | "ctlog"
  | "cyclonedx-py"
  | "dvc"
  | "fickling"
  | "fulcio"
  | "kubernetes-validate"
  | "kyverno-schemas"
  | "mlflow"
  | "model-signing"
  | "modelaudit"
  | "modelscan"
  | "moto"
  | "picklescan"
  | "pip"
  | "pip-23"
  | "pip-tools"
  | "poetry"
  | "rekor"
  | "scan-formats"
  | "scan-frameworks"
  | "sigstore-python"
  | "timestamp-server"
  | "uv";

interface Peer {
  readonly tool: "go" | "npm" | "python3";
  readonly version: string;
  /** The program, relative to the peer's folder. */
  readonly program: string;
  /** What `go install`, `npm install` or `pip install` is asked for; a Go program of our own has none. */
  readonly from?: string;
}

export const PEERS: Readonly<Record<PeerName, Peer>> = {
  cdxgen: {
    tool: "npm",
    version: "12.8.4",
    program: "node_modules/.bin/cdxgen",
    from: "@cyclonedx/cdxgen@12.8.4",
  },
  cosign: {
    tool: "go",
    version: "3.1.2",
    program: "cosign",
    from: "github.com/sigstore/cosign/v3/cmd/cosign@v3.1.2",
  },
  ctlog: { tool: "go", version: CTLOG_VERSION, program: "ctlog" },
  "cyclonedx-py": {
    tool: "python3",
    version: "7.5.0",
    program: "bin/cyclonedx-py",
    from: "cyclonedx-bom==7.5.0 cyclonedx-python-lib[validation]==11.12.0",
  },
  dvc: { tool: "python3", version: "3.67.1", program: "bin/dvc", from: "dvc==3.67.1" },
  fickling: {
    tool: "python3",
    version: "0.1.12",
    program: "bin/fickling",
    // It does not name the package that it needs below Python 3.12.
    from: "fickling==0.1.12 typing_extensions==4.15.0",
  },
  fulcio: {
    tool: "go",
    version: "1.8.8",
    program: "fulcio",
    from: "github.com/sigstore/fulcio@v1.8.8",
  },
  "kubernetes-validate": {
    tool: "python3",
    version: "1.37.0",
    program: "bin/kubernetes-validate",
    from: "kubernetes-validate==1.37.0",
  },
  "kyverno-schemas": {
    tool: "npm",
    version: "2.0.0",
    program: "node_modules/@kubernetes-models/kyverno/kyverno.io/v1/ClusterPolicy.js",
    from: "@kubernetes-models/kyverno@2.0.0",
  },
  mlflow: {
    tool: "python3",
    version: "3.17.2",
    program: "bin/mlflow",
    from: "mlflow==3.17.2 scikit-learn==1.7.2",
  },
  "model-signing": {
    tool: "python3",
    version: "1.1.1",
    program: "bin/model_signing",
    from: "model-signing==1.1.1 sigstore==4.5.0",
  },
  modelaudit: {
    tool: "python3",
    version: "0.2.54",
    program: "bin/modelaudit",
    from: "modelaudit==0.2.54",
  },
  modelscan: {
    tool: "python3",
    version: "0.8.8",
    program: "bin/modelscan",
    from: "modelscan==0.8.8",
  },
  moto: {
    tool: "python3",
    version: "5.2.5",
    program: "bin/moto_server",
    from: "moto[server]==5.2.5",
  },
  picklescan: {
    tool: "python3",
    version: "1.0.5",
    program: "bin/picklescan",
    from: "picklescan==1.0.5",
  },
  pip: { tool: "python3", version: "26.3", program: "bin/pip", from: "pip==26.3" },
  "pip-23": { tool: "python3", version: "23.2.1", program: "bin/pip", from: "pip==23.2.1" },
  "pip-tools": {
    tool: "python3",
    version: "7.6.2",
    program: "bin/pip-compile",
    from: "pip-tools==7.6.2",
  },
  poetry: { tool: "python3", version: "2.5.1", program: "bin/poetry", from: "poetry==2.5.1" },
  rekor: {
    tool: "go",
    version: "2.3.0",
    program: "posix",
    from: "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix@v2.3.0",
  },
  "scan-formats": {
    tool: "python3",
    version: "1",
    program: "bin/python",
    from:
      "numpy==2.4.6 safetensors==0.8.0 onnx==1.23.2 gguf==0.19.0 h5py==3.16.0 keras==3.15.1 jax==0.10.2 " +
      "joblib==1.6.0 lz4==4.4.5 sentencepiece==0.2.3 msgpack==1.2.4",
  },
  "scan-frameworks": {
    tool: "python3",
    version: "1",
    program: "bin/python",
    from:
      "scikit-learn==1.5.2 numpy==1.26.4 scipy==1.13.1 pandas==2.2.3 joblib==1.4.2 " +
      "xgboost-cpu==2.1.4 lightgbm==4.5.0",
  },
  "sigstore-python": {
    tool: "python3",
    version: "4.5.0",
    program: "bin/sigstore",
    from: "sigstore==4.5.0",
  },
  "timestamp-server": {
    tool: "go",
    version: "2.1.3",
    program: "timestamp-server",
    from: "github.com/sigstore/timestamp-authority/v2/cmd/timestamp-server@v2.1.3",
  },
  uv: { tool: "python3", version: "0.13.9", program: "bin/uv", from: "uv==0.13.9" },
};

export const PEER_NAMES: readonly PeerName[] = Object.keys(PEERS) as PeerName[];

/** The program of a peer, or why there is none. */
export function find(name: PeerName): { program: string } | { reason: string } {
  const program = join(folderOf(name), PEERS[name].program);
  if (existsSync(program)) return { program };
  const note = noteOf(name);
  return { reason: existsSync(note) ? readFileSync(note, "utf8") : "not installed" };
}

/** Installs what is missing, one after the other; a peer that cannot be had keeps its reason. */
export async function install(progress: (line: string) => void): Promise<void> {
  // Compiling keeps the processors busy, downloading the network: side by side they take two thirds.
  const isBuilt = (name: PeerName): boolean => PEERS[name].tool === "go";
  const lanes = [PEER_NAMES.filter(isBuilt), PEER_NAMES.filter((name) => !isBuilt(name))];
  await Promise.all(
    lanes.map(async (names) => {
      for (const name of names) await installOne(name, progress);
    }),
  );
}

async function installOne(name: PeerName, progress: (line: string) => void): Promise<void> {
  if ("program" in find(name)) return;
  const { tool, version } = PEERS[name];
  const begun = Date.now();
  progress(`${name} ${version}: installing with ${tool}`);
  try {
    await build(name);
    rmSync(noteOf(name), { force: true });
    progress(`${name} ${version}: installed in ${Math.round((Date.now() - begun) / 1000)} s`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    mkdirSync(PEERS_DIR, { recursive: true });
    writeFileSync(noteOf(name), reason);
    progress(`${name} ${version}: skipped: ${reason}`);
  }
}

/** Built beside its place and then moved there, so that what was interrupted is never found. */
async function build(name: PeerName): Promise<void> {
  const { tool } = PEERS[name];
  if ((await run(tool, [tool === "go" ? "version" : "--version"])).code !== 0) {
    throw new Error(`${tool} is not on this machine`);
  }
  const folder = folderOf(name);
  mkdirSync(dirname(folder), { recursive: true });
  if (tool === "python3") {
    // A virtual environment holds its own path: it cannot be moved.
    rmSync(folder, { recursive: true, force: true });
    await python(folder, PEERS[name]).catch((error: unknown) => {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    });
    return;
  }
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial);
  if (tool === "npm") await npm(partial, PEERS[name]);
  else await golang(partial, PEERS[name]);
  renameSync(partial, folder);
}

async function python(folder: string, peer: Peer): Promise<void> {
  await mustRun("python3", ["-m", "venv", folder]);
  const packages = peer.from?.split(" ") ?? [];
  await mustRun(
    join(folder, "bin", "python"),
    ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages],
    { timeout: 600_000 },
  );
}

/** No install script is run, and no add-on for one platform is fetched. */
async function npm(folder: string, peer: Peer): Promise<void> {
  writeFileSync(join(folder, "package.json"), '{"private":true}');
  const flags = ["--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund"];
  const options = { cwd: folder, timeout: 600_000 };
  await mustRun("npm", ["install", ...flags, peer.from ?? ""], options);
}

async function golang(folder: string, peer: Peer): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: "0", GOBIN: folder };
  const flags = ["-trimpath", "-ldflags=-s -w"];
  const options = { env, timeout: 1_800_000 };
  if (peer.from !== undefined) {
    await mustRun("go", ["install", ...flags, peer.from], options);
    return;
  }
  writeFileSync(join(folder, "go.mod"), CTLOG_MODULE);
  writeFileSync(join(folder, "main.go"), CTLOG_MAIN);
  const args = ["build", "-mod=mod", ...flags, "-o", peer.program, "."];
  await mustRun("go", args, { ...options, cwd: folder });
}

function folderOf(name: PeerName): string {
  const { tool, version } = PEERS[name];
  return join(PEERS_DIR, FOLDERS[tool], `${name}-${version}`);
}

const FOLDERS = { go: "go", npm: "node", python3: "python" } as const;

function noteOf(name: PeerName): string {
  return join(PEERS_DIR, `${name}-${PEERS[name].version}.skipped`);
}
