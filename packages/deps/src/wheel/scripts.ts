/** Whether an installed script is a wheel's, but for the line that names the interpreter. */
export function isRewritten(original: Buffer, installed: Buffer): boolean {
  if (!/^#!pythonw?[ \t]*\r?\n/.test(original.toString("latin1", 0, 80))) return false;
  return afterShebang(original).equals(afterShebang(installed));
}

/**
 * Whether a script is the launcher that pip, uv or Poetry generates for `module:object`. Nothing but the
 * interpreter's path is free, and that is the caller's environment.
 */
export function isLauncher(script: Buffer, target: string): boolean {
  const [module, object] = target.split(":") as [string, string];
  const [name] = object.split(".");
  const body = afterShebang(script)
    .toString("utf8")
    .replace(/^# -\*- coding: utf-8 -\*-\n/, "");
  return TEMPLATES.some(
    (template) =>
      body.trimEnd() ===
      template
        .replaceAll("MODULE", () => module)
        .replaceAll("NAME", () => name as string)
        .replaceAll("OBJECT", () => object),
  );
}

/** Without `#!…`, or the two lines of shell that stand for a path that is too long or has spaces. */
function afterShebang(script: Buffer): Buffer {
  const text = script.toString("latin1");
  const match = /^#!\/bin\/sh\n'''exec' [^\n]*\n' '''\n|^#![^\n]*\n/.exec(text);
  return script.subarray(match?.[0].length ?? 0);
}

const TEMPLATES: readonly string[] = [
  // pip, distlib
  `import re
import sys
from MODULE import NAME
if __name__ == '__main__':
    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])
    sys.exit(OBJECT())`,
  // pip 25 and later
  `import sys
from MODULE import NAME
if __name__ == '__main__':
    if sys.argv[0].endswith('.exe'):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit(OBJECT())`,
  `import sys
from MODULE import NAME
if __name__ == '__main__':
    sys.argv[0] = sys.argv[0].removesuffix('.exe')
    sys.exit(OBJECT())`,
  // Poetry and PDM, by way of installer
  `import re
import sys
from MODULE import NAME
if __name__ == "__main__":
    sys.argv[0] = re.sub(r"(-script\\.pyw|\\.exe)?$", "", sys.argv[0])
    sys.exit(OBJECT())`,
  // uv
  `import sys
from MODULE import NAME
if __name__ == "__main__":
    if sys.argv[0].endswith("-script.pyw"):
        sys.argv[0] = sys.argv[0][:-11]
    elif sys.argv[0].endswith(".exe"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit(OBJECT())`,
];
