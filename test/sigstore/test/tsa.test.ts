import { RFC3161SignedTimestamp } from "@sigstore/protobuf-specs";
import test from "ava";
import { boolean, integer, nothing, octetString, oid, sequence } from "../src/der.ts";
import { sha, startSigstore } from "../src/index.ts";

const sigstore = await startSigstore();
test.after.always(() => sigstore.close());
const SHA256 = "2.16.840.1.101.3.4.2.1";
const NONCE = Buffer.from("0102030405060708", "hex");

function ask(query: Buffer): Promise<Response> {
  const headers = { "content-type": "application/timestamp-query" };
  const body = new Uint8Array(query);
  return fetch(`${sigstore.urls.tsa}/api/v1/timestamp`, { method: "POST", headers, body });
}

function query(digest: Buffer, ...more: Buffer[]): Buffer {
  return sequence(
    integer(1),
    sequence(sequence(oid(SHA256), nothing()), octetString(digest)),
    ...more,
  );
}

test("the timestamp authority echoes the nonce and adds certificates when asked", async (t) => {
  const digest = sha("data");
  const answer = await ask(query(digest, integer(NONCE), boolean(true)));
  t.is(answer.status, 201);
  t.is(answer.headers.get("content-type"), "application/timestamp-reply");
  const token = Buffer.from(await answer.arrayBuffer());
  t.true(token.includes(integer(NONCE)));
  t.true(token.includes(digest));
  t.true(token.includes(sigstore.instance.tsa.certificate));
  t.truthy(RFC3161SignedTimestamp.fromJSON({ signedTimestamp: token.toString("base64") }));
  const bare = Buffer.from(await (await ask(query(digest))).arrayBuffer());
  t.false(bare.includes(sigstore.instance.tsa.certificate));
  t.false(bare.includes(integer(NONCE)));
});

test("the timestamp authority refuses a digest of the wrong length", async (t) => {
  t.is((await ask(query(Buffer.alloc(20)))).status, 400);
  t.is((await ask(Buffer.from("no DER"))).status, 400);
});
