import { createHash } from "node:crypto";

const sha256 = (bytes: Uint8Array): string =>
  `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

export interface Image {
  /** Of its manifest. */
  readonly digest: string;
  /** Of its configuration: what Docker calls the image's ID. */
  readonly configDigest: string;
  readonly manifest: Buffer;
}

/** Pushes a small image as the distribution specification has it, with whatever login is asked for. */
export async function pushImage(
  host: string,
  repository: string,
  login?: { readonly username: string; readonly password: string },
): Promise<Image> {
  const config = Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers"}}');
  const layer = Buffer.from("not really a layer");
  const descriptor = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: sha256(bytes),
    size: bytes.length,
  });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: descriptor("application/vnd.oci.image.config.v1+json", config),
      layers: [descriptor("application/vnd.oci.image.layer.v1.tar", layer)],
    }),
  );
  const base = `http://${host}/v2/${repository}`;
  const headers = await authorization(base, repository, login);
  for (const blob of [config, layer]) {
    const begun = await send(`${base}/blobs/uploads/`, { method: "POST", headers });
    const place = new URL(begun.headers.get("location") ?? "", `http://${host}`);
    place.searchParams.set("digest", sha256(blob));
    await send(place, {
      method: "PUT",
      headers: { ...headers, "content-type": "application/octet-stream" },
      body: new Uint8Array(blob),
    });
  }
  const digest = sha256(manifest);
  await send(`${base}/manifests/${digest}`, {
    method: "PUT",
    headers: { ...headers, "content-type": MANIFEST },
    body: new Uint8Array(manifest),
  });
  return { digest, configDigest: sha256(config), manifest };
}

async function authorization(
  base: string,
  repository: string,
  login: { readonly username: string; readonly password: string } | undefined,
): Promise<Record<string, string>> {
  if (login === undefined) return {};
  const plain = Buffer.from(`${login.username}:${login.password}`).toString("base64");
  const basic = { authorization: `Basic ${plain}` };
  const asked = await fetch(`${base}/blobs/uploads/`, { method: "POST" });
  await asked.arrayBuffer();
  const challenge = asked.headers.get("www-authenticate") ?? "";
  const realm = /^Bearer realm="([^"]+)"/i.exec(challenge)?.[1];
  if (realm === undefined) return basic;
  const url = new URL(realm);
  const service = /service="([^"]+)"/.exec(challenge)?.[1];
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", `repository:${repository}:pull,push`);
  const { token } = (await (await send(url, { headers: basic })).json()) as { token: string };
  return { authorization: `Bearer ${token}` };
}

async function send(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok)
    throw new Error(
      `${init.method ?? "GET"} ${String(url)}: ${response.status} ${await response.text()}`,
    );
  return response;
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
