"""Records what pip's own parser makes of generated requirements files.

    python3 packages/deps/test/record-pip.py OLD_PIP_DIR NEW_PIP_DIR > fixtures/deps/pip.json

test/interop/requirements.test.ts does it anew, and compares.
OLD_PIP_DIR and NEW_PIP_DIR hold a `pip` package each (`pip install --target DIR --no-deps pip==23.2.1`);
`-` is the pip of this Python. The output does not depend on anything else: the seed is fixed. A file is
recorded as text (latin-1 of its bytes); per version an outcome is a list of lines, or of the lines before
pip stopped and "E". A line is [number, requirement, options, constructor], and is written
once where both versions agree.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

SEED = 20261124
COUNT = 1400
H = "a" * 64
G = "0123456789abcdef" * 4


def generate(rng):
    names = ["p", "Foo.Bar", "a-b_c", "torch", "p[x]", "p[x,y]", "p [x]", "p[]", "-x", "é"]
    specs = ["==1.0", "==1.0", "==1.0", "===1.0", ">=1.0", "==1.*", "~=1.0", "", " == 1.0", "(==1.0)", "==1.0,>=0.5",
             "==1.0,", "=1.0", "==1.0rc1", "==1.0+cpu", "==v1", "!=1.*", "~=1", "<2.0+x", "==1!2", "==1.0 , !=2"]
    markers = ["", "", "", "", "; python_version<'3'", " ; sys_platform == \"win32\"", ";extra=='x' and (os_name!='nt')",
               "; python_version", "; 'a' in platform_machine", ";", "; foo == 'x'", "; python_version not in '2.7'",
               "; (python_version < '3' or os.name=='x')"]
    hashes = [f"--hash=sha256:{H}", f"--hash sha256:{H}", f"--hash=sha512:{H}{H}", f"--hash=md5:{H[:32]}",
              f"--hash=SHA256:{H}", f"--hash=sha256:{H.upper()}", "--hash=sha256:zz", "--hash=sha256", "--hash",
              f"--has=sha256:{H}", f"--ha sha256:{H}", f"--h=sha256:{H}", f"'--hash=sha256:{H}'", f"--hash='sha256:{H}'",
              f"--hash=\"sha256:{H}\"", f"--hash=sha256:{H}#x", f"--hash=sha256:{H} #x", f"--hash=sha256:{G}",
              "--hash=sha256:${HASH}", "--hash=sha256:${UNSET}", f"--hash=sha384:{G}{G[:32]}", f"-hash=sha256:{H}",
              f"--hash=sha256:{H};x", f"--hash=sha1:{H[:40]}"]
    urls = [f"https://x.org/p-1.0-py3-none-any.whl#sha256={H}", f"p @ https://x.org/p.zip#sha256={H}", "p @ https://x.org/p.tgz#md5=00",
            f"p@https://x.org/a;b.whl#sha1={H[:40]}", "./p-1.0-py3-none-any.whl", "p-1.0.tar.gz", "./dir", "../up/", "git+https://x.org/p@" + H[:40],
            "git+https://x.org/p.git@main#egg=p", "p @ git+ssh://git@x.org/p@" + H[:40], "https://x.org/p.tar.gz ; python_version<'3'",
            "https://x.org/p.tar.gz; python_version<'3'", "bad.whl", "./x y.zip", "p @ ./q.zip", "file:///x/p.zip", "file:./p.zip",
            "https://x.org/p.zip#egg=p&sha256=" + H, "https://x.org/p.zip#egg=p[x]&sha256=" + H + "&md5=1", "svn+https://x.org/p@12#egg=p", "HTTPS://x.org/p.whl",
            "https://x.org/p-1-py3-none-any.whl#sha512=1", "p-1.0-py3-none-any.whl[x]", "p @", "p @ https://x.org/p.zip x"]
    options = ["-i https://x.org", "--index-url=https://x.org", "--index http://x", "--extra-index-url https://y", "--no-index",
               "--no-i", "-e .", "-e git+https://x.org/p@main#egg=p", "-e./d", "--editable=.", "-f ./wheels", "--find-links https://x",
               "--only-binary :all:", "--only-binary=:all:", "--no-binary :all:", "--no-binary=p,q", "--no-b -x", "--prefer-binary", "--require-hashes",
               "--require", "--req x.txt", "--require-h", "--no-require-hashes", "--no-require", "--pre", "--pr", "--trusted-host x", "--use-feature=truststore", "--use-feature=build-constraint",
               "--use-feature fast-deps", "--use-feature=zz", "--global-option=x", "--config-settings=a=b", "-C a=b", "-C ab", "--config-settings x", "--pre=x", "--unknown", "-x",
               "-", "--", "-- x", "--all-releases :all:", "--only-final p", "--pypi-url=x", "word", "; x", "-q", "-ihttps://x", "-rx.txt", "--only", "--no"]
    ends = ["\n"] * 10 + ["\r\n", "\r", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", " \\\n", "\\\n", "\\\r\n", " \\ \n", " \\\n# c\n", " \\\n  # c\n", " \\\n\n", "\\\\\n", "\\\n#c\\\n", "\\\n \\\n"]
    gaps = [" "] * 8 + ["  ", "\t", " \\\n    ", " \\\n\t", "\\\n", "", "\u00a0", " \\\n# c\n  ", " \\\n  #c\n", "\\\n  ", " \\ \n  ", "\ufeff", "\x1f"]
    comments = ["", "", "", "", "# c", " # c", "#c \\", "\t#c", "x#c", "\u2003# c", "\x1f#c", "# --hash=sha256:" + H]
    out = []
    for _ in range(rng.randint(1, 4)):
        kind = rng.random()
        if kind < 0.55:
            line = rng.choice(names[:8] if rng.random() < 0.93 else names) + (rng.choice(specs[:4]) if rng.random() < 0.5 else rng.choice(specs)) + rng.choice(markers)
        elif kind < 0.72:
            line = rng.choice(urls)
        elif kind < 0.9:
            line = rng.choice(options)
        else:
            line = rng.choice(comments) or "${NAME}==1.0"
        for _ in range(rng.choice([0, 0, 1, 1, 1, 2])):
            line += rng.choice(gaps) + (rng.choice(hashes[:3]) if rng.random() < 0.6 else rng.choice(hashes))
        if rng.random() < 0.12:
            line += rng.choice(gaps) + rng.choice(options)
        if rng.random() < 0.05:
            line += rng.choice(markers)
        if rng.random() < 0.06:
            line += rng.choice(["'", '"', "\\", "\\x", "''", '"a b"', "\\ "])
        if rng.random() < 0.15:
            line += rng.choice(comments)
        out.append(line + rng.choice(ends))
    text = "".join(out)
    if rng.random() < 0.04:
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice(["\x00", "\u200b", "'", "\\", "#", " ", "\u3000", "\x7f"]) + text[at:]
    return encode(text, rng)


def encode(text, rng):
    kind = rng.random()
    if kind < 0.90:
        return text.encode("utf-8", "surrogatepass")
    if kind < 0.92:
        return b"\xef\xbb\xbf" + text.encode()
    if kind < 0.93:
        return b"\xff\xfe" + text.encode("utf-16-le")
    if kind < 0.94:
        return b"\xfe\xff" + text.encode("utf-16-be")
    if kind < 0.97:
        return b"# -*- coding: latin-1 -*-\n" + text.encode("latin-1", "replace")
    if kind < 0.98:
        return b"\n# vim: set fileencoding=utf-8 :\n" + text.encode()
    if kind < 0.99:
        return b"#coding=ascii\n" + text.encode()
    return text.encode() + b"\xff\n"


def record(data):
    """Runs in a process that has one pip on its path."""
    from pip._internal.exceptions import PipError
    from pip._internal.req import req_file
    from pip._internal.req.constructors import install_req_from_line

    with open("r.txt", "wb") as file:
        file.write(data)
    parser = req_file.RequirementsFileParser(None, req_file.get_line_parser(None))
    lines = []
    try:
        for line in parser._parse_file("r.txt", False):
            lines.append([line.lineno, getattr(line, "args", None) if hasattr(line, "args") else args_of(line), options_of(line.opts), None])
            text = lines[-1][1]
            if text:
                try:
                    parts = install_req_from_line(text)
                    lines[-1][3] = [parts.req.name if parts.req else None,
                                    [parts.link.hash_name, parts.link.hash] if parts.link and parts.link.hash else None]
                except Exception:
                    lines[-1][3] = "E"
    except (PipError, UnicodeError, LookupError, ValueError):
        lines.append("E")
    return lines


def args_of(line):
    # pip 23 keeps the requirement only; an editable one is told apart by its option.
    if not line.is_requirement or line.is_editable:
        return ""
    return line.requirement


def options_of(opts):
    found = {}
    for dest in ("hashes", "requirements", "constraints", "editables", "find_links", "extra_index_urls", "index_url", "trusted_hosts", "config_settings"):
        if getattr(opts, dest, None):
            found[dest] = getattr(opts, dest)
    for dest in ("no_index", "pre", "require_hashes", "no_require_hashes", "prefer_binary"):
        if getattr(opts, dest, None):
            found[dest] = 1
    return found


def worker():
    os.environ.clear()
    os.environ.update(HASH=H, NAME="p")
    import locale
    locale.getpreferredencoding = lambda *_: "UTF-8"
    if sys.argv[2] != "-":
        sys.path.insert(0, sys.argv[2])
    import logging
    logging.disable(logging.CRITICAL)
    import warnings
    warnings.simplefilter("ignore")
    sys.stderr = open(os.devnull, "w")
    import pip
    files = [f.encode("latin-1") for f in json.load(sys.stdin)]
    os.chdir(tempfile.mkdtemp())
    json.dump({"version": pip.__version__, "outcomes": [record(f) for f in files]}, sys.stdout)


def main():
    rng = random.Random(SEED)
    files, seen = [], set()
    while len(files) < COUNT:
        data = generate(rng)
        if data not in seen:
            seen.add(data)
            files.append(data.decode("latin-1"))
    with ThreadPoolExecutor() as pool:
        old, new = pool.map(lambda directory: run(directory, files), sys.argv[1:3])
    cases = [[f, n] if o == n else [f, n, o] for f, o, n in zip(files, old["outcomes"], new["outcomes"])]
    short = lambda text: text.replace(H, "§").replace("a" * 40, "¤")
    rows = ",\n".join(short(json.dumps(case, separators=(",", ":"))) for case in cases)
    versions = json.dumps([new["version"], old["version"]])
    print(f'{{"versions":{versions},"cases":[\n{rows}\n]}}')


def run(directory, files):
    path = directory if directory == "-" else os.path.abspath(directory)
    out = subprocess.run([sys.executable, __file__, "--worker", path], input=json.dumps(files), capture_output=True, text=True, check=True).stdout
    return json.loads(out)


if len(sys.argv) > 1 and sys.argv[1] == "--worker":
    worker()
else:
    main()
