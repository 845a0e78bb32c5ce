import { checkFile } from "@mlsign/deps";
import test from "ava";
import { H, SHA512 } from "./verdicts.ts";

const COUNT = 50_000;

/** Lock files of 50,000 entries. */
const FILES: readonly (readonly [string, () => string])[] = [
  [
    "requirements.txt",
    () =>
      `--only-binary :all:\n${repeat((i) => `p${i}==1.0 \\\n    --hash=sha256:${H} \\\n    --hash=sha256:${H}\n    # via x\n`)}`,
  ],
  [
    "pylock.toml",
    () =>
      `lock-version = "1.0"\n${repeat((i) => `[[packages]]\nname = "p${i}"\nversion = "1"\nwheels = [{url = "https://x/p.whl", hashes = {sha256 = "${H}"}}]\n`)}`,
  ],
  [
    "uv.lock",
    () =>
      `version = 1\n${repeat((i) => `[[package]]\nname = "p${i}"\nversion = "1"\nsource = { registry = "x" }\nwheels = [\n  { url = "https://x/p.whl", hash = "sha256:${H}", size = 1 },\n]\n`)}`,
  ],
  [
    "poetry.lock",
    () =>
      repeat(
        (i) =>
          `[[package]]\nname = "p${i}"\nversion = "1"\nfiles = [\n  {file = "p.whl", hash = "sha256:${H}"},\n]\n`,
      ),
  ],
  [
    "Pipfile.lock",
    () =>
      JSON.stringify(
        {
          _meta: {},
          default: Object.fromEntries(
            Array.from({ length: COUNT }, (_, i) => [
              `p${i}`,
              { hashes: [`sha256:${H}`], version: "==1" },
            ]),
          ),
        },
        null,
        2,
      ),
  ],
  [
    "conda-lock.yml",
    () =>
      `package:\n${repeat((i) => `- name: p${i}\n  version: '1'\n  manager: conda\n  platform: linux-64\n  dependencies:\n    python: '>=3.8'\n  url: https://x/p.conda\n  hash:\n    md5: ${H.slice(32)}\n    sha256: ${H}\n  category: main\n`)}`,
  ],
  [
    "package-lock.json",
    () =>
      JSON.stringify(
        {
          lockfileVersion: 3,
          packages: Object.fromEntries(
            Array.from({ length: COUNT }, (_, i) => [
              `node_modules/p${i}`,
              {
                version: "1.0.0",
                resolved: "https://r/p.tgz",
                integrity: SHA512,
                engines: { node: ">=8" },
              },
            ]),
          ),
        },
        null,
        2,
      ),
  ],
  [
    "pnpm-lock.yaml",
    () =>
      `lockfileVersion: '9.0'\n\npackages:\n${repeat((i) => `\n  p${i}@1.0.0:\n    resolution: {integrity: ${SHA512}}\n    engines: {node: '>=8'}\n`)}\nsnapshots:\n${repeat((i) => `\n  p${i}@1.0.0:\n    dependencies:\n      q: 1.0.0\n`)}`,
  ],
  [
    "yarn.lock",
    () =>
      `# yarn lockfile v1\n\n${repeat((i) => `p${i}@^1.0.0:\n  version "1.0.0"\n  resolved "https://r/p.tgz"\n  integrity ${SHA512}\n  dependencies:\n    q "^1"\n\n`)}`,
  ],
  [
    "yarn.lock",
    () =>
      `__metadata:\n  version: 8\n\n${repeat((i) => `"p${i}@npm:^1.0.0":\n  version: 1.0.0\n  resolution: "p${i}@npm:1.0.0"\n  checksum: 10c0/${"ab".repeat(64)}\n  linkType: hard\n\n`)}`,
  ],
];

for (const [file, make] of FILES) {
  const text = make();
  const kind = text.startsWith("__metadata") ? `${file} of Yarn 4` : file;
  test.serial(`\`checkFile()\` judges a ${kind} of ${COUNT} entries within three seconds`, (t) => {
    const bytes = Buffer.from(text);
    // Of this thread alone: other tests run meanwhile, and a wall clock would time them too.
    const started = process.threadCpuUsage();
    const { entries, findings } = checkFile(file, bytes);
    const { user, system } = process.threadCpuUsage(started);
    const took = (user + system) / 1000;
    t.log(`${(bytes.length / 1e6).toFixed(0)} MB in ${took.toFixed(0)} ms`);
    t.is(entries.length, COUNT);
    t.deepEqual([...new Set(findings.map(({ outcome }) => outcome))], ["pass"]);
    t.is(entries.at(-1)?.name, `p${COUNT - 1}`);
    t.not(entries.at(-1)?.location.line, undefined);
    t.true(took < 3000, `${took} ms`);
  });
}

function repeat(make: (index: number) => string): string {
  return Array.from({ length: COUNT }, (_, index) => make(index)).join("");
}
