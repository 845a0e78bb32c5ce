/** The wheel in a fresh virtual environment: trained with scikit-learn, signed, verified, tampered with, refused. */
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test from "ava";
import { run } from "../../scripts/peers.ts";
import { NODE, workshop } from "./cells.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "mlsign-python-"));
const PYTHON = join(folder, "venv/bin/python");

test.before("build the wheel, and install it with what trains", async () => {
  execFileSync(NODE, [join(ROOT, "scripts/wheel.ts"), folder], { stdio: "ignore" });
  const [wheel = ""] = globSync("*.whl", { cwd: folder });
  execFileSync("python3", ["-m", "venv", join(folder, "venv")]);
  // Its caches and the network are the user's own: only the environment is new.
  const install = ["-m", "pip", "install", "--quiet", join(folder, wheel), "scikit-learn==1.7.2"];
  const { code, stderr } = await run(PYTHON, install, { timeout: 600_000 });
  if (code !== 0) throw new Error(stderr);
});
test.after.always(() => rmSync(folder, { recursive: true, force: true }));

const PROGRAM = `
import json, pickle, subprocess, sys
import mlsign
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True)
with open("model.pkl", "wb") as file:
    pickle.dump(LogisticRegression(max_iter=500).fit(X, y), file)

said = {}
def outcome(name, act):
    try:
        said[name] = act()
    except mlsign.MlsignError as error:
        said[name] = [type(error).__name__, error.code, error.exit_code]

outcome("unsigned", lambda: mlsign.verify("model.pkl", key="k.pub"))
outcome("signed", lambda: mlsign.sign("model.pkl", key="k.key")["scan"]["allowed"])
outcome("verified", lambda: mlsign.verify("model.pkl", key="k.pub")["verdict"])
outcome("nobody", lambda: mlsign.verify("model.pkl"))
outcome("gone", lambda: mlsign.verify("gone.pkl", key="k.pub"))
outcome("flag", lambda: mlsign.verify("model.pkl", key="k.pub", nope=True))
outcome("unreachable", lambda: mlsign.sign("model.pkl", identity_token="secret", signing_config="c.json", trusted_root="c.json"))
with open("model.pkl", "ab") as file:
    file.write(b"!")
outcome("tampered", lambda: mlsign.verify("model.pkl", key="k.pub"))
import os
class Worse:
    def __reduce__(self):
        return (os.system, ("touch ran",))
with open("evil.pkl", "wb") as file:
    pickle.dump(Worse(), file)
outcome("evil", lambda: mlsign.sign("evil.pkl", key="k.key"))
outcome("dash", lambda: mlsign.verify("-model.pkl", key="k.pub"))
print(json.dumps(said))
`;

test("a model that scikit-learn trained is signed and verified from Python, and refused after tampering", async (t) => {
  const shop = await workshop(t);
  await shop.ok(join(folder, "venv/bin/mlsign"), "keygen", "--out", "k");
  const { stdout } = await shop.ok(PYTHON, "-c", PROGRAM);
  t.deepEqual(JSON.parse(stdout), {
    unsigned: ["Refused", "unsigned", 1],
    signed: 1,
    verified: "accepted",
    nobody: ["UsageError", "trust-missing", 2],
    gone: ["UsageError", "model-missing", 2],
    flag: ["UsageError", "usage", 2],
    unreachable: ["UsageError", "usage", 2],
    tampered: ["Refused", null, 1],
    evil: ["Refused", null, 1],
    dash: ["UsageError", "model-missing", 2],
  });
  await shop.ok("test", "!", "-e", "ran");
});

test("the wheel's program is started as a module, too, and passes its exit code on", async (t) => {
  const shop = await workshop(t);
  await shop.ok(PYTHON, "-m", "mlsign", "--version");
  await shop.refused(/no such model/, PYTHON, "-m", "mlsign", "verify", "gone", "--key", "k.pub");
});
