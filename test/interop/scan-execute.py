"""Loads files that run code, and says which really do: `python scan-execute.py FOLDER`.

Each file of FOLDER is loaded by a process of its own, in an empty folder, by what its name ends in.
A file has run code when the folder holds anything afterwards. Prints a JSON line for each.
"""

import io
import json
import os
import pickle
import shutil
import signal
import sys
import tempfile


def load(path):
    kind = path.rsplit(".", 1)[1]
    if kind == "joblib":
        import joblib

        return joblib.load(path)
    if kind in ("npy", "npz"):
        import numpy

        loaded = numpy.load(path, allow_pickle=True)
        return [loaded[key] for key in loaded] if kind == "npz" else loaded
    with open(path, "rb") as file:
        if kind == "streams":
            while True:
                pickle.load(file)
        if kind == "python":
            return pickle._load(file)
        if kind == "bytes":
            return pickle.load(io.BytesIO(file.read()))
        return pickle.load(file)


def runs(path):
    folder = tempfile.mkdtemp()
    child = os.fork()
    if child == 0:
        os.chdir(folder)
        os.setsid()
        signal.alarm(20)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        try:
            load(path)
        except BaseException:
            pass
        os._exit(0)
    os.waitpid(child, 0)
    # What was started may need a moment.
    for _ in range(40):
        if os.listdir(folder):
            break
        signal.sigtimedwait([], 0.025)
    executed = bool(os.listdir(folder))
    shutil.rmtree(folder, ignore_errors=True)
    return executed


# Loaded once, so that not every child has to.
for module in ("joblib", "numpy", "pandas"):
    __import__(module)

for name in sorted(os.listdir(sys.argv[1])):
    path = os.path.join(sys.argv[1], name)
    print(json.dumps({"file": name, "executed": runs(path)}), flush=True)
