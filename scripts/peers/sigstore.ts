import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { find, type PeerName } from "./install.ts";
import { type Issuer, startIssuer } from "./oidc.ts";
import { freePorts, mustRun, type Service, start, tail } from "./run.ts";

export interface PrivateSigstore {
  /** Files in `dir`: TrustedRoot v0.1, SigningConfig v0.2, ClientTrustConfig v0.1. */
  readonly trustedRoot: string;
  readonly signingConfig: string;
  readonly trustConfig: string;
  /** A fresh identity token for an e-mail address, or for a URI (a workflow). */
  readonly token: Issuer["token"];
  readonly urls: {
    /** The issuer of e-mail addresses, and of URIs. */
    readonly issuer: string;
    readonly ciIssuer: string;
    readonly fulcio: string;
    readonly rekor: string;
    readonly tsa: string;
    readonly ctlog: string;
  };
  /** The last lines of every server's log. */
  readonly logs: () => string;
  readonly stop: () => Promise<void>;
}

/** What the private Sigstore is made of. */
export const SIGSTORE_PEERS: readonly PeerName[] = ["ctlog", "fulcio", "rekor", "timestamp-server"];

const REKOR_ORIGIN = "rekor.local";
/** The timestamp authority serves metrics on this port, cannot be told another, and dies without. */
const TSA_METRICS_PORT = 2112;

/**
 * A Sigstore of one's own, of real servers on the loopback: Fulcio over an intermediate CA,
 * TesseraCT, Rekor v2 and a timestamp authority. At most one at a time on a machine: the second
 * waits for the first.
 */
export async function startPrivateSigstore(): Promise<PrivateSigstore> {
  await untilFree(TSA_METRICS_PORT);
  const dir = mkdtempSync(join(tmpdir(), "mlsign-sigstore-"));
  const issuer = await startIssuer();
  const services: Service[] = [];
  async function stop(): Promise<void> {
    await Promise.all([...services.map(async (service) => service.stop()), issuer.stop()]);
    rmSync(dir, { recursive: true, force: true });
  }
  try {
    return { ...(await startAll(dir, issuer, services)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startAll(
  dir: string,
  issuer: Issuer,
  services: Service[],
): Promise<Omit<PrivateSigstore, "stop">> {
  const ports = await freePorts(8);
  const [ct, fulcio, grpc, metrics, tsa, rekor, rekorGrpc, rekorMetrics] = ports as Ports;
  const url = (port: number): string => `http://127.0.0.1:${port}`;
  const launch = async (name: PeerName, args: readonly string[], ready: string): Promise<void> => {
    const found = find(name);
    if ("reason" in found) throw new Error(`Cannot start ${name}: ${found.reason}`);
    services.push(await start(name, [found.program, ...args], { ready, dir }));
  };

  const authority = await createAuthority(dir);
  const ctKey = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const rekorKey = generateKeyPairSync("ed25519");
  write(dir, "ct.key", ctKey.privateKey.export({ type: "sec1", format: "pem" }));
  write(dir, "rekor.key", rekorKey.privateKey.export({ type: "pkcs8", format: "pem" }));
  write(dir, "fulcio.json", fulcioConfig(issuer));
  for (const name of ["ct", "rekor"]) mkdirSync(join(dir, name));

  const ready = await Promise.allSettled([
    launch(
      "ctlog",
      [
        `--http_endpoint=127.0.0.1:${ct}`,
        "--origin=ctlog.local",
        "--private_key=ct.key",
        "--roots_pem_file=root.pem",
        "--storage_dir=ct",
      ],
      `${url(ct)}/ct/v1/get-roots`,
    ),
    launch(
      "fulcio",
      [
        "serve",
        "--host=127.0.0.1",
        `--port=${fulcio}`,
        "--grpc-host=127.0.0.1",
        `--grpc-port=${grpc}`,
        `--metrics-port=${metrics}`,
        `--legacy-unix-domain-socket=${join(dir, "fulcio.sock")}`,
        "--ca=fileca",
        "--fileca-cert=chain.pem",
        "--fileca-key=intermediate.key",
        `--fileca-key-passwd=${authority.passphrase}`,
        "--fileca-watch=false",
        `--ct-log-url=${url(ct)}`,
        "--config-path=fulcio.json",
      ],
      `${url(fulcio)}/api/v2/trustBundle`,
    ),
    launch(
      "timestamp-server",
      [
        "serve",
        "--host=127.0.0.1",
        `--port=${tsa}`,
        "--timestamp-signer=memory",
        "--disable-ntp-monitoring",
      ],
      `${url(tsa)}/api/v1/timestamp/certchain`,
    ),
    launch(
      "rekor",
      [
        "serve",
        "--http-address=127.0.0.1",
        `--http-port=${rekor}`,
        "--grpc-address=127.0.0.1",
        `--grpc-port=${rekorGrpc}`,
        `--http-metrics-port=${rekorMetrics}`,
        `--hostname=${REKOR_ORIGIN}`,
        "--signer-filepath=rekor.key",
        "--storage-dir=rekor",
        "--checkpoint-interval=1s",
      ],
      `${url(rekor)}/healthz`,
    ),
  ]);
  for (const result of ready) if (result.status === "rejected") throw result.reason;

  await addFirstEntry(url(rekor));
  const tsaChain = await (await fetch(`${url(tsa)}/api/v1/timestamp/certchain`)).text();
  const since = new Date(Date.now() - 3_600_000).toISOString();
  const trustedRoot = {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [
      {
        // Not where it listens: sigstore-go wants this host to be the checkpoint's origin.
        baseUrl: `https://${REKOR_ORIGIN}`,
        hashAlgorithm: "SHA2_256",
        publicKey: publicKeyJson(rekorKey.publicKey, "PKIX_ED25519", since),
        logId: { keyId: noteKeyId(REKOR_ORIGIN, rekorKey.publicKey).toString("base64") },
      },
    ],
    certificateAuthorities: [
      {
        subject: { organization: "mlsign", commonName: "root" },
        uri: url(fulcio),
        certChain: { certificates: certificatesJson(authority.chain) },
        validFor: { start: since },
      },
    ],
    ctlogs: [
      {
        baseUrl: url(ct),
        hashAlgorithm: "SHA2_256",
        publicKey: publicKeyJson(ctKey.publicKey, "PKIX_ECDSA_P256_SHA_256", since),
        logId: { keyId: sha256(spki(ctKey.publicKey)).toString("base64") },
      },
    ],
    timestampAuthorities: [
      {
        subject: { organization: "sigstore", commonName: "Test TSA" },
        uri: `${url(tsa)}/api/v1/timestamp`,
        certChain: { certificates: certificatesJson(tsaChain) },
        validFor: { start: since },
      },
    ],
  };
  const service = (at: string, majorApiVersion: number): object[] => [
    { url: at, majorApiVersion, validFor: { start: since }, operator: "mlsign" },
  ];
  const signingConfig = {
    mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
    caUrls: service(url(fulcio), 1),
    oidcUrls: service(issuer.url, 1),
    rekorTlogUrls: service(url(rekor), 2),
    rekorTlogConfig: { selector: "ANY" },
    tsaUrls: service(`${url(tsa)}/api/v1/timestamp`, 1),
    tsaConfig: { selector: "ANY" },
  };
  const trustConfig = {
    mediaType: "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
    trustedRoot,
    signingConfig,
  };
  return {
    trustedRoot: write(dir, "trusted_root.json", JSON.stringify(trustedRoot, null, 2)),
    signingConfig: write(dir, "signing_config.json", JSON.stringify(signingConfig, null, 2)),
    trustConfig: write(dir, "trust_config.json", JSON.stringify(trustConfig, null, 2)),
    token: issuer.token,
    urls: {
      issuer: issuer.url,
      ciIssuer: issuer.ciUrl,
      fulcio: url(fulcio),
      rekor: url(rekor),
      tsa: `${url(tsa)}/api/v1/timestamp`,
      ctlog: url(ct),
    },
    logs: () => services.map(({ name, log }) => `--- ${name}\n${tail(log())}`).join("\n"),
  };
}

type Ports = [number, number, number, number, number, number, number, number];

/**
 * Rekor leaves out what has proto3's default value, so that the first entry of a log has neither
 * `logIndex` nor `hashes`, which sigstore-python refuses: it shall be nobody's.
 */
async function addFirstEntry(rekor: string): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const artifact = Buffer.from("first");
  const response = await fetch(`${rekor}/api/v2/log/entries`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      hashedRekordRequestV002: {
        digest: sha256(artifact).toString("base64"),
        signature: {
          content: sign("sha256", artifact, privateKey).toString("base64"),
          verifier: {
            publicKey: { rawBytes: spki(publicKey).toString("base64") },
            keyDetails: "PKIX_ECDSA_P256_SHA_256",
          },
        },
      },
    }),
  });
  if (!response.ok)
    throw new Error(`Cannot log an entry: ${response.status} ${await response.text()}`);
}

/** A root, and an intermediate that signs code signing certificates. */
async function createAuthority(dir: string): Promise<{ chain: string; passphrase: string }> {
  const passphrase = "not-a-secret";
  for (const name of ["root", "intermediate"]) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-384" });
    const cipher = { cipher: "aes-256-cbc", passphrase };
    write(dir, `${name}.key`, privateKey.export({ type: "pkcs8", format: "pem", ...cipher }));
  }
  write(
    dir,
    "openssl.cnf",
    [
      "[req]\ndistinguished_name=name\n[name]",
      "[root]\nbasicConstraints=critical,CA:TRUE,pathlen:1\nkeyUsage=critical,keyCertSign,cRLSign",
      "subjectKeyIdentifier=hash",
      "[intermediate]\nbasicConstraints=critical,CA:TRUE,pathlen:0",
      "keyUsage=critical,keyCertSign,cRLSign\nextendedKeyUsage=codeSigning",
      "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid:always\n",
    ].join("\n"),
  );
  const common = `-config openssl.cnf -passin pass:${passphrase} -sha384`;
  for (const command of [
    `req ${common} -x509 -new -key root.key -days 3650 -extensions root -out root.pem -subj /O=mlsign/CN=root`,
    `req ${common} -new -key intermediate.key -out intermediate.csr -subj /O=mlsign/CN=intermediate`,
    "x509 -req -in intermediate.csr -CA root.pem -CAkey root.key -CAcreateserial -days 3650 -sha384 " +
      `-extfile openssl.cnf -extensions intermediate -out intermediate.pem -passin pass:${passphrase}`,
  ]) {
    await mustRun("openssl", command.split(" "), { cwd: dir });
  }
  const chain = ["intermediate.pem", "root.pem"]
    .map((file) => readFileSync(join(dir, file), "utf8"))
    .join("");
  write(dir, "chain.pem", chain);
  return { chain, passphrase };
}

/** In JSON the names are Go's own; the kebab-case ones of the documentation are for YAML. */
function fulcioConfig(issuer: Issuer): string {
  const common = { ClientID: "sigstore" };
  return JSON.stringify({
    OIDCIssuers: {
      [issuer.url]: { ...common, IssuerURL: issuer.url, Type: "email" },
      [issuer.ciUrl]: {
        ...common,
        IssuerURL: issuer.ciUrl,
        Type: "ci-provider",
        CIProvider: "workflow",
      },
    },
    CIIssuerMetadata: {
      workflow: {
        SubjectAlternativeNameTemplate: "{{ .sub }}",
        // A claim that a template names must be there, or be here.
        DefaultTemplateValues: {
          repository: "https://ci.example.com/acme/models",
          sha: "0".repeat(40),
          ref: "refs/heads/main",
        },
        ExtensionTemplates: {
          BuildSignerURI: "{{ .sub }}",
          SourceRepositoryURI: "repository",
          SourceRepositoryDigest: "sha",
          SourceRepositoryRef: "ref",
        },
      },
    },
  });
}

function publicKeyJson(key: KeyObject, keyDetails: string, start: string): object {
  return { rawBytes: spki(key).toString("base64"), keyDetails, validFor: { start } };
}

function certificatesJson(pem: string): { rawBytes: string }[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map((match) => ({
    rawBytes: (match[1] ?? "").replace(/\s/g, ""),
  }));
}

/** The key id of a signed note (C2SP signed-note, Ed25519), in full. */
function noteKeyId(origin: string, key: KeyObject): Buffer {
  return sha256(Buffer.concat([Buffer.from(`${origin}\n\u0001`), spki(key).subarray(-32)]));
}

function spki(key: KeyObject): Buffer {
  return key.export({ type: "spki", format: "der" });
}

function sha256(data: Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

function write(dir: string, name: string, text: string | Buffer): string {
  const file = join(dir, name);
  writeFileSync(file, text, { mode: 0o600 });
  return file;
}

async function untilFree(port: number): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const server = createServer().listen(port);
    try {
      await once(server, "listening");
      await new Promise((resolve) => server.close(resolve));
      return;
    } catch (cause) {
      if (Date.now() > deadline) {
        throw new Error(`Cannot start a timestamp authority: port ${port} is in use`, { cause });
      }
      await sleep(500);
    }
  }
}
