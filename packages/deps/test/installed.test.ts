import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Finding } from "@mlsign/core";
import { checkFile, verifyInstalled } from "@mlsign/deps";
import test, { type ExecutionContext } from "ava";
import { temporary, write } from "./files.ts";
import { row, wheel } from "./zip.ts";

const FILES = {
  "pkg/__init__.py": "x = 1\n",
  "pkg/data.bin": "\0\x01",
  "pkg-1.0.data/purelib/top.py": "y = 2\n",
  "pkg-1.0.data/scripts/tool": "#!python\nprint(1)\n",
  "pkg-1.0.data/data/share/pkg/a.txt": "a\n",
  "pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\nrun = pkg.cli:main\n",
};
const PKG = wheel("pkg", "1.0", FILES);
const INFO = "pkg-1.0.dist-info";
const LAUNCHER =
  "#!/venv/bin/python\nimport sys\nfrom pkg.cli import main\nif __name__ == '__main__':\n    sys.argv[0] = sys.argv[0].removesuffix('.exe')\n    sys.exit(main())\n";

/** What an installer leaves, in `lib/python3.12/site-packages` below a prefix. */
const INSTALLED: Readonly<Record<string, string>> = {
  "pkg/__init__.py": FILES["pkg/__init__.py"],
  "pkg/data.bin": FILES["pkg/data.bin"],
  "top.py": "y = 2\n",
  "../../../bin/tool": "#!/venv/bin/python\nprint(1)\n",
  "../../../bin/run": LAUNCHER,
  "../../../share/pkg/a.txt": "a\n",
  [`${INFO}/METADATA`]: "Metadata-Version: 2.1\nName: pkg\nVersion: 1.0\n",
  [`${INFO}/WHEEL`]: "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
  [`${INFO}/entry_points.txt`]: FILES["pkg-1.0.dist-info/entry_points.txt"],
  [`${INFO}/RECORD`]: "",
  [`${INFO}/INSTALLER`]: "pip\n",
  [`${INFO}/REQUESTED`]: "",
  [`${INFO}/direct_url.json`]: "{}",
};

const CLEAN = [
  "wheel-match pass: 1 wheels have a pinned hash",
  "installed-match pass: 8 installed files are those of a pinned wheel",
];

test("`verifyInstalled()` accepts what was installed from pinned wheels", async (t) => {
  t.deepEqual(await verify(t), CLEAN);
});

for (const [installer, launcher] of [
  [
    "Poetry",
    `#!/venv/bin/python\n# -*- coding: utf-8 -*-\nimport re\nimport sys\nfrom pkg.cli import main\nif __name__ == "__main__":\n    sys.argv[0] = re.sub(r"(-script\\.pyw|\\.exe)?$", "", sys.argv[0])\n    sys.exit(main())\n`,
  ],
  ["nobody", undefined],
] as const) {
  test(`\`verifyInstalled()\` accepts the launcher that ${installer} makes`, async (t) => {
    const found = await verify(t, (site) => {
      if (launcher === undefined) rmSync(join(site, "../../../bin/run"));
      else writeFileSync(join(site, "../../../bin/run"), launcher);
    });
    t.deepEqual(found, CLEAN);
  });
}

/** [what, how, expected beside what passes] */
const TAMPERED: readonly (readonly [string, (site: string) => void, readonly RegExp[]])[] = [
  [
    "a changed module",
    (site) => writeFileSync(join(site, "pkg/__init__.py"), "import evil\n"),
    [/^installed-match fail: pkg\/__init__\.py is not the file of the wheel$/],
  ],
  [
    "a changed module whose RECORD was rewritten",
    (site) => {
      writeFileSync(join(site, "pkg/__init__.py"), "import evil\n");
      writeFileSync(join(site, INFO, "RECORD"), row("pkg/__init__.py", "import evil\n"));
    },
    [/^installed-match fail: pkg\/__init__\.py is not .*, and RECORD was rewritten to hide it$/],
  ],
  [
    "a module that is gone",
    (site) => rmSync(join(site, "top.py")),
    [/^installed-match fail: top\.py is missing$/],
  ],
  [
    "changed metadata",
    (site) => writeFileSync(join(site, INFO, "entry_points.txt"), "[console_scripts]\n"),
    [/^installed-match fail: pkg-1\.0\.dist-info\/entry_points\.txt is not/],
  ],
  [
    "a changed script",
    (site) => writeFileSync(join(site, "../../../bin/tool"), "#!/venv/bin/python\nprint(2)\n"),
    [/^installed-match fail: \.\.\/\.\.\/\.\.\/bin\/tool is not/],
  ],
  [
    "a generated launcher that does more",
    (site) => writeFileSync(join(site, "../../../bin/run"), `${LAUNCHER}import evil\n`),
    [
      /^installed-match fail: \.\.\/\.\.\/\.\.\/bin\/run is not the file of the wheel: it is not the launcher of pkg\.cli:main/,
    ],
  ],
  [
    "a launcher that is a link",
    (site) => {
      rmSync(join(site, "../../../bin/run"));
      symlinkSync("tool", join(site, "../../../bin/run"));
    },
    [/^installed-match fail: .*bin\/run is not the file of the wheel: it is no regular file$/],
  ],
  [
    "files that run at every start",
    (site) => write(site, { "evil.pth": "import evil", "sitecustomize.py": "" }),
    [
      /^installed-unowned fail: evil\.pth belongs to no pinned package, and Python runs it at every start$/,
      /^installed-unowned fail: sitecustomize\.py .* at every start$/,
    ],
  ],
  [
    "a stray module, also inside a package and its .dist-info",
    (site) => write(site, { "stray.py": "", "pkg/extra.so": "", [`${INFO}/x`]: "" }),
    [
      /fail: pkg-1\.0\.dist-info\/x belongs/,
      /fail: pkg\/extra\.so belongs/,
      /fail: stray\.py belongs/,
    ],
  ],
  [
    "a RECORD that claims strays",
    (site) => {
      write(site, { "stray.py": "" });
      writeFileSync(join(site, INFO, "RECORD"), row("stray.py", ""));
    },
    [/fail: stray\.py belongs/],
  ],
  [
    "compiled files: of an owned source they warn, others are strays",
    (site) =>
      write(site, {
        "pkg/__pycache__/__init__.cpython-312.pyc": "",
        "pkg/__pycache__/__init__.cpython-312.opt-1.pyc": "",
        "pkg/__pycache__/other.cpython-312.pyc": "",
        "sourceless.pyc": "",
      }),
    [
      /fail: pkg\/__pycache__\/other\.cpython-312\.pyc belongs/,
      /fail: sourceless\.pyc belongs/,
      /^installed-unowned fail warning: 2 compiled files cannot be verified/,
    ],
  ],
  [
    "a module that is a link",
    (site) => {
      rmSync(join(site, "top.py"));
      writeFileSync(join(site, "../target.py"), "y = 2\n");
      symlinkSync("../target.py", join(site, "top.py"));
    },
    [
      /^installed-match fail: top\.py is not the file of the wheel: .*ELOOP/,
      /^installed-unowned fail: top\.py .* is a link$/,
    ],
  ],
  [
    "a package behind a linked directory",
    (site) => {
      cpSync(join(site, "pkg"), join(site, "../elsewhere"), { recursive: true });
      rmSync(join(site, "pkg"), { recursive: true });
      symlinkSync("../elsewhere", join(site, "pkg"));
    },
    [/^installed-unowned fail: pkg belongs .* is a link$/],
  ],
  [
    "a distribution without a pin",
    (site) =>
      write(site, {
        "other.py": "",
        "other-2.0.dist-info/METADATA": "",
        "other-2.0.dist-info/RECORD": row("other.py", ""),
      }),
    [/^installed-unowned fail: other 2\.0 is installed, and no pin names it$/],
  ],
  [
    "another version than the pinned one",
    (site) => {
      cpSync(join(site, INFO), join(site, "pkg-1.1.dist-info"), { recursive: true });
      rmSync(join(site, INFO), { recursive: true });
    },
    [/installed-unowned fail: pkg 1\.1 is installed/, /fail: /, /fail: /, /fail: /],
  ],
];

for (const [what, tamper, expected] of TAMPERED) {
  test(`\`verifyInstalled()\` tells ${what}`, async (t) => {
    const failures = (await verify(t, tamper)).filter((line) => !line.includes(" pass: "));
    t.is(failures.length, expected.length, failures.join("\n"));
    for (const pattern of expected)
      t.true(
        failures.some((line) => pattern.test(line)),
        String(pattern),
      );
  });
}

test("`verifyInstalled()` proves nothing without the wheels", async (t) => {
  const { site, pins } = install(t);
  const findings = await verifyInstalled({ pins, sitePackagesDir: site });
  t.deepEqual(told(findings).slice(0, 1), [
    "installed-match unknown: pkg 1.0 is pinned, but there is no pinned wheel to compare it with",
  ]);
});

test("`verifyInstalled()` lets named projects be without a pin, but not their .pth files", async (t) => {
  const { site, pins, house } = install(t);
  write(site, {
    "pip/__init__.py": "",
    "hook.pth": "import os",
    "pip-26.3.dist-info/RECORD": row("pip/__init__.py", "") + row("hook.pth", "import os"),
  });
  const findings = await verifyInstalled({
    pins,
    sitePackagesDir: site,
    wheelhouseDir: house,
    allowUnpinned: ["PIP"],
  });
  t.deepEqual(
    told(findings).filter((line) => !line.includes(" pass: ")),
    [
      "installed-unowned fail note: pip 26.3 is installed without a pin, as allowed; its files were not verified",
      "installed-unowned fail: hook.pth belongs to no pinned package, and Python runs it at every start",
    ],
  );
});

test("`verifyInstalled()` knows generated launchers in the site of `pip install --target`", async (t) => {
  const { site, pins, house } = install(t);
  const verified = async (): Promise<string[]> =>
    told(await verifyInstalled({ pins, sitePackagesDir: site, wheelhouseDir: house }));
  write(site, { "bin/run": LAUNCHER });
  t.deepEqual(
    (await verified()).filter((line) => !line.includes(" pass: ")),
    [],
  );
  write(site, { "bin/run": LAUNCHER.replace("import sys\n", "import sys, evil\n") });
  t.deepEqual(
    (await verified()).filter((line) => !line.includes(" pass: ")),
    ["installed-unowned fail: bin/run belongs to no pinned package"],
  );
});

async function verify(t: ExecutionContext, tamper?: (site: string) => void): Promise<string[]> {
  const { site, pins, house } = install(t);
  tamper?.(site);
  return told(await verifyInstalled({ pins, sitePackagesDir: site, wheelhouseDir: house }));
}

function install(t: ExecutionContext): {
  site: string;
  house: string;
  pins: ReturnType<typeof checkFile>["entries"];
} {
  const directory = temporary(t);
  const site = join(directory, "venv/lib/python3.12/site-packages");
  mkdirSync(dirname(site), { recursive: true });
  write(site, INSTALLED);
  const house = write(join(directory, "house"), { [PKG.filename]: PKG.bytes });
  t.is(readFileSync(join(site, "top.py"), "utf8"), "y = 2\n");
  const text = `pkg==1.0 --hash=sha256:${PKG.sha256}\n`;
  return { site, house, pins: checkFile("requirements.txt", Buffer.from(text)).entries };
}

function told(findings: readonly Finding[]): string[] {
  return findings.map(({ code, outcome, severity, message }) => {
    const mark = outcome === "fail" && severity !== "error" ? ` ${severity}` : "";
    return `${code} ${outcome}${mark}: ${message}`;
  });
}
