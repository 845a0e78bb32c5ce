import { randomBytes } from "node:crypto";
import { pem, readAll, readOid, readOne } from "./der.ts";
import { asBytes, type Handler, notFound, objectOf, orRefuse, Refusal, text } from "./http.ts";
import { generateKeys, type Hash } from "./keys.ts";
import { HASHES, type TimestampAuthority, type TimestampOptions } from "./timestamp.ts";

/** The timestamp authority's HTTP interface: RFC 3161 requests in DER, or Sigstore's JSON. */
export function tsaHandler(tsa: TimestampAuthority): Handler {
  const strangers = generateKeys(tsa.keys.kind);
  return ({ method, url, headers, body }, lie) => {
    if (method === "GET" && url.pathname === "/api/v1/timestamp/certchain") {
      return text(tsa.chain.map((der) => pem("CERTIFICATE", der)).join(""));
    }
    if (method !== "POST" || url.pathname !== "/api/v1/timestamp") return notFound();
    const type = headers["content-type"] ?? "";
    const request = orRefuse("Error parsing timestamp request", () =>
      type.includes("json") ? readJson(body) : readQuery(body),
    );
    const reply = tsa.timestamp(Buffer.alloc(0), {
      ...request,
      ...(lie === "wrong-key" ? { keys: strangers } : {}),
      ...(lie === "replayed" ? { imprint: randomBytes(32), hash: "sha256" } : {}),
    });
    return { status: 201, headers: { "content-type": "application/timestamp-reply" }, body: reply };
  };
}

/** TimeStampReq (RFC 3161 2.4.1). */
function readQuery(body: Buffer): TimestampOptions {
  const [version, imprint, ...rest] = readAll(readOne(body).content);
  if (version?.content.equals(Buffer.from([1])) !== true) throw new Refusal(400, "unknown version");
  const [algorithm, hashed] = readAll(imprint?.content ?? Buffer.alloc(0));
  const id = readOid(readAll(algorithm?.content ?? Buffer.alloc(0))[0]?.content ?? Buffer.alloc(0));
  const nonce = rest.find((element) => element.tag === 0x02)?.content;
  const certReq = rest.find((element) => element.tag === 0x01)?.content;
  return {
    ...imprintOf(id, hashed?.content ?? Buffer.alloc(0)),
    ...(nonce === undefined ? {} : { nonce }),
    certificates: certReq !== undefined && certReq[0] !== 0,
  };
}

function readJson(body: Buffer): TimestampOptions {
  const { hashAlgorithm, artifactHash, certificates, nonce } = objectOf(body);
  return {
    ...imprintOf(HASHES[hashAlgorithm as Hash] ?? "", asBytes(artifactHash)),
    ...(typeof nonce === "number"
      ? { nonce: Buffer.from(nonce.toString(16).padStart(16, "0"), "hex") }
      : {}),
    certificates: certificates === true,
  };
}

function imprintOf(id: string, imprint: Buffer): TimestampOptions {
  const hash = (Object.keys(HASHES) as Hash[]).find((name) => HASHES[name] === id);
  const length = { sha256: 32, sha384: 48, sha512: 64 };
  if (hash === undefined || imprint.length !== length[hash]) {
    throw new Refusal(400, "Error validating timestamp request");
  }
  return { hash, imprint };
}
