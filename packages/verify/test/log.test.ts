import {
  type BundleJson,
  type CheckpointOptions,
  generateKeys,
  logInstance,
  type Keys,
  type LogInstance,
  type LogStep,
  recoverKeys,
  sha,
  TransparencyLog,
} from "mlsign-test-sigstore";
import {
  accepts,
  type Edit,
  instance,
  MESSAGE,
  minutes,
  NOW,
  PAYLOAD,
  refuses,
  type Rule,
  type Side,
} from "./rules.ts";

const clock = (): Date => NOW;
const strangers = generateKeys();
const v2: Side = { signing: { logs: [{ log: 2 }] } };
const both: readonly (1 | 2)[] = [1, 2];

refuses({
  "an entry of an unknown log": {
    wrong: {
      signing: { logs: [{ log: new TransparencyLog(clock, { version: 1, host: "x.test" }) }] },
    },
    codes: ["log-entry"],
  },
  "an entry of an unknown Rekor v2 log with a known name": {
    right: v2,
    wrong: {
      signing: {
        logs: [{ log: new TransparencyLog(clock, { version: 2, host: "rekor2.sigstore.test" }) }],
      },
    },
    codes: ["log-entry"],
  },
  "a bad entry beside a good one": {
    right: { signing: { logs: [{ log: 1 }, { log: 2 }] } },
    wrong: { signing: { logs: [{ log: 1 }, { log: 2, checkpoint: { root: Buffer.alloc(32) } }] } },
    codes: ["log-entry"],
  },
  "one entry that is there twice": {
    wrong: { signing: { logs: [{ log: 2 }, { log: 2 }] } },
    codes: ["log-entry"],
  },
  "a promise by another key": {
    wrong: { signing: { logs: [{ log: 1, keys: strangers }] } },
    codes: ["log-entry"],
  },
  "an index that its promise does not sign for": {
    wrong: { edit: entry((one) => (one.logIndex = "1")) },
    codes: ["log-entry"],
  },
  "a time that its promise does not sign for": {
    wrong: { edit: entry((one) => (one.integratedTime = String(Number(one.integratedTime) + 1))) },
    codes: ["log-entry"],
  },
  ...perLog("a checkpoint by another key", { keys: strangers }),
  ...perLog("a checkpoint with another name", { name: "rekor.example" }),
  ...perLog("a checkpoint with another key hint", { hint: Buffer.alloc(4) }),
  ...perLog("a checkpoint with another root", { root: Buffer.alloc(32) }),
  ...perLog("a checkpoint of another size", { size: 3 }),
  ...perLog("a checkpoint of another log under the same key", { origin: "rekor3.sigstore.test" }),
  ...perLog("a checkpoint whose origin only begins like the log's", {
    origin: "rekor2.sigstore.test.example",
  }),
  ...perProof("a proof for another place in the tree", (proof) => (proof.logIndex = "0")),
  ...perProof("a proof with a hash too many", (proof) => proof.hashes.push(proof.hashes[0]!)),
  ...perProof("a proof with a hash too few", (proof) => proof.hashes.pop()),
  ...perProof("a proof with another hash", (proof) => {
    proof.hashes[0] = Buffer.alloc(32).toString("base64");
  }),
  ...perProof("a proof that contradicts its checkpoint's root", (proof) => {
    proof.rootHash = Buffer.alloc(32).toString("base64");
  }),
  ...perProof("a proof that contradicts its checkpoint's size", (proof) => {
    proof.treeSize = String(Number(proof.treeSize) + 1);
  }),
  ...perProof("a checkpoint without a signature", (proof) => {
    proof.checkpoint.envelope = proof.checkpoint.envelope.split("\u2014")[0]!;
  }),
  "a body for another signature": perBody({ signature: Buffer.from("other") }),
  "a body for another digest (Rekor v1)": perBody({ digest: sha("other") }),
  "a body for another digest (Rekor v2)": perBody({ digest: sha("other") }, 2),
  "a body of another kind than the entry says": {
    wrong: { edit: entry((one) => (one.kindVersion.kind = "intoto")) },
    codes: ["log-entry"],
  },
  "a body of an unknown version": {
    wrong: {
      signing: { logs: [{ log: 1, body: (own) => ({ ...(own as object), apiVersion: "0.0.9" }) }] },
    },
    codes: ["log-entry"],
  },
  "a body of an unknown kind": {
    wrong: {
      signing: { logs: [{ log: 1, body: (own) => ({ ...(own as object), kind: "rekord" }) }] },
    },
    codes: ["log-entry"],
  },
  "a body that is not JSON": {
    wrong: {
      signing: { logs: [{ log: 1, body: Buffer.from("<html>") }] },
      edit: entry((one) => (one.kindVersion = { kind: "dsse", version: "0.0.1" })),
    },
    codes: ["log-entry"],
  },
  "a body with a key that is there twice": {
    wrong: {
      signing: {
        logs: [
          {
            log: 1,
            body: (own) => Buffer.from(JSON.stringify(own).replace("{", '{"kind":"rekord",')),
          },
        ],
      },
    },
    codes: ["log-entry"],
  },
  "a body for another key (Rekor v1)": perBody({ verifier: { publicKey: strangers.publicKey } }),
  "a body for another key (Rekor v2)": perBody({ verifier: { publicKey: strangers.publicKey } }, 2),
  "a log key that had retired before the signature (Rekor v1)": {
    right: { root: endOf(0, NOW) },
    wrong: { root: endOf(0, minutes(-1)) },
    codes: ["log-entry"],
  },
  "a log key that had retired before the signature (Rekor v2)": {
    right: { ...v2, root: endOf(1, NOW) },
    wrong: { root: endOf(1, minutes(-1)) },
    codes: ["log-entry"],
  },
  "a log key that was not in use yet": {
    right: { ...v2, root: startOf(1, NOW) },
    wrong: { root: startOf(1, minutes(1)) },
    codes: ["log-entry"],
  },
  "a log key without a start": {
    right: v2,
    wrong: { root: (root) => delete root.tlogs[1]!.publicKey.validFor.start },
    codes: ["log-entry"],
  },
  "no log entry where one is required": {
    right: { options: { requireLog: true } },
    wrong: { signing: { logs: [] } },
    codes: ["log-entry"],
  },
});

refuses({
  "no log entry": {
    methods: ["keyless"],
    contents: [PAYLOAD],
    wrong: { signing: { logs: [] } },
    codes: ["log-entry"],
  },
  "a retired log key where only the clock tells the time": {
    methods: ["key"],
    right: { root: endOf(1, NOW), signing: { ...v2.signing, timestamps: [] } },
    wrong: { options: { now: minutes(1) } },
    codes: ["log-entry"],
  },
  "an entry for the bare key of the certificate": {
    methods: ["keyless", "certificate"],
    ...withKeys(({ publicKey }) => ({ publicKey })),
  },
  "an entry for another certificate of the same key": {
    methods: ["keyless", "certificate"],
    ...withKeys(({ publicKey }) => ({ certificate: instance.authority.issue(publicKey).der })),
  },
  "a body for another key that the signature verifies under": {
    methods: ["key"],
    ...withKeys(({ publicKey }) => (digest, signature) => {
      const keys = recoverKeys(publicKey, digest, signature);
      return { publicKey: keys.find((key) => !key.equals(publicKey))! };
    }),
  },
  "an entry for a certificate of the key": {
    methods: ["key"],
    ...withKeys(({ publicKey }) => ({ certificate: instance.authority.issue(publicKey).der })),
  },
  "an entry that nobody checked where one is required": {
    methods: ["key", "certificate"],
    contents: [PAYLOAD],
    right: { options: { requireLog: true } },
    wrong: {
      trust: (trust) => {
        if (trust.method === "keyless") return trust;
        const { trustedRoot: _, ...rest } = trust;
        return rest;
      },
    },
    codes: ["log-entry"],
  },
});

accepts({
  "an entry of each log": { signing: { logs: [{ log: 1 }, { log: 2 }] } },
  "an entry whose promise was taken away, beside a timestamp": {
    signing: { logs: [{ log: 1, promise: false }] },
  },
  "an entry of Rekor v2 with cosignatures": {
    signing: {
      logs: [{ log: 2, checkpoint: { cosigners: [{ name: "w.example", keys: strangers }] } }],
    },
  },
  "an entry for a message (Rekor v2)": { ...v2, content: MESSAGE },
  "a log whose URL has a port": { root: (root) => (root.tlogs[0]!.baseUrl += ":8443") },
  "a log that is named by 4 bytes in the trusted root": {
    ...v2,
    root: ({ tlogs }) => {
      const [, log] = tlogs as (LogInstance & { checkpointKeyId?: { keyId: string } })[];
      const id = Buffer.from(log!.logId.keyId, "base64").subarray(0, 4);
      log!.checkpointKeyId = { keyId: id.toString("base64") };
    },
  },
  "one of two logs of one operator": {
    ...v2,
    root: (root) => {
      const other = new TransparencyLog(clock, { version: 2, host: "rekor2.sigstore.test" });
      root.tlogs.push(logInstance(other, instance.validFor));
    },
  },
});

function perLog(name: string, checkpoint: CheckpointOptions): Record<string, Rule> {
  const rule = (log: 1 | 2): Rule => {
    const keys = log === 2 && checkpoint.keys ? generateKeys("ed25519") : checkpoint.keys;
    const wrong = { ...checkpoint, ...(keys && { keys }) };
    const right = { signing: { logs: [{ log }] } };
    return {
      right,
      wrong: { signing: { logs: [{ log, checkpoint: wrong }] } },
      codes: ["log-entry"],
    };
  };
  return Object.fromEntries(both.map((log) => [`${name} (Rekor v${log})`, rule(log)]));
}

function perProof(
  name: string,
  change: (proof: NonNullable<Entry["inclusionProof"]>) => unknown,
): Record<string, Rule> {
  const edit = entry((one) => change(one.inclusionProof!));
  const rule = (log: 1 | 2): Rule => {
    return { right: { signing: { logs: [{ log }] } }, wrong: { edit }, codes: ["log-entry"] };
  };
  return Object.fromEntries(both.map((log) => [`${name} (Rekor v${log})`, rule(log)]));
}

function perBody(step: object, log: 1 | 2 = 1): Rule {
  return {
    right: { signing: { logs: [{ log }] } },
    wrong: { signing: { logs: [{ log, ...step }] } },
    codes: ["log-entry"],
  };
}

type Verifier = NonNullable<LogStep["verifier"]>;

/** One key for both sides, so that the entry can name it in another way. */
function withKeys(verifier: (keys: Keys) => Verifier): Pick<Rule, "right" | "wrong" | "codes"> {
  const keys = generateKeys();
  return {
    right: { signing: { keys, logs: [{ log: 2 }] } },
    wrong: { signing: { keys, logs: [{ log: 2, verifier: verifier(keys) }] } },
    codes: ["log-entry"],
  };
}

type Entry = BundleJson["verificationMaterial"]["tlogEntries"][number];

function entry(change: (entry: Entry) => unknown): Edit {
  return (bundle) => {
    change(bundle.verificationMaterial.tlogEntries[0]!);
  };
}

function endOf(log: number, at: Date): NonNullable<Side["root"]> {
  return (root) => (root.tlogs[log]!.publicKey.validFor.end = at.toISOString());
}

function startOf(log: number, at: Date): NonNullable<Side["root"]> {
  return (root) => (root.tlogs[log]!.publicKey.validFor.start = at.toISOString());
}
