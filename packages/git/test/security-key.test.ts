/** Security keys cannot be had by program: their signatures are made here as PROTOCOL.u2f has them. */
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { parseAllowedSigners, verifyCommit } from "@mlsign/git";
import test from "ava";
import { parseCommit } from "../src/objects.ts";
import { wireString } from "../src/ssh-wire.ts";

const COMMIT = Buffer.from(
  `tree ${"4".repeat(40)}\nauthor Ana <a@b> 1767323045 +0000\ncommitter Ana <a@b> 1767323045 +0000\n\nx\n`,
);
const APPLICATION = "ssh:";
const sha256 = (data: Uint8Array): Buffer => createHash("sha256").update(data).digest();
const jwk = (key: KeyObject, name: "x" | "y"): Buffer =>
  Buffer.from(key.export({ format: "jwk" })[name] as string, "base64url");
const mpint = (digits: Buffer): Buffer =>
  wireString((digits[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.alloc(1), digits]) : digits);

interface Device {
  readonly type: string;
  readonly wire: Buffer;
  readonly sign: (data: Buffer) => Buffer;
}

function ed25519(): Device {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const type = "sk-ssh-ed25519@openssh.com";
  const wire = Buffer.concat(
    [type, jwk(publicKey, "x"), APPLICATION].map((part) => wireString(part)),
  );
  return { type, wire, sign: (data) => sign(null, data, privateKey) };
}

function ecdsa(): Device {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const type = "sk-ecdsa-sha2-nistp256@openssh.com";
  const point = Buffer.concat([Buffer.from([4]), jwk(publicKey, "x"), jwk(publicKey, "y")]);
  const parts = [type, "nistp256", point, APPLICATION];
  return {
    type,
    wire: Buffer.concat(parts.map((part) => wireString(part))),
    sign: (data) => {
      const raw = sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" });
      return Buffer.concat([mpint(raw.subarray(0, 32)), mpint(raw.subarray(32))]);
    },
  };
}

/** The commit with a signature of the device's over it. */
function signed(device: Device, how: { flags?: number; application?: string; counter?: number }) {
  const { flags = 1, application = APPLICATION, counter = 7 } = how;
  const digest = createHash("sha512").update(COMMIT).digest();
  const head = [Buffer.from("SSHSIG")];
  const message = Buffer.concat([
    ...head,
    ...["git", "", "sha512", digest].map((part) => wireString(part)),
  ]);
  const state = Buffer.alloc(5);
  state[0] = flags;
  state.writeUInt32BE(7, 1);
  const data = Buffer.concat([sha256(Buffer.from(application)), state, sha256(message)]);
  state.writeUInt32BE(counter, 1);
  const inner = Buffer.concat([wireString(device.type), wireString(device.sign(data)), state]);
  const version = Buffer.from([0, 0, 0, 1]);
  const body = Buffer.concat([
    ...head,
    version,
    ...[device.wire, "git", "", "sha512", inner].map((part) => wireString(part)),
  ]);
  const armour = `-----BEGIN SSH SIGNATURE-----\n${body.toString("base64")}\n-----END SSH SIGNATURE-----`;
  return { ...parseCommit("0".repeat(40), COMMIT), signature: armour };
}

for (const [name, make] of [
  ["Ed25519", ed25519],
  ["ECDSA", ecdsa],
] as const) {
  test(`verifyCommit() takes a security key (${name}) that somebody touched`, async (t) => {
    const device = make();
    const line = `ana ${device.type} ${device.wire.toString("base64")}`;
    const allowedSigners = parseAllowedSigners(line, "test");
    const status = async (how: Parameters<typeof signed>[1]) =>
      (await verifyCommit(signed(device, how), { allowedSigners })).status;
    for (let times = 0; times < 20; times += 1) t.is(await status({}), "good");
    t.is(await status({ flags: 5 }), "good");
    t.is(await status({ flags: 0 }), "bad", "nobody touched it");
    t.is(await status({ application: "ssh:other" }), "bad");
    t.is(await status({ counter: 8 }), "bad", "its counter was changed");
    const stranger = parseAllowedSigners(
      line.replace(device.wire.toString("base64"), make().wire.toString("base64")),
      "test",
    );
    t.is(
      (await verifyCommit(signed(device, {}), { allowedSigners: stranger })).status,
      "unknown-signer",
    );
  });
}
