/** mlsign and PyPI's `model-signing`: each signs and the other verifies, and refuses. */
import { generateKeyPairSync } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FindingCode } from "@mlsign/core";
import { sha256 } from "@mlsign/core";
import test, { type ExecutionContext } from "ava";
import { isolated, mustRun, type PrivateSigstore, SIGSTORE_PEERS } from "../../scripts/peers.ts";
import {
  type Args,
  available,
  MLSIGN,
  mlsignRefuses,
  NODE,
  sharedSigstore,
  VECTORS,
  type Workshop,
  workshop,
  writeModel,
} from "./cells.ts";

const PERSON = "alice@example.com";
const WORKFLOW = "https://ci.example.com/acme/models/train.yml@refs/heads/main";
const KEYS = join(VECTORS, "oms/keys");

let sigstore: PrivateSigstore | undefined;
test.before(async () => {
  sigstore = await sharedSigstore();
});
test.after.always(async () => sigstore?.stop());

/** A signer and the trust in it, in both tools' flags; `wrong` is whom nobody trusts, and why. */
interface Method {
  readonly name: string;
  readonly mlsign: { readonly sign: Args; readonly verify: Args };
  readonly python: { readonly sign: Args; readonly verify: Args };
  readonly wrong: readonly {
    readonly what: string;
    readonly code: FindingCode;
    readonly mlsign: Args;
    readonly python: Args;
    readonly text: RegExp;
  }[];
}

function writeKeys(shop: Workshop, namedCurve: string): void {
  for (const name of ["key", "other"]) {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
    shop.write(`${name}.pem`, privateKey.export({ type: "pkcs8", format: "pem" }));
    shop.write(`${name}.pub`, publicKey.export({ type: "spki", format: "pem" }));
  }
}

function keyMethod(shop: Workshop, curve: string): Method {
  writeKeys(shop, curve);
  return {
    name: "key",
    mlsign: { sign: ["--key", "key.pem"], verify: ["--key", "key.pub"] },
    python: { sign: ["--private_key", "key.pem"], verify: ["--public_key", "key.pub"] },
    wrong: [
      {
        what: "another key",
        code: "signature-valid",
        mlsign: ["--key", "other.pub"],
        python: ["--public_key", "other.pub"],
        text: /Key mismatch/,
      },
    ],
  };
}

function certificateMethod(): Method {
  const at = (name: string): string => join(KEYS, "certificate", name);
  const chain = (flag: string): Args => [
    [flag, at("int-ca-cert.pem")],
    [flag, at("ca-cert.pem")],
  ];
  const wrong = join(KEYS, "wrong/wrong-ca-cert.pem");
  return {
    name: "certificate",
    mlsign: {
      sign: [
        ["--key", at("signing-key.pem"), "--certificate", at("signing-key-cert.pem")],
        chain("--certificate-chain"),
      ],
      verify: ["--certificate-chain", at("ca-cert.pem")],
    },
    python: {
      sign: [
        ["--private_key", at("signing-key.pem")],
        ["--signing_certificate", at("signing-key-cert.pem")],
        chain("--certificate_chain"),
      ],
      verify: ["--certificate_chain", at("ca-cert.pem")],
    },
    wrong: [
      {
        what: "another authority",
        code: "certificate-chain",
        mlsign: ["--certificate-chain", wrong],
        python: ["--certificate_chain", wrong],
        text: /Verification failed/,
      },
    ],
  };
}

function keylessMethod(private_: PrivateSigstore, identity: string): Method {
  const { trustConfig, trustedRoot, token, urls } = private_;
  const issuers = [urls.issuer, urls.ciIssuer];
  const [issuer = "", other = ""] = identity === PERSON ? issuers : issuers.toReversed();
  const mlsign = (who: string, by: string): Args => [
    ["--trusted-root", trustedRoot, "--require-log", "--require-timestamp"],
    ["--certificate-identity", who, "--certificate-oidc-issuer", by],
  ];
  const python = (who: string, by: string): Args => [
    ["--trust_config", trustConfig],
    ["--identity", who, "--identity_provider", by],
  ];
  return {
    name: "sigstore",
    mlsign: {
      sign: ["--trust-config", trustConfig, "--identity-token", token(identity)],
      verify: mlsign(identity, issuer),
    },
    python: {
      sign: ["--trust_config", trustConfig, "--identity_token", token(identity)],
      verify: python(identity, issuer),
    },
    wrong: [
      {
        what: "another identity",
        code: "identity-match",
        mlsign: mlsign("mallory@example.com", issuer),
        python: python("mallory@example.com", issuer),
        text: /Certificate's SANs do not match/,
      },
      {
        what: "another issuer",
        code: "issuer-match",
        mlsign: mlsign(identity, other),
        python: python(identity, other),
        text: /Certificate's OIDCIssuer does not match/,
      },
    ],
  };
}

type Tool = "mlsign" | "model_signing";
const TOOLS: readonly Tool[] = ["mlsign", "model_signing"];

function signWith(shop: Workshop, tool: Tool, method: Method, model: string, more: Args = []) {
  const signature = ["--signature", `${tool}.sig`];
  return tool === "mlsign"
    ? shop.ok(NODE, MLSIGN, ["sign", model], signature, method.mlsign.sign, more)
    : shop.ok(
        shop.programs.modelSigning,
        ["sign", method.name, model],
        signature,
        method.python.sign,
        more,
      );
}

/** The other tool's command line over a signature of `tool`'s. */
function readerOf(shop: Workshop, tool: Tool, method: Method, model: string): [string, ...Args[]] {
  const signature = [model, "--signature", `${tool}.sig`];
  return tool === "model_signing"
    ? [NODE, [MLSIGN, "verify"], signature, method.mlsign.verify]
    : [shop.programs.modelSigning ?? "", ["verify", method.name], signature, method.python.verify];
}

const PYTHON = { peers: ["model-signing"], vectors: ["oms/keys"] } as const;
const PYTHON_KEYLESS = { peers: ["model-signing", ...SIGSTORE_PEERS] } as const;

/** Trees that both tools take. `order` is where their orders of the list differ (oms.md 1.4). */
const TREES: Readonly<Record<string, (shop: Workshop) => string>> = {
  "a directory": writeModel,
  "a single file": (shop) => inside(shop, "model.safetensors", "weights"),
  "a single empty file": (shop) => inside(shop, "empty.bin", ""),
  "empty files and empty directories": (shop) => {
    tree(shop, { "a.bin": "", "sub/b.bin": "", "c.txt": "c" });
    mkdirSync(shop.path("m/nothing/here"), { recursive: true });
    return "m";
  },
  "hidden files and git's names below the top": (shop) =>
    tree(shop, {
      ".hidden": "1",
      ".huggingface/x": "2",
      ".DS_Store": "3",
      ".gitmodules": "4",
      "sub/.git/config": "5",
      "sub/.gitignore": "6",
    }),
  "git's own names at the top, which nobody signs": (shop) =>
    tree(shop, {
      ".git/HEAD": "1",
      ".gitignore": "2",
      ".gitattributes": "3",
      ".github/w.yml": "4",
      a: "5",
    }),
  "ten directories deep": (shop) =>
    tree(shop, { "1/2/3/4/5/6/7/8/9/10/deep.bin": "deep", "1/2/3/shallow.bin": "shallow" }),
  "names in other scripts": (shop) =>
    tree(shop, {
      "模型.bin": "1",
      "e\u0301-nfd.bin": "2",
      "é-nfc.bin": "3",
      "модель/вес.bin": "4",
      "عربي.bin": "5",
      "\u{1F389}.bin": "6",
      "\uFF41.bin": "7",
    }),
  "names that shells and terminals stumble over": (shop) =>
    tree(shop, {
      "file (copy).bin": "1",
      "path with spaces/model.bin": "2",
      "-rf": "3",
      "--help": "4",
      "line\nbreak.bin": "5",
      "tab\there": "6",
      "quote'\".bin": "7",
      "*?[x].bin": "8",
      "a:0:3": "9",
      "$(id).bin": "10",
      "a\u202Eb": "11",
      "bell\u0007": "12",
      "trailing ": "13",
      "..hidden": "14",
      "...": "15",
      "%2e%2e": "16",
      "~": "17",
    }),
  "a tree where the orders differ": (shop) =>
    tree(shop, { "onnx/model.bin": "1", "onnx-q/x": "2", "onnx.json": "3", "z.txt": "4" }),
  "two hundred files": (shop) =>
    tree(
      shop,
      Object.fromEntries(
        Array.from({ length: 200 }, (_, at) => [`${at % 7}/f${at}.bin`, String(at)]),
      ),
    ),
};

function inside(shop: Workshop, name: string, data: string): string {
  shop.write(name, data);
  return name;
}

function tree(shop: Workshop, files: Readonly<Record<string, string>>): string {
  for (const [name, data] of Object.entries(files)) shop.write(`m/${name}`, data);
  return "m";
}

for (const [what, write] of Object.entries(TREES)) {
  test(`both ways: ${what}`, async (t) => {
    if (!(await available(t, PYTHON))) return;
    const shop = await workshop(t);
    const method = keyMethod(shop, "P-256");
    const model = write(shop);
    for (const tool of TOOLS) {
      await signWith(shop, tool, method, model);
      await shop.ok(...readerOf(shop, tool, method, model));
    }
    const [own, other] = TOOLS.map((tool) => statementOf(shop.path(`${tool}.sig`)));
    const names = (statement = own): string[] => namesOf(statement).toSorted();
    if (model === "m") t.deepEqual(names(own), names(other));
    t.is(own?.subject[0]?.name, other?.subject[0]?.name);
    const same = own?.subject[0]?.digest.sha256 === other?.subject[0]?.digest.sha256;
    t.is(same, !ORDERS_DIFFER.has(what), "the subjects' digests agree where the orders do");
  });
}

/** model_signing 1.1.1 sorts by path component, the specification by code point (oms.md 1.4). */
const ORDERS_DIFFER = new Set(["a tree where the orders differ"]);

for (const curve of ["P-256", "P-384", "P-521"]) {
  test(`both ways, and every refusal: key on ${curve}`, async (t) => {
    if (!(await available(t, PYTHON))) return;
    const shop = await workshop(t);
    await bothWays(t, shop, keyMethod(shop, curve));
  });
}

test("both ways, and every refusal: certificate", async (t) => {
  if (!(await available(t, PYTHON))) return;
  await bothWays(t, await workshop(t), certificateMethod());
});

for (const identity of [PERSON, WORKFLOW]) {
  test(`both ways, and every refusal: Sigstore, as ${identity}`, async (t) => {
    if (!(await available(t, PYTHON_KEYLESS)) || !sigstore) return;
    await bothWays(t, await workshop(t), keylessMethod(sigstore, identity));
  });
}

async function bothWays(t: ExecutionContext, shop: Workshop, method: Method): Promise<void> {
  for (const tool of TOOLS) {
    rmSync(shop.path("model"), { recursive: true, force: true });
    const model = writeModel(shop);
    const signature = `${tool}.sig`;
    await signWith(shop, tool, method, model);
    const reader = readerOf(shop, tool, method, model);
    await shop.ok(...reader);
    const refuses = async (code: FindingCode, text: RegExp): Promise<void> => {
      if (tool === "mlsign") await shop.refused(text, ...reader);
      else
        await mlsignRefuses(t, shop, code, [model, "--signature", signature], method.mlsign.verify);
    };

    shop.write("model/config.json", "{ }");
    await refuses("file-changed", /Hash mismatch for .*config\.json/);
    shop.write("model/config.json", "{}\n");
    shop.write("model/extra.bin", "extra");
    await refuses("file-extra", /Extra files found.*extra\.bin/);
    rmSync(shop.path("model/extra.bin"));
    rmSync(shop.path("model/weights/empty"));
    await refuses("file-missing", /Missing files.*weights\/empty/);
    shop.write("model/weights/empty", "");
    await shop.ok(...reader);

    for (const wrong of method.wrong) {
      const at = [model, "--signature", signature];
      if (tool === "mlsign") {
        const args = [["verify", method.name], at, wrong.python];
        await shop.refused(wrong.text, shop.programs.modelSigning, ...args);
      } else {
        await mlsignRefuses(t, shop, wrong.code, at, wrong.mlsign);
      }
    }

    const whole = readFileSync(shop.path(signature), "utf8");
    for (const [what, text] of Object.entries(damaged(whole))) {
      shop.write(signature, text);
      await refuses(
        what === "the bytes of its payload" ? "signature-valid" : "bundle-form",
        /failed/,
      );
    }
    shop.write(signature, whole);
    await shop.ok(...reader);
  }
}

function damaged(text: string): Record<string, string> {
  const bundle = JSON.parse(text) as {
    mediaType: string;
    dsseEnvelope: { payload: string; signatures: object[] };
  };
  const change = (edit: (copy: typeof bundle) => void): string => {
    const copy = structuredClone(bundle);
    edit(copy);
    return JSON.stringify(copy);
  };
  return {
    "cut in two": text.slice(0, text.length / 2),
    empty: "",
    "another media type": change((copy) => {
      copy.mediaType = "application/json";
    }),
    "no signature": change((copy) => {
      copy.dsseEnvelope.signatures = [];
    }),
    "the bytes of its payload": change((copy) => {
      const payload = Buffer.from(copy.dsseEnvelope.payload, "base64").toString();
      const other = payload.replace("config.json", "c0nfig.json");
      copy.dsseEnvelope.payload = Buffer.from(other).toString("base64");
    }),
  };
}

test("ignored paths travel in the signature, both ways", async (t) => {
  if (!(await available(t, PYTHON))) return;
  const shop = await workshop(t);
  const method = keyMethod(shop, "P-256");
  tree(shop, { "a.bin": "1", "notes/x.txt": "2", "log.txt": "3" });
  await signWith(shop, "mlsign", method, "m", [
    ["--ignore-path", "notes"],
    ["--ignore-path", "log.txt"],
  ]);
  await signWith(shop, "model_signing", method, "m", [
    ["--ignore-paths", "m/notes"],
    ["--ignore-paths", "m/log.txt"],
  ]);
  for (const tool of TOOLS) {
    t.deepEqual(namesOf(statementOf(shop.path(`${tool}.sig`))), ["a.bin"]);
    shop.write("m/notes/x.txt", `changed after ${tool}`);
    shop.write("m/notes/later.txt", "new");
    await shop.ok(...readerOf(shop, tool, method, "m"));
  }
  // mlsign tells of what the signer left out, and refuses it where asked to.
  const at = ["m", "--signature", "model_signing.sig", "--no-signer-ignores"];
  await mlsignRefuses(t, shop, "file-uncovered", at, method.mlsign.verify);
  const allowed = ["--ignore-path", "notes", "--ignore-path", "log.txt"];
  await shop.ok(NODE, [MLSIGN, "verify"], at, method.mlsign.verify, allowed);
});

test("unsigned files are ignored where asked to, both ways", async (t) => {
  if (!(await available(t, PYTHON))) return;
  const shop = await workshop(t);
  const method = keyMethod(shop, "P-256");
  const model = writeModel(shop);
  for (const tool of TOOLS) await signWith(shop, tool, method, model);
  shop.write("model/extra.bin", "more");
  for (const tool of TOOLS) {
    const reader = readerOf(shop, tool, method, model);
    t.not((await shop.run(...reader)).code, 0);
    const flag = tool === "mlsign" ? "--ignore_unsigned_files" : "--ignore-unsigned-files";
    await shop.ok(...reader, flag);
  }
});

test("the signature lies inside the model, both ways", async (t) => {
  if (!(await available(t, PYTHON))) return;
  const shop = await workshop(t);
  const method = keyMethod(shop, "P-256");
  const model = writeModel(shop);
  await shop.ok(NODE, [MLSIGN, "sign", model], method.mlsign.sign);
  await shop.ok(
    shop.programs.modelSigning,
    ["verify", "key", model, "--signature", "model/model.sig"],
    method.python.verify,
  );
  rmSync(shop.path("model/model.sig"));
  await shop.ok(
    shop.programs.modelSigning,
    ["sign", "key", model, "--signature", "model/model.sig"],
    method.python.sign,
  );
  await shop.ok(NODE, [MLSIGN, "verify", model], method.mlsign.verify);
});

test("links are followed where both sides are told to, and refused otherwise", async (t) => {
  if (!(await available(t, PYTHON))) return;
  const shop = await workshop(t);
  const method = keyMethod(shop, "P-256");
  tree(shop, { "a.bin": "1" });
  symlinkSync("a.bin", shop.path("m/b.bin"));
  const { modelSigning } = shop.programs;
  await shop.refused(/symbolic link/, NODE, [MLSIGN, "sign", "m"], method.mlsign.sign);
  await shop.refused(/symlink/, modelSigning, ["sign", "key", "m"], method.python.sign);
  await signWith(shop, "mlsign", method, "m", "--allow-symlinks");
  await signWith(shop, "model_signing", method, "m", "--allow_symlinks");
  await shop.ok(...readerOf(shop, "model_signing", method, "m"));
  // model_signing wants the flag again; mlsign takes it from the signature, as OMS 8.4 has it.
  await shop.refused(/symlink/, ...readerOf(shop, "mlsign", method, "m"));
  await shop.ok(...readerOf(shop, "mlsign", method, "m"), "--allow_symlinks");
});

test("difference: model_signing leaves out what is behind a linked directory; mlsign signs it", async (t) => {
  if (!(await available(t, PYTHON))) return;
  const shop = await workshop(t);
  const method = keyMethod(shop, "P-256");
  tree(shop, { "d/a.bin": "1" });
  symlinkSync("d", shop.path("m/e"));
  await signWith(shop, "mlsign", method, "m", "--allow-symlinks");
  await signWith(shop, "model_signing", method, "m", "--allow_symlinks");
  t.deepEqual(namesOf(statementOf(shop.path("mlsign.sig"))), ["d/a.bin", "e/a.bin"]);
  t.deepEqual(namesOf(statementOf(shop.path("model_signing.sig"))), ["d/a.bin"]);
  await shop.refused(/Missing files/, ...readerOf(shop, "mlsign", method, "m"), "--allow_symlinks");
  const at = ["m", "--signature", "model_signing.sig"];
  await mlsignRefuses(t, shop, "file-extra", at, method.mlsign.verify);
});

test("difference: model_signing signs an empty model; OMS and mlsign refuse one", async (t) => {
  if (!(await available(t, PYTHON))) return;
  const shop = await workshop(t);
  const method = keyMethod(shop, "P-256");
  mkdirSync(shop.path("m"));
  shop.write("only-git/.gitignore", "x");
  for (const model of ["m", "only-git"]) {
    const { code, stderr } = await shop.run(NODE, [MLSIGN, "sign", model], method.mlsign.sign);
    t.is(code, 2);
    t.regex(stderr, /holds no file/);
    await signWith(shop, "model_signing", method, model);
    const at = [model, "--signature", "model_signing.sig"];
    await shop.ok(shop.programs.modelSigning, ["verify", "key"], at, method.python.verify);
    await mlsignRefuses(t, shop, "manifest-form", at, method.mlsign.verify);
  }
});

test("difference: model_signing ignores a whole model if told to; mlsign refuses such a signature", async (t) => {
  if (!(await available(t, PYTHON))) return;
  const shop = await workshop(t);
  const method = keyMethod(shop, "P-256");
  const model = writeModel(shop);
  await signWith(shop, "model_signing", method, model, ["--ignore-paths", model]);
  const at = [model, "--signature", "model_signing.sig"];
  shop.write("model/evil.py", "anything");
  await shop.ok(shop.programs.modelSigning, ["verify", "key"], at, method.python.verify);
  await mlsignRefuses(t, shop, "manifest-form", at, method.mlsign.verify);
});

test("difference: the lists' order, and so the subject, where a sibling sorts before `/`", async (t) => {
  if (!(await available(t, PYTHON))) return;
  const shop = await workshop(t);
  const method = keyMethod(shop, "P-256");
  const files = ["onnx/model.bin", "onnx-q/x", "onnx.json", "z.txt"];
  tree(shop, Object.fromEntries(files.map((name) => [name, name])));
  for (const tool of TOOLS) await signWith(shop, tool, method, "m");
  const [own, other] = TOOLS.map((tool) => statementOf(shop.path(`${tool}.sig`)));
  t.deepEqual(namesOf(own), ["onnx-q/x", "onnx.json", "onnx/model.bin", "z.txt"]);
  t.deepEqual(namesOf(other), files);
  t.is(own?.subject[0]?.digest.sha256, rootOf(namesOf(own)));
  t.is(other?.subject[0]?.digest.sha256, rootOf(files));
  const at = ["m", "--signature", "model_signing.sig"];
  const { stdout } = await shop.ok(NODE, [MLSIGN, "verify"], at, method.mlsign.verify, "--json");
  const { findings } = JSON.parse(stdout) as { findings: { code: string; severity: string }[] };
  t.is(findings.find(({ code }) => code === "manifest-order")?.severity, "note");
});

/** Each file holds its own name. */
function rootOf(names: readonly string[]): string {
  return sha256(Buffer.concat(names.map((name) => sha256(name)))).toString("hex");
}

test("difference: a backslash in a name, which mlsign refuses on both sides", async (t) => {
  if (!(await available(t, PYTHON))) return;
  const shop = await workshop(t);
  const method = keyMethod(shop, "P-256");
  tree(shop, { "back\\slash": "1" });
  await shop.refused(/backslash/, NODE, [MLSIGN, "sign", "m"], method.mlsign.sign);
  await signWith(shop, "model_signing", method, "m");
  const at = ["m", "--signature", "model_signing.sig"];
  await mlsignRefuses(t, shop, "manifest-form", at, method.mlsign.verify);
});

test("a name that is not UTF-8: neither signs it", async (t) => {
  if (!(await available(t, PYTHON))) return;
  const shop = await workshop(t);
  const method = keyMethod(shop, "P-256");
  mkdirSync(shop.path("m"));
  writeFileSync(Buffer.concat([Buffer.from(shop.path("m/")), Buffer.of(0xff, 0xfe)]), "1");
  await shop.refused(/not UTF-8/, NODE, [MLSIGN, "sign", "m"], method.mlsign.sign);
  await shop.refused(
    /surrogates not allowed/,
    shop.programs.modelSigning,
    ["sign", "key", "m"],
    method.python.sign,
  );
});

/** What model_signing offers in its API alone. */
async function api(shop: Workshop, body: string): Promise<string> {
  const python = join(shop.programs.modelSigning ?? "", "../python");
  const script = `from model_signing import hashing, signing, verifying\n${body}`;
  return mustRun(python, ["-c", script], { cwd: shop.dir, env: isolated(shop.dir) });
}

const apiSign = (hashing: string): string =>
  "signing.Config().use_elliptic_key_signer(private_key='key.pem')" +
  `.set_hashing_config(hashing.Config().${hashing}).sign('m', 'model_signing.sig')`;
const apiVerify = (tool: Tool, hashing?: string): string => {
  const config = hashing === undefined ? "" : `.set_hashing_config(hashing.Config().${hashing})`;
  const verifier = "verifying.Config().use_elliptic_key_verifier(public_key='key.pub')";
  return `${verifier}${config}.verify('m', '${tool}.sig')`;
};

/** How model_signing 1.1.1 fares with what only its API can make: it verifies little of it. */
interface Serialization {
  readonly what: string;
  readonly flags: Args;
  readonly hashing: string;
  /** Its refusals: of its own and mlsign's signature, by itself and told how; of its program. */
  readonly guessed: Readonly<Record<Tool, RegExp | undefined>>;
  readonly configured: Readonly<Record<Tool, RegExp | undefined>>;
  readonly cli: RegExp;
}

const SERIALIZATIONS: readonly Serialization[] = [
  {
    what: "shards",
    flags: ["--shard-size", "2048"],
    hashing: "use_shard_serialization(hashing_algorithm='sha256', shard_size=2048)",
    // It writes its shard size as 2048.0, which its own `range` does not take. It names the
    // algorithm `sha256-sharded-2048`, where the specification and mlsign have `sha256`.
    guessed: {
      model_signing: /'float' object cannot be interpreted as an integer/,
      mlsign: /algorithm=\\?'sha256-sharded-2048/,
    },
    configured: { model_signing: undefined, mlsign: /algorithm=\\?'sha256-sharded-2048/ },
    cli: /Missing files.*a\.bin:0:2048/,
  },
  {
    what: "BLAKE2b",
    flags: ["--hash", "blake2b"],
    hashing: "use_file_serialization(hashing_algorithm='blake2')",
    // What it records as `blake2b` it does not know again.
    guessed: {
      model_signing: /Unsupported hashing method blake2b/,
      mlsign: /Unsupported hashing method blake2b/,
    },
    configured: { model_signing: undefined, mlsign: undefined },
    // Its program knows SHA-256 alone.
    cli: /Hash mismatch/,
  },
  {
    what: "BLAKE3",
    flags: ["--hash", "blake3"],
    hashing: "use_file_serialization(hashing_algorithm='blake3')",
    guessed: { model_signing: undefined, mlsign: undefined },
    configured: { model_signing: undefined, mlsign: undefined },
    cli: /Hash mismatch/,
  },
];

for (const { what, flags, hashing, guessed, configured, cli } of SERIALIZATIONS) {
  test(`difference: ${what}: mlsign verifies both tools' signatures, model_signing few`, async (t) => {
    if (!(await available(t, PYTHON))) return;
    const shop = await workshop(t);
    const method = keyMethod(shop, "P-256");
    shop.write("m/a.bin", new Uint8Array(5000).fill(3));
    shop.write("m/b.bin", "b");
    await api(shop, apiSign(hashing));
    const at = ["m", "--signature", "model_signing.sig"];
    await shop.ok(NODE, [MLSIGN, "verify"], at, method.mlsign.verify);
    await signWith(shop, "mlsign", method, "m", flags);
    await shop.ok(NODE, [MLSIGN, "verify", "m", "--signature", "mlsign.sig"], method.mlsign.verify);

    await shop.refused(cli, ...readerOf(shop, "mlsign", method, "m"));
    for (const tool of TOOLS) {
      await expectApi(t, shop, apiVerify(tool), guessed[tool]);
      await expectApi(t, shop, apiVerify(tool, hashing), configured[tool]);
    }

    shop.write("m/b.bin", "c");
    await mlsignRefuses(t, shop, "file-changed", at, method.mlsign.verify);
  });
}

async function expectApi(
  t: ExecutionContext,
  shop: Workshop,
  body: string,
  refusal: RegExp | undefined,
): Promise<void> {
  if (refusal === undefined) {
    await t.notThrowsAsync(api(shop, body));
    return;
  }
  await t.throwsAsync(api(shop, body), { message: refusal });
}

test("the roots agree: mlsign's digest is the subject of model_signing's signature", async (t) => {
  if (!(await available(t, PYTHON))) return;
  const shop = await workshop(t);
  const method = keyMethod(shop, "P-256");
  cpSync(join(VECTORS, "oms/keys"), shop.path("m"), { recursive: true });
  await signWith(shop, "model_signing", method, "m");
  const { stdout } = await shop.ok(NODE, MLSIGN, "digest", "m");
  const { subject } = statementOf(shop.path("model_signing.sig"));
  t.true(stdout.includes(subject[0]?.digest.sha256 ?? "none"));
});

interface Statement {
  readonly subject: readonly { readonly name: string; readonly digest: { sha256: string } }[];
  readonly predicate: { readonly resources: readonly { readonly name: string }[] };
}

function statementOf(file: string): Statement {
  const bundle = JSON.parse(readFileSync(file, "utf8")) as { dsseEnvelope: { payload: string } };
  return JSON.parse(Buffer.from(bundle.dsseEnvelope.payload, "base64").toString()) as Statement;
}

function namesOf(statement: Statement | undefined): string[] {
  return statement?.predicate.resources.map(({ name }) => name) ?? [];
}
