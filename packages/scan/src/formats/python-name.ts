import type { ScanVerdict } from "../report.ts";

/**
 * Names that a configuration has looked up and called. Which are known to do harm is no complete
 * list, nor has to be: what is not known good is `unknown-import`.
 */
export function judgeCallable(module: string, name: string): ScanVerdict {
  const root = module.split(".")[0] ?? "";
  if (HARMFUL_ROOTS.has(root)) return "dangerous";
  if (root === "builtins" || root === "__builtin__") {
    return HARMLESS_BUILTINS.has(name) ? "allowed" : "dangerous";
  }
  return "unknown-import";
}

const HARMFUL_ROOTS: ReadonlySet<string> = new Set(
  (
    "os posix nt subprocess sys importlib imp runpy shutil socket pty code codeop ctypes pickle _pickle cPickle " +
    "dill cloudpickle joblib marshal webbrowser requests urllib urllib2 urllib3 http ftplib smtplib telnetlib ssl " +
    "tempfile pathlib io _io commands popen2 platform multiprocessing threading asyncio concurrent signal bdb pdb " +
    "cProfile profile trace timeit doctest unittest pydoc pip setuptools distutils ensurepip venv zipimport pkgutil " +
    "operator functools itertools types inspect ast builtin logging sqlite3 shelve dbm tarfile zipfile glob fileinput " +
    "linecache mmap fcntl resource crypt getpass idlelib lib2to3 turtle tkinter xmlrpc wsgiref cgi atexit gc weakref"
  ).split(" "),
);
const HARMLESS_BUILTINS: ReadonlySet<string> = new Set(
  "function slice dict list tuple str int float bool set frozenset bytes complex ellipsis NoneType type".split(
    " ",
  ),
);
